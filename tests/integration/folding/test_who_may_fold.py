"""Who may fold the history, with whose privileges, and what two do at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import psycopg2.extensions
import pytest

from database import migrate
from database.connection import Database
from database.store import Store
from tests.fixtures_database import as_daemon
from tests.integration.catalogs import apply
from tests.integration.folding.folded import DAY, NIGHT, POLL, kept

# Of the function that folds: nothing of a caller's is looked up, and no policy of anybody's is run.
PROTECTED = '{"search_path=pg_catalog, pg_temp",row_security=off}'


def said_as(dsn, role, *statements):
    with closing(psycopg2.connect(psycopg2.extensions.make_dsn(dsn, user=role))) as connection:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.commit()


@pytest.mark.parametrize("role", ["chronotrack_live_monitor", "pg_database_owner"])
def test_nobody_may_fold_but_the_daemon_and_the_owner(query, role):
    may = "SELECT has_function_privilege(%s, 'ct_live_fold_history(timestamp)', 'EXECUTE') AS may"

    assert query(may, role) == [{"may": False}]
    assert query(may, "chronotrack_live") == [{"may": True}]


def test_a_callers_own_tables_are_not_taken_for_the_hubs(hub, hub_dsn, note):
    for nth in range(2):
        note(NIGHT + nth * POLL)

    said_as(
        hub_dsn,
        "chronotrack_live",
        "CREATE TEMPORARY TABLE sync_history (sync_history_id integer)",
        "SELECT ct_live_fold_history('2026-01-01')",
    )

    assert len(kept(hub)) == 1


def test_it_has_the_privileges_of_the_tables_owner_and_not_those_of_a_superuser(make_dsn, open_query):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("ALTER TABLE sync_history OWNER TO pg_database_owner")

    apply(dsn)

    assert query(
        "SELECT pg_get_userbyid(proowner) AS owner, prosecdef, proconfig::text FROM pg_proc"
        " WHERE proname = 'ct_live_fold_history'"
    ) == [{"owner": "pg_database_owner", "prosecdef": True, "proconfig": PROTECTED}]


def test_nothing_is_folded_while_a_table_that_may_not_be_read_refers_to_the_history(hub, hub_dsn, note):
    for nth in range(3):
        note(NIGHT + nth * POLL)
    hub.query("CREATE SCHEMA audit")
    hub.query("CREATE TABLE audit.remarks (about integer REFERENCES sync_history (sync_history_id))")
    # Of a superuser's: whoever owns the function may not look into this schema.
    hub.query("ALTER FUNCTION ct_live_fold_history(timestamp) OWNER TO pg_database_owner")
    hub.query(
        "ALTER DATABASE " + psycopg2.extensions.parse_dsn(hub_dsn)["dbname"] + " OWNER TO chronotrack_live"
    )
    hub.query("GRANT SELECT, UPDATE, DELETE ON sync_history TO pg_database_owner")

    with closing(psycopg2.connect(as_daemon(hub_dsn))) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT ct_live_fold_history('2026-01-01')")
        assert cursor.fetchall() == [(0,)]
        [warning] = [said for said in connection.notices if said.startswith("WARNING")]

    assert "audit.remarks refers to its rows" in warning
    assert len(kept(hub)) == 3


def test_two_daemons_that_fold_at_the_same_moment_count_each_poll_once(hub, hub_dsn, note):
    for nth in range(200):
        note(NIGHT + nth * POLL)

    with closing(Database(as_daemon(hub_dsn))) as other, ThreadPoolExecutor(2) as both:
        gone = list(both.map(lambda store: store.fold_history(NIGHT + DAY), [hub.store, Store(other)]))

    assert sum(gone) == 199
    assert [folded for _, folded in kept(hub)] == [200]
