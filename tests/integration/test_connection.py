"""Connections, transactions, and what the driver's errors become."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest

from database import connection as connections
from database.connection import Database, driver_errors
from database.opening import create_database, drop_database, opened_database
from database.store import Store
from providers.errors import DatabaseRefused, DatabaseUnavailable, SchemaNotReady, SettingsInvalid
from tests.acceptance.conftest import wait_until


def backend(database):
    with database.transaction() as cursor:
        cursor.execute("SELECT pg_backend_pid() AS pid")
        return cursor.fetchone()["pid"]


def lend(database, count):
    """Have a number of transactions open at once; return their backends."""
    together = threading.Barrier(count)

    def work(_):
        with database.transaction() as cursor:
            cursor.execute("SELECT pg_backend_pid() AS pid")
            together.wait(timeout=30)
            return cursor.fetchone()["pid"]

    with ThreadPoolExecutor(count) as threads:
        return set(threads.map(work, range(count)))


def run(database, statement):
    with database.transaction() as cursor:
        cursor.execute(statement)


def ask_for_long(database, asked):
    """Ask a server for what it has no answer to: it says as little as one that is gone."""
    with database.transaction() as cursor:
        cursor.connection.patience = 1.0
        asked.set()
        cursor.execute("SELECT pg_sleep(60)")


def insert_a_row(database, query, *, end_session=False, then=None, error=None):
    """In one transaction: insert a row, have the session ended from outside, run a statement, raise."""
    with database.transaction() as cursor:
        cursor.execute("INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")
        if end_session:
            pid = cursor.connection.info.backend_pid
            assert query("SELECT pg_terminate_backend(%s, 10000) AS gone", pid) == [{"gone": True}]
        if then:
            cursor.execute(then)
        if error:
            raise error


def test_a_transaction_commits_at_its_end(database, query):
    insert_a_row(database, query)

    assert [row["company_name"] for row in query("SELECT * FROM timing_partners")] == ["Harbour Timing"]


def test_a_transaction_that_raises_leaves_nothing(database, query):
    with pytest.raises(LookupError):
        insert_a_row(database, query, error=LookupError())

    assert query("SELECT 1 FROM timing_partners") == []


def test_a_connection_is_used_again(database):
    assert backend(database) == backend(database)


def test_a_connection_is_used_again_after_a_statement_was_refused(database):
    before = backend(database)

    with pytest.raises(DatabaseRefused), database.transaction() as cursor:
        cursor.execute("SELECT 1 / 0")

    assert backend(database) == before


def test_more_threads_than_connections_wait_and_all_succeed(database):
    with ThreadPoolExecutor(16) as threads:
        pids = list(threads.map(lambda _: backend(database), range(64)))

    assert len(pids) == 64
    assert len(set(pids)) <= 4


def test_a_closed_database_ends_its_sessions(database, query):
    run(database, "SELECT pg_advisory_lock(1)")

    database.close()

    # The lock is free when the session has ended, which takes it a moment.
    query("SET lock_timeout = '10s'; SELECT pg_advisory_lock(1)")


def test_sessions_that_were_ended_while_idle_are_not_noticed(database, query):
    idle = lend(database, 4)
    for pid in idle:
        assert query("SELECT pg_terminate_backend(%s, 10000) AS gone", pid) == [{"gone": True}]

    assert backend(database) not in idle


def test_a_session_that_is_ended_in_a_transaction_costs_that_transaction_only(database, query):
    idle = lend(database, 4)

    with pytest.raises(DatabaseUnavailable) as caught:
        insert_a_row(database, query, end_session=True, then="SELECT 1")

    assert "\n" not in str(caught.value)
    assert query("SELECT 1 FROM timing_partners") == []
    # What broke it may have broken the others too: none of them is lent again.
    assert backend(database) not in idle


def test_a_session_that_is_ended_just_before_the_commit_leaves_nothing(database, query):
    with pytest.raises(DatabaseUnavailable):
        insert_a_row(database, query, end_session=True)

    assert query("SELECT 1 FROM timing_partners") == []
    assert backend(database)


def test_an_error_of_the_callers_own_survives_a_broken_connection(database, query):
    with pytest.raises(LookupError):
        insert_a_row(database, query, end_session=True, error=LookupError())

    assert backend(database)


def test_a_session_keeps_utc_and_reads_durations_whatever_the_server_is_set_to(dsn, query):
    name = query("SELECT current_database() AS name")[0]["name"]
    query(f"ALTER DATABASE {name} SET timezone = 'America/Denver'")
    query(f"ALTER DATABASE {name} SET intervalstyle = 'iso_8601'")
    database = Database(dsn)

    with database.transaction() as cursor:
        cursor.execute("SELECT current_setting('timezone') AS zone, interval '26:00:00.5' AS time")
        row = cursor.fetchone()
    database.close()

    assert (row["zone"], row["time"].total_seconds()) == ("UTC", 93_600.5)


def test_what_the_operator_says_in_the_connection_string_counts(dsn):
    database = Database(psycopg2.extensions.make_dsn(dsn, application_name="ours", options="-c work_mem=5MB"))

    with database.transaction() as cursor:
        cursor.execute(
            "SELECT current_setting('application_name') AS a, current_setting('work_mem') AS w,"
            " current_setting('client_min_messages') AS m"
        )
        assert tuple(cursor.fetchone().values()) == ("ours", "5MB", "warning")
    database.close()


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


# A server that is full ---------------------------------------------------------------------------------


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


# Errors -----------------------------------------------------------------------------------------------


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


# Opening ----------------------------------------------------------------------------------------------


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


def test_a_connection_that_is_quiet_while_the_api_is_read_is_not_ended(dsn, query):
    name = query("SELECT current_database() AS name")[0]["name"]
    query(f'ALTER DATABASE "{name}" SET idle_session_timeout = 1000')

    with closing(Database(dsn)) as database, database.transaction() as cursor:
        cursor.execute("SHOW idle_session_timeout")
        assert cursor.fetchone() == {"idle_session_timeout": "0"}
