"""The rollback: the host's database as it was, in each of its shapes, with everything that is not ours."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from database import migrate
from providers.errors import DatabaseRefused
from providers.records import ProviderEvent, ProviderParticipant, ProviderResult
from tests.integration.catalogs import CATALOG, apply

ROLLBACK = migrate.EXTENSION.with_name("chronotrack_live_rollback.sql")
VERSION_1 = Path(__file__).parent / "earlier_versions" / "version_1.sql"
# Without the ledger, which a host has none of.
HOST_CATALOG = CATALOG.replace(
    "    SELECT format('ledger %s %s', name, version) FROM ct_live_migrations\n    UNION ALL\n", ""
)


def host_catalog(query):
    """What stands in the catalog, and who may do what with the view."""
    lines = [row["line"] for row in query(HOST_CATALOG)]
    view = query(
        "SELECT relacl::text, reloptions, pg_get_userbyid(relowner) AS owner, obj_description(oid) AS remark,"
        " (SELECT array_agg(attname || ' ' || attacl::text) FROM pg_attribute"
        "  WHERE attrelid = c.oid AND attacl IS NOT NULL) AS columns"
        " FROM pg_class c WHERE oid = to_regclass('unified_results')"
    )
    return lines, view


def rows(query, *tables):
    return {table: query(f"SELECT * FROM {table} ORDER BY 1") for table in tables}


HOST_TABLES = ("timing_partners", "ct_events", "ct_participants", "ct_results", "providers", "sync_history")


def add_tcp_rows(query):
    query("INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")
    query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
        " VALUES ('5', 'Harbour Run', '2025-06-01 07:00', 1)"
    )
    query(
        "INSERT INTO ct_participants (entry_id, event_id, entry_bib, timing_partner_id)"
        " VALUES ('1', '5', '12', 1)"
    )
    query("INSERT INTO ct_results (event_id, results_bib, timing_partner_id) VALUES ('5', '12', 1)")


@pytest.fixture(params=["shape M", "shape C"])
def host(request, make_dsn, open_query, shape_c):
    """A host's database with TCP rows, before anything of ours: its address and a way to ask it."""
    dsn = make_dsn()
    query = open_query(dsn)
    if request.param == "shape M":
        apply(dsn, migrate.BASE_SCHEMA)
    else:
        query(shape_c)
    add_tcp_rows(query)
    return dsn, query


@pytest.fixture
def psql_ok(psql):
    """Runs a script by psql, as the guide does, and sees that it went well."""

    def run(dsn, script):
        answer = psql(dsn, script, "-v", "ON_ERROR_STOP=1")
        assert (answer.returncode, answer.stderr) == (0, "")

    return run


def test_the_host_is_as_it_was(host, psql_ok):
    dsn, query = host
    before = host_catalog(query), rows(query, *HOST_TABLES)

    apply(dsn)
    psql_ok(dsn, ROLLBACK)

    assert (host_catalog(query), rows(query, *HOST_TABLES)) == before


def test_live_rows_go_and_those_of_tcp_stay(host, open_hub, psql_ok):
    dsn, query = host
    before = rows(query, "ct_events", "ct_participants", "ct_results")
    apply(dsn)
    hub = open_hub(dsn, "Lake Timing")
    hub.save_past_event(
        ProviderEvent(provider_event_id="5", name="Lake Run"),
        [ProviderParticipant(provider_participant_id="1", bib="7")],
        [ProviderResult(provider_result_id="1", status="finished", chip_time=timedelta(minutes=40))],
    )
    assert query("SELECT count(*) AS n FROM ct_results")[0]["n"] == 2
    hub.store.close()
    hub.database.close()

    psql_ok(dsn, ROLLBACK)

    assert rows(query, "ct_events", "ct_participants", "ct_results") == before
    assert query("SELECT count(*) AS n FROM sync_history")[0]["n"] == 0
    assert query("SELECT count(*) AS n FROM partner_provider_credentials")[0]["n"] == 0


def test_an_extension_that_got_only_half_way_goes_and_the_hosts_view_stays(host, psql_ok):
    dsn, query = host
    query(
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no functions today'; END $$"
    )
    before = host_catalog(query), rows(query, *HOST_TABLES)
    query(
        "CREATE EVENT TRIGGER no_functions ON ddl_command_start WHEN TAG IN ('CREATE FUNCTION')"
        " EXECUTE FUNCTION refuse()"
    )
    with pytest.raises(DatabaseRefused, match="no functions today"):
        apply(dsn)
    query("DROP EVENT TRIGGER no_functions")

    psql_ok(dsn, ROLLBACK)

    assert (host_catalog(query), rows(query, *HOST_TABLES)) == before


def test_a_second_rollback_finds_nothing_to_do(host, psql_ok):
    dsn, query = host
    apply(dsn)
    psql_ok(dsn, ROLLBACK)
    before = host_catalog(query)

    psql_ok(dsn, ROLLBACK)

    assert host_catalog(query) == before


def test_after_a_rollback_the_extension_can_be_applied_again(host, psql_ok):
    dsn, query = host
    apply(dsn)
    before = [row["line"] for row in query(CATALOG)]

    psql_ok(dsn, ROLLBACK)
    apply(dsn)

    assert [row["line"] for row in query(CATALOG)] == before


def test_a_column_that_the_host_had_before_stays_with_what_it_holds(host, psql_ok):
    dsn, query = host
    query("ALTER TABLE ct_results ADD COLUMN division varchar(255) DEFAULT 'M 30-34'")
    before = host_catalog(query), rows(query, "ct_results")

    apply(dsn)
    psql_ok(dsn, ROLLBACK)

    assert (host_catalog(query), rows(query, "ct_results")) == before


