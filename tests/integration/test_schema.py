"""The schema extension on the host's database, in each of its shapes, by our runner and by psql."""

from __future__ import annotations

from datetime import timedelta

import psycopg2
import pytest

from database import migrate
from database.host_tables import EVENTS, PARTICIPANTS, RESULTS
from tests.integration.catalogs import START, apply, catalog, columns

# Both ways, and twice ---------------------------------------------------------------------------------


def test_psql_and_our_runner_make_the_same_database(make_dsn, open_query, psql, query):
    other = make_dsn()

    for script in (migrate.BASE_SCHEMA, migrate.EXTENSION):
        answer = psql(other, script, "-v", "ON_ERROR_STOP=1")
        assert (answer.returncode, answer.stderr) == (0, "")

    assert catalog(open_query(other)) == catalog(query)


def test_applied_twice_it_changes_nothing(dsn, query):
    before = catalog(query)

    apply(dsn, migrate.BASE_SCHEMA, migrate.EXTENSION)

    assert catalog(query) == before


def test_a_view_that_readers_are_granted_stays_granted(make_dsn, open_query):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("GRANT SELECT ON unified_results TO pg_monitor")
    before = query("SELECT pg_get_viewdef('unified_results') AS text")[0]["text"]

    apply(dsn)

    assert query("SELECT has_table_privilege('pg_monitor', 'unified_results', 'SELECT') AS may")[0]["may"]
    assert query("SELECT name, definition FROM ct_live_replaced_views") == [
        {"name": "unified_results", "definition": before}
    ]


def test_an_index_that_was_interrupted_is_built_again(dsn, query):
    before = catalog(query)
    query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ct_results_by_source'::regclass")

    apply(dsn)

    assert catalog(query) == before


# Shapes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [EVENTS, PARTICIPANTS, RESULTS], ids=lambda table: table.name)
def test_every_column_that_we_fill_exists_in_shape_m(query, table):
    # In shape M end_date is generated.
    filled = {*table.of_owner, *table.of_record, "additional_data"}
    assert filled - set(columns(query, table.name)) == set()


def test_shape_c_gains_the_same_columns_as_shape_m(query, shape_c_dsn, open_query, make_dsn, shape_c):
    bare_c, bare_m = open_query(make_dsn()), make_dsn()
    bare_c(shape_c)
    apply(bare_m, migrate.BASE_SCHEMA)
    bare_m = open_query(bare_m)
    shape_c_query = open_query(shape_c_dsn)

    for table in ("ct_events", "ct_participants", "ct_results", "sync_history"):
        gained_m = set(columns(query, table).items()) - set(columns(bare_m, table).items())
        gained_c = set(columns(shape_c_query, table).items()) - set(columns(bare_c, table).items())
        assert gained_c == gained_m
        # What the host has stays where it is, and as it is.
        host = list(columns(bare_c, table).items())
        assert list(columns(shape_c_query, table).items())[: len(host)] == host


def test_start_and_end_of_tcp_events_are_those_of_the_host(query):
    query(
        "INSERT INTO ct_events (event_id, event_start_time, event_end_time) VALUES ('1', %s, %s)",
        START,
        START,
    )

    assert query("SELECT start_date, end_date FROM ct_events") == [{"start_date": START, "end_date": START}]


def test_in_shape_c_an_event_has_no_end_but_one_of_its_own(shape_c_dsn, open_query):
    query = open_query(shape_c_dsn)
    query("INSERT INTO ct_events (event_id, event_start_time) VALUES ('1', %s)", START)

    query("UPDATE ct_events SET end_date = %s", START + timedelta(hours=5))

    assert query("SELECT start_date, end_date FROM ct_events") == [
        {"start_date": START, "end_date": START + timedelta(hours=5)}
    ]


# Constraints ------------------------------------------------------------------------------------------


def test_one_api_id_is_kept_once_a_partner_and_source(query):
    insert = (
        "INSERT INTO ct_events (event_id, data_source, provider_event_id, timing_partner_id)"
        " VALUES (%s, %s, '5', 1)"
    )
    query("INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")
    query(insert, "a", "chronotrack_live")
    query(insert, "b", "another_api")

    with pytest.raises(psycopg2.errors.UniqueViolation):
        query(insert, "c", "chronotrack_live")
