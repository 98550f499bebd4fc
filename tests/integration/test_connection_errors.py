"""What the driver's errors become: sentences without the password, each with what to do."""

from __future__ import annotations

import psycopg2
import pytest

from database import connection as connections
from database.connection import Database, driver_errors
from database.store import Store
from providers.errors import DatabaseRefused, DatabaseUnavailable, SchemaNotReady, SettingsInvalid
from tests.integration.sessions import run


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://hub:geheim@127.0.0.1:1/db?connect_timeout=2",
        "host=127.0.0.1 port=1 user=hub password=geheim dbname=db",
        "postgresql://hub:geheim@nowhere.invalid/db",
        "host=/nonexistent user=hub password=geheim",
    ],
)
def test_a_server_that_does_not_answer_is_said_in_one_line_without_the_password(dsn):
    with pytest.raises(DatabaseUnavailable) as caught, Database(dsn).transaction():
        pass

    assert "\n" not in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "check DATABASE_URL" in str(caught.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql:/hub:geheim@127.0.0.1/db",
        "postgresql://hub:geheim@[127.0.0.1/db",
        "hub:geheim@127.0.0.1",
        "postgresql://hub:ge@heim@127.0.0.1/db",
        "postgresql://hub:geheim/more@127.0.0.1/db",
        "postgresql://hub:ge@heim/more@127.0.0.1/db",
        "postgresql://hub@127.0.0.1:geheim/db",
        "host=127.0.0.1 passwort=geheim",
    ],
)
def test_a_connection_string_that_is_none_is_refused_without_quoting_it(dsn):
    with pytest.raises(SettingsInvalid, match="DATABASE_URL is not a connection string") as caught:
        Database(dsn).connect()

    chain = [caught.value, caught.value.__cause__]
    assert not any("heim" in str(error) for error in chain)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_database_that_does_not_exist_is_named(server):
    with pytest.raises(DatabaseUnavailable, match='database "no_such_database" does not exist'):
        Database(server.dsn("no_such_database")).connect()


def test_a_database_without_the_extension_names_the_command_that_helps(make_dsn):
    database = Database(make_dsn())

    with pytest.raises(SchemaNotReady, match="run `chronotrack-live migrate`"):
        Store(database).credentials("ChronoTrack Live")
    database.close()


def test_a_missing_privilege_is_a_matter_of_settings(database):
    with pytest.raises(SettingsInvalid, match=r"permission denied for table ct_results.*lacks a privilege"):
        run(database, "SET LOCAL ROLE pg_signal_backend; SELECT 1 FROM ct_results")


def test_what_postgresql_refuses_is_said_without_the_rows_content(database):
    with pytest.raises(DatabaseRefused, match="unique constraint") as caught:
        run(database, "INSERT INTO providers (name) VALUES ('ChronoTrack Live')")

    assert "already exists" not in str(caught.value)
    assert isinstance(caught.value.__cause__, psycopg2.errors.UniqueViolation)


def test_each_kind_of_refusal_says_what_to_do(database):
    for statement, error in (
        ("SELECT no_such_column FROM ct_events", SchemaNotReady),
        ("SELECT no_such_function()", SchemaNotReady),
        ("SELECT nonsense nonsense nonsense", DatabaseRefused),
        ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(10)", DatabaseUnavailable),
        ("SELECT 'x'::integer", DatabaseRefused),
    ):
        with pytest.raises(error):
            run(database, statement)


def test_every_error_of_the_driver_becomes_one_of_ours():
    for name in dir(psycopg2.errors):
        kind = getattr(psycopg2.errors, name)
        if isinstance(kind, type) and issubclass(kind, psycopg2.Error):
            with pytest.raises(tuple(ours for _, ours, _ in connections._ERRORS)), driver_errors():
                raise kind