def test_what_an_earlier_version_added_goes_as_well(host, psql_ok):
    dsn, query = host
    before = host_catalog(query)
    apply(dsn)
    # Versions 1 and 2 did not note what they added.
    query("DROP TABLE ct_live_added_columns")
    query("UPDATE ct_live_migrations SET version = 2")
    apply(dsn)

    psql_ok(dsn, ROLLBACK)

    assert host_catalog(query) == before


@pytest.fixture
def view(make_dsn, open_query):
    """A host of shape M, whose unified_results has an owner, grants, an option and a comment of its own."""
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("ALTER VIEW unified_results OWNER TO pg_database_owner")
    query("GRANT SELECT ON ct_results TO pg_database_owner")
    query("ALTER VIEW unified_results SET (security_barrier = true)")
    query("COMMENT ON VIEW unified_results IS 'What the race display reads'")
    query("GRANT SELECT ON unified_results TO pg_monitor WITH GRANT OPTION")
    query("GRANT SELECT ON unified_results TO PUBLIC")
    query("GRANT UPDATE (bib_number) ON unified_results TO pg_read_all_data")
    return dsn, query


def test_the_view_gets_back_its_definition_owner_grants_options_and_comment(view, psql_ok):
    dsn, query = view
    before = host_catalog(query)

    apply(dsn)
    assert query("SELECT reloptions FROM pg_class WHERE relname = 'unified_results'")[0]["reloptions"]
    psql_ok(dsn, ROLLBACK)

    assert host_catalog(query) == before


def remarks(query):
    return query(
        "SELECT attname, description FROM pg_description"
        " JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid"
        " WHERE objoid = 'unified_results'::regclass"
    )


def test_the_views_columns_get_back_their_comments(view, psql_ok):
    dsn, query = view
    query("COMMENT ON COLUMN unified_results.bib_number IS 'as printed'")
    apply(dsn)

    psql_ok(dsn, ROLLBACK)

    assert remarks(query) == [{"attname": "bib_number", "description": "as printed"}]


def test_what_the_view_does_not_get_back_is_named(view, psql):
    dsn, query = view
    query(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
        "CREATE TRIGGER kept INSTEAD OF INSERT ON unified_results FOR EACH ROW EXECUTE FUNCTION keep();"
        "ALTER VIEW unified_results ALTER COLUMN bib_number SET DEFAULT '0'"
    )
    apply(dsn)

    answer = psql(dsn, ROLLBACK, "-v", "ON_ERROR_STOP=1")

    assert answer.returncode == 0
    lost = "the default of unified_results.bib_number, the trigger kept of unified_results"
    assert f"Not made anew with its view: {lost}." in answer.stderr


def test_a_view_that_the_host_did_not_have_goes(make_dsn, open_query, psql_ok):
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    query = open_query(dsn)
    query("DROP VIEW unified_results")
    before = host_catalog(query)

    apply(dsn)
    psql_ok(dsn, ROLLBACK)

    assert host_catalog(query) == before


# Refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reader",
    [
        "SELECT gender_place FROM unified_results",
        "SELECT chip_time FROM ct_results",
        "SELECT bib FROM ct_live_results",
    ],
)
def test_a_view_that_was_built_on_ours_is_named_and_nothing_is_changed(dsn, query, psql, reader):
    query(f"CREATE VIEW dashboard AS {reader}")
    before = host_catalog(query)

    answer = psql(dsn, ROLLBACK)

    assert answer.returncode == 3
    assert "Built on what this script takes away: dashboard; nothing was changed." in answer.stderr
    assert host_catalog(query) == before


def test_an_extension_that_noted_nothing_is_to_be_migrated_first(host, psql):
    dsn, query = host
    assert psql(dsn, VERSION_1, "-v", "ON_ERROR_STOP=1").returncode == 0
    before = host_catalog(query)

    answer = psql(dsn, ROLLBACK)

    assert answer.returncode == 3
    assert "noted nowhere what it has added; nothing was changed." in answer.stderr
    assert "Migrate first" in answer.stderr
    assert host_catalog(query) == before
    apply(dsn)
    assert psql(dsn, ROLLBACK).returncode == 0


def test_a_view_on_the_hosts_own_columns_is_no_hindrance(dsn, query, psql_ok):
    query("CREATE VIEW bibs AS SELECT results_bib FROM ct_results")

    psql_ok(dsn, ROLLBACK)

    assert query("SELECT * FROM bibs") == []


def test_while_the_integration_is_at_work_nothing_is_changed(database, dsn, query, psql):
    before = host_catalog(query)

    with database.transaction() as cursor:
        cursor.execute("SELECT 1")
        answer = psql(dsn, ROLLBACK)

    assert answer.returncode == 3
    assert "The integration is at work" in answer.stderr
    assert "systemctl stop chronotrack-live-scheduler.service" in answer.stderr
    assert host_catalog(query) == before


def test_a_statement_that_fails_late_leaves_everything_as_it_was(dsn, query, psql):
    add_tcp_rows(query)
    query(
        "CREATE FUNCTION dashboard() RETURNS SETOF ct_live_results LANGUAGE sql"
        " AS 'SELECT * FROM ct_live_results'"
    )
    before = host_catalog(query), rows(query, *HOST_TABLES)

    answer = psql(dsn, ROLLBACK)

    assert answer.returncode == 3
    assert (host_catalog(query), rows(query, *HOST_TABLES)) == before
