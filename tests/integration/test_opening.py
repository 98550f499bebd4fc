"""Opening the database that the environment names, or a private one."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from database.connection import Database
from database.opening import create_database, drop_database, opened_database
from providers.errors import DatabaseUnavailable
from tests.integration.sessions import backend


def test_the_database_that_the_environment_names_is_opened(dsn):
    with opened_database({"DATABASE_URL": dsn}, tell=pytest.fail) as database:
        assert backend(database)


def test_without_a_name_a_private_server_gets_the_hubs_database(state):
    told = []

    with (
        opened_database({"CHRONOTRACK_LIVE_STATE": str(state)}, told.append) as database,
        database.transaction() as cursor,
    ):
        cursor.execute("SELECT current_database() AS name")
        name = cursor.fetchone()["name"]

    assert name == "project88_myappdb"
    assert told == [f"Neither DATABASE_URL nor PG* is set: using a private PostgreSQL in {state}."]


def test_a_database_is_made_once_however_many_make_it(server):
    admin, name = server.dsn("postgres"), f"test_{os.getpid()}_made_by_many"

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: create_database(admin, name), range(4)))

    try:
        Database(server.dsn(name)).connect().close()
    finally:
        drop_database(admin, name)


def test_a_server_that_is_not_there_cannot_make_a_database():
    with pytest.raises(DatabaseUnavailable):
        create_database("host=/nonexistent", "any")
