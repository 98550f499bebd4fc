"""Transactions and sessions: what is kept, what is used again, and what a session is set to."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import psycopg2.extensions
import pytest

from database.connection import Database
from providers.errors import DatabaseRefused, DatabaseUnavailable
from tests.integration.sessions import backend, insert_a_row, lend, run


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


def test_a_connection_that_is_quiet_while_the_api_is_read_is_not_ended(dsn, query):
    name = query("SELECT current_database() AS name")[0]["name"]
    query(f'ALTER DATABASE "{name}" SET idle_session_timeout = 1000')

    with closing(Database(dsn)) as database, database.transaction() as cursor:
        cursor.execute("SHOW idle_session_timeout")
        assert cursor.fetchone() == {"idle_session_timeout": "0"}
