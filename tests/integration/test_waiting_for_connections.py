"""Who waits for a connection or for an answer: the threads of a process, and a server that is full."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import psycopg2.extensions
import pytest

from database import connection as connections
from database.connection import Database
from providers.errors import DatabaseUnavailable
from tests.acceptance.conftest import wait_until
from tests.integration.sessions import ask_for_long, backend


def test_more_threads_than_connections_wait_and_all_succeed(database):
    with ThreadPoolExecutor(16) as threads:
        pids = list(threads.map(lambda _: backend(database), range(64)))

    assert len(pids) == 64
    assert len(set(pids)) <= 4


def test_a_statement_is_given_a_little_longer_than_the_server_gives_it(dsn):
    for said, patience in (("", 310.0), ("-c statement_timeout=20s", 30.0)):
        with closing(Database(psycopg2.extensions.make_dsn(dsn, options=said))) as database:
            session = database.connect()
            assert session.patience == patience
            session.close()


def test_a_server_that_says_nothing_costs_the_statement_that_waits_for_it_and_stops_nobody_else(database):
    asked, others = threading.Event(), []

    def ask_the_others():
        assert asked.wait(30)
        others.extend(backend(database) for _ in range(3))

    thread = threading.Thread(target=ask_the_others)
    thread.start()
    with pytest.raises(DatabaseUnavailable):
        ask_for_long(database, asked)
    thread.join(30)

    assert len(others) == 3
    assert backend(database)


def test_who_gets_no_connection_in_time_is_told_so(database, monkeypatch):
    monkeypatch.setattr(connections, "_TURN", 0.1)
    together = threading.Barrier(5)

    def hold(_):
        with database.transaction():
            together.wait(timeout=30)
            together.wait(timeout=30)

    with ThreadPoolExecutor(4) as threads:
        held = [threads.submit(hold, number) for number in range(4)]
        together.wait(timeout=30)
        with pytest.raises(DatabaseUnavailable, match="None of the 4 connections"):
            backend(database)
        # Whether the server is there is another matter.
        database.answers()
        together.wait(timeout=30)

    assert [one.result() for one in held] == [None] * 4


def test_who_waits_long_for_an_answer_is_noticed_while_he_waits(database, monkeypatch):
    monkeypatch.setattr(connections, "_LONG_WAIT", 0.1)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(ask_for_long, database, threading.Event())
        wait_until(database.hangs)
        with pytest.raises(DatabaseUnavailable):
            asked.result()

    assert not database.hangs()


@pytest.fixture
def full(dsn, query):
    """A database of a role that may have one connection, which is there."""
    role = f"only_one_{os.getpid()}"
    query(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1")
    with closing(Database(psycopg2.extensions.make_dsn(dsn, user=role))) as database:
        backend(database)
        yield database
    query(f"SET lock_timeout = '10s'; DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_server_that_refuses_one_more_connection_answers_where_others_work(full):
    full.answers()

    with full.transaction():
        full.answers()


def test_a_server_that_refuses_every_connection_does_not_answer(full, query):
    assert query("SELECT pg_terminate_backend(%s, 10000) AS gone", backend(full)) == [{"gone": True}]
    elsewhere = full.connect()

    with pytest.raises(DatabaseUnavailable, match="too many connections"):
        full.answers()

    elsewhere.close()


def test_a_server_that_refuses_one_more_connection_costs_no_statement_of_the_others(full, monkeypatch):
    monkeypatch.setattr(connections, "PATIENCE", 0.0)

    with full.transaction() as cursor, ThreadPoolExecutor(1) as threads:
        asked = threads.submit(cursor.execute, "SELECT pg_sleep(1)")
        while not asked.done():
            full.answers()
        assert asked.result() is None
