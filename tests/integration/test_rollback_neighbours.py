"""The rollback beside what is not ours: views of others, rows of others, readers and writers at work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from database import migrate
from tests.integration.catalogs import apply
from tests.integration.test_rollback import ROLLBACK, add_tcp_rows, host_catalog

# What the rollback is doing, as PostgreSQL tells it.
WAITING = (
    "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'psql' AND query LIKE '%remade_names%'"
    " AND (wait_event_type = 'Lock' OR wait_event = 'PgSleep')"
)


@pytest.fixture
def host(make_dsn, open_query):
    """A host of shape M with TCP rows, before anything of ours."""
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    add_tcp_rows(query)
    return dsn, query


def test_views_on_unified_results_and_views_on_those_are_made_anew(host, psql):
    dsn, query = host
    query("CREATE VIEW board AS SELECT bib_number, overall_place FROM unified_results")
    query("CREATE VIEW leaders WITH (security_barrier) AS SELECT * FROM board WHERE overall_place = 1")
    query("COMMENT ON VIEW leaders IS 'On the screen at the finish'")
    query("ALTER VIEW leaders OWNER TO pg_database_owner")
    query("GRANT SELECT ON leaders TO pg_monitor")
    access = (
        "SELECT relname, relacl::text, reloptions, pg_get_userbyid(relowner), obj_description(oid)"
        " FROM pg_class WHERE relname IN ('board', 'leaders') ORDER BY 1"
    )
    before = host_catalog(query), query(access), query("SELECT * FROM board")

    apply(dsn)
    answer = psql(dsn, ROLLBACK)

    assert (answer.returncode, answer.stderr) == (0, "")
    assert (host_catalog(query), query(access), query("SELECT * FROM board")) == before


def test_a_materialized_view_on_unified_results_is_told_when_we_come_and_refused_when_we_go(host, psql):
    dsn, query = host
    query("CREATE MATERIALIZED VIEW board AS SELECT bib_number FROM unified_results")

    come = psql(dsn, migrate.EXTENSION)
    go = psql(dsn, ROLLBACK)

    assert come.returncode == 0
    assert "WARNING:  Built on unified_results: board." in come.stderr
    assert go.returncode == 3
    assert "Built on what this script takes away: board; nothing was changed." in go.stderr


def test_rows_of_a_source_that_is_not_ours_stay(host, psql):
    dsn, query = host
    apply(dsn)
    query("INSERT INTO ct_events (event_id, data_source) VALUES ('m1', 'manual')")
    query("INSERT INTO ct_results (event_id, results_bib, data_source) VALUES ('m1', '99', 'manual')")

    assert psql(dsn, ROLLBACK).returncode == 0

    assert query("SELECT event_id FROM ct_events ORDER BY 1") == [{"event_id": "5"}, {"event_id": "m1"}]
    assert query("SELECT results_bib FROM ct_results ORDER BY 1") == [
        {"results_bib": "12"},
        {"results_bib": "99"},
    ]


@pytest.fixture
def waiting_rollback(host, psql, open_query):
    """A rollback that waits for a transaction which writes an event, and that transaction."""
    dsn, query = host
    apply(dsn)
    writer = psycopg2.connect(dsn)
    with writer.cursor() as cursor:
        cursor.execute("UPDATE ct_events SET event_name = 'Harbour Run' WHERE event_id = '5'")
    with ThreadPoolExecutor(1) as thread:
        rollback = thread.submit(psql, dsn, ROLLBACK)
        while not query(WAITING)[0]["n"]:
            assert not rollback.done(), rollback.result()
        yield rollback, writer, open_query(dsn)
        writer.close()


def test_readers_and_writers_pass_while_the_rollback_waits(waiting_rollback):
    rollback, writer, other = waiting_rollback
    # A statement that has to wait for longer than a second fails, and with it the test.
    other("SET statement_timeout = '1s'")

    for _ in range(20):
        assert other("SELECT count(*) AS n FROM unified_results") == [{"n": 1}]
        other("INSERT INTO ct_participants (entry_id, event_id) VALUES (gen_random_uuid(), '5')")
    assert not rollback.done()
    writer.rollback()

    assert rollback.result().returncode == 0


def test_live_rows_that_come_while_the_rollback_waits_go_as_well(waiting_rollback):
    rollback, writer, other = waiting_rollback

    other(
        "INSERT INTO ct_events (event_id, data_source, provider_event_id, timing_partner_id)"
        " VALUES ('sundial:1:7', 'sundial', '7', 1)"
    )
    writer.rollback()

    assert rollback.result().returncode == 0
    assert other("SELECT event_id FROM ct_events") == [{"event_id": "5"}]
