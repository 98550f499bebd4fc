"""The extension on a busy database: it waits for its turn, and lets everybody else pass meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from database import migrate
from tests.integration.catalogs import CATALOG, apply

INSERT = "INSERT INTO ct_results (event_id, results_bib, timing_partner_id) VALUES ('5', '12', 1)"


@pytest.fixture
def host(make_dsn, open_query):
    """A host's database before the extension: its address, and a way to ask it."""
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")
    query("INSERT INTO ct_events (event_id, event_name, timing_partner_id) VALUES ('5', 'Harbour Run', 1)")
    return dsn, query


@pytest.mark.parametrize("table", ["ct_events", "ct_participants", "ct_results", "sync_history"])
def test_writers_pass_while_the_extension_waits_for_a_long_reader(host, open_query, table):
    dsn, query = host
    reader = psycopg2.connect(dsn)
    with reader.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
    # A statement that has to wait for longer than a second fails, and with it the test.
    write = open_query(dsn)
    write("SET statement_timeout = '1s'")
    waiting = (
        "SELECT count(*) AS n FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'chronotrack-live'"
        " AND query LIKE %s AND (wait_event_type = 'Lock' OR wait_event = 'PgSleep')"
    )
    written = 0

    with ThreadPoolExecutor(1) as thread:
        applied = thread.submit(apply, dsn)
        while not query(waiting, "%One table at a time%")[0]["n"]:
            assert not applied.done(), applied.result()
        while written < 40:
            write(INSERT)
            written += 1
        assert not applied.done()
        reader.rollback()
        applied.result()
    reader.close()

    assert query("SELECT count(*) AS n FROM ct_results WHERE data_source = 'tcp_hardware'") == [
        {"n": written}
    ]


def test_an_extension_that_was_interrupted_goes_on_where_it_stopped(host, open_query, dsn):
    whole = [row["line"] for row in open_query(dsn)(CATALOG)]
    dsn, query = host
    statements = migrate.statements(migrate.EXTENSION.read_text(encoding="utf-8"))
    for reached in range(1, len(statements), 3):
        connection = psycopg2.connect(dsn)
        connection.autocommit = True
        with connection.cursor() as cursor:
            migrate.run(cursor, statements[:reached])
        connection.close()

    apply(dsn)

    assert [row["line"] for row in query(CATALOG)] == whole
