"""The schema check finds whatever the extension brings and this hub has not, and what the role may not do."""

from __future__ import annotations

from contextlib import closing

import pytest
from psycopg2.extensions import make_dsn

from database import migrate
from database.connection import Database
from operations.checks import expected
from operations.checks.schema import check_schema
from operations.checks.verdict import Outcome


def test_what_is_expected_is_what_the_extension_adds(query):
    added = query("SELECT table_name, column_name FROM ct_live_added_columns")
    ours = "relnamespace = 'public'::regnamespace AND relname LIKE 'ct\\_live\\_%'"
    relations = query(f"SELECT relname AS name, relkind FROM pg_class WHERE {ours}")
    functions = query(
        "SELECT proname AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND (proname LIKE 'ct\\_live\\_%' OR proname LIKE '%duplicate_chronotrack_event')"
    )

    def named(kind):
        return {row["name"] for row in relations if row["relkind"] == kind}

    assert sorted(expected.columns(), key=str) == sorted(added, key=str)
    assert set(expected.tables()) == named("r")
    assert set(expected.views()) == named("v") | {"unified_results"}
    assert sorted(expected.functions()) == sorted(row["name"] for row in functions)
    assert {"ct_results_provider_result", "sync_history_live"} <= set(expected.indexes())


def test_what_is_expected_of_the_daemons_role_is_all_that_it_was_granted(query):
    granted = query(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = 'chronotrack_live' AND table_schema = 'public'"
        " UNION SELECT table_name, privilege_type FROM information_schema.role_column_grants"
        " WHERE grantee = 'chronotrack_live' AND table_schema = 'public'"
    )

    assert {(one["table_name"], one["privilege"]) for one in expected.privileges()} == {
        (row["table_name"], row["privilege_type"]) for row in granted
    }


@pytest.mark.parametrize("shape", ["dsn", "shape_c_dsn"])
def test_a_hub_of_either_shape_passes_for_its_owner_and_for_the_daemon(request, shape):
    dsn = request.getfixturevalue(shape)

    for user in ("postgres", "chronotrack_live"):
        with closing(Database(make_dsn(dsn, user=user))) as database:
            verdict = check_schema(database)
        assert verdict.outcome is Outcome.PASSED, verdict
        assert verdict.facts["role"] == user


@pytest.mark.parametrize(
    ("harm", "missing"),
    [
        ("ALTER TABLE ct_live_rejected_rows RENAME TO theirs", "ct_live_rejected_rows"),
        ("ALTER TABLE ct_results DROP COLUMN split_times CASCADE", "ct_results.split_times, ct_live_results"),
        ("DROP INDEX sync_history_live", "sync_history_live"),
        ("DROP FUNCTION check_duplicate_chronotrack_event", "check_duplicate_chronotrack_event()"),
        (
            "UPDATE pg_index SET indisvalid = false"
            " WHERE indexrelid = 'ct_results_provider_result'::regclass",
            "ct_results_provider_result (built in part)",
        ),
    ],
)
def test_a_part_that_is_missing_is_named_with_what_brings_it_back(database, query, harm, missing):
    query(harm)

    verdict = check_schema(database)

    assert verdict.outcome is Outcome.FAILED
    assert verdict.said.endswith(f"this is missing: {missing}.")
    assert "chronotrack-live migrate --roles" in verdict.remedy


@pytest.mark.parametrize(
    ("revoked", "lacking"),
    [
        ("INSERT ON sync_history", "INSERT on sync_history"),
        ("USAGE ON SEQUENCE ct_results_id_seq", "USAGE on the sequence of ct_results"),
        ("SELECT (secret) ON partner_provider_credentials", "SELECT on partner_provider_credentials"),
        ("SELECT ON ct_live_migrations", "SELECT on ct_live_migrations"),
        ("EXECUTE ON FUNCTION ct_live_fold_history", "EXECUTE on ct_live_fold_history()"),
    ],
)
def test_a_privilege_that_the_role_lacks_is_named(daemon_database, query, revoked, lacking):
    query(f"REVOKE {revoked} FROM chronotrack_live")

    verdict = check_schema(daemon_database)

    assert verdict.outcome is Outcome.FAILED
    assert verdict.said == f"The role chronotrack_live lacks: {lacking}."
    assert "let the owner of the host's tables grant anew" in verdict.remedy


def test_the_role_of_the_monitor_is_not_enough(dsn):
    with closing(Database(make_dsn(dsn, user="chronotrack_live_monitor"))) as database:
        verdict = check_schema(database)

    assert verdict.outcome is Outcome.FAILED
    assert "SELECT on partner_provider_credentials" in verdict.said
    assert "UPDATE on ct_results" in verdict.said


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            "CREATE OR REPLACE VIEW ct_live_superseded_events AS"
            " SELECT event_id, timing_partner_id, duplicate_of FROM ct_events WHERE 1 / 0 = 1",
            "division by zero",
        ),
        (
            "CREATE OR REPLACE FUNCTION ct_live_comparable_name(p_event_name text) RETURNS text"
            " LANGUAGE sql IMMUTABLE STRICT AS 'SELECT p_event_name'",
            "do not answer as they should",
        ),
    ],
)
def test_a_view_or_function_that_is_there_and_does_not_answer_well_is_no_pass(check, query, harm, said):
    query(harm)

    verdict = check().one("schema")

    assert verdict.outcome is Outcome.FAILED
    assert said in verdict.said
    assert "chronotrack-live migrate --roles" in verdict.remedy


@pytest.mark.parametrize("user", ["postgres", "chronotrack_live"])
def test_a_view_without_the_live_results_is_no_pass_and_the_extension_brings_its_own_back(
    dsn, query, database, user
):
    def asked():
        with closing(Database(make_dsn(dsn, user=user))) as asking:
            return check_schema(asking)

    [view] = query("SELECT pg_get_viewdef('unified_results') AS text")
    query(
        "CREATE OR REPLACE VIEW unified_results AS"
        f" SELECT * FROM ({view['text'].rstrip('; ')}) AS whole WHERE data_source <> 'chronotrack_live'"
    )
    # Who may not read the view goes by its text.
    assert asked().outcome is (Outcome.FAILED if user == "postgres" else Outcome.PASSED)
    query("CREATE TABLE kept AS SELECT * FROM unified_results")
    query("CREATE OR REPLACE VIEW unified_results AS SELECT * FROM kept")

    replaced = asked()
    migrate.apply(database, migrate.EXTENSION)

    assert replaced.outcome is Outcome.FAILED
    assert "does not show live results as it should" in replaced.said
    assert "chronotrack-live migrate" in replaced.remedy
    assert asked().outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "host",
    [
        # One event stands aside: what is no member of a list with a NULL in it is not known.
        "INSERT INTO ct_events (event_id, event_name, data_source, duplicate_of) VALUES"
        " ('61', 'Run', 'tcp_hardware', NULL), ('ctlive:1:5', 'Run', 'chronotrack_live', '61');"
        " INSERT INTO ct_results (event_id) VALUES ('61')",
        # The host wants a bib of each result, or draws their keys itself.
        "ALTER TABLE ct_results ALTER COLUMN results_bib SET NOT NULL",
        "ALTER TABLE ct_results ALTER COLUMN id DROP DEFAULT,"
        " ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
    ],
    ids=["an event stands aside", "a column that is wanted", "an identity"],
)
def test_the_extensions_own_view_passes_whatever_else_the_hub_has(database, query, host):
    query(host)

    assert check_schema(database).outcome is Outcome.PASSED


def test_to_see_what_the_view_shows_leaves_no_row_and_burns_no_number(query, database):
    before = query("SELECT last_value, is_called FROM ct_results_id_seq")

    assert check_schema(database).outcome is Outcome.PASSED

    assert query("SELECT last_value, is_called FROM ct_results_id_seq") == before
    assert query("SELECT count(*) AS n FROM ct_results") == [{"n": 0}]


@pytest.mark.parametrize(
    ("harm", "part", "mended"),
    [
        (
            "ALTER TABLE ct_results ALTER COLUMN data_source DROP DEFAULT",
            "ct_results.data_source",
            "ALTER TABLE ct_results ALTER COLUMN data_source SET DEFAULT 'tcp_hardware';",
        ),
        (
            "ALTER TABLE ct_events ALTER COLUMN data_source DROP DEFAULT",
            "ct_events.data_source",
            "ALTER TABLE ct_events ALTER COLUMN data_source SET DEFAULT 'tcp_hardware';",
        ),
        (
            "ALTER TABLE ct_participants ALTER COLUMN data_source DROP NOT NULL",
            "ct_participants.data_source",
            "UPDATE ct_participants SET data_source = 'tcp_hardware' WHERE data_source IS NULL;"
            " ALTER TABLE ct_participants ALTER COLUMN data_source SET NOT NULL;",
        ),
    ],
)
def test_a_default_that_is_gone_is_named_with_the_statements_that_bring_it_back(
    daemon_database, query, harm, part, mended
):
    query(harm)

    verdict = check_schema(daemon_database)

    assert verdict.outcome is Outcome.FAILED
    assert f"{part} has lost its default, or may be NULL" in verdict.said
    assert verdict.remedy == f"As the owner of the tables, in psql: {mended}"
    query(mended)
    assert check_schema(daemon_database).outcome is Outcome.PASSED


def test_an_empty_database_is_told_what_to_apply_and_nothing_else_is_run(check, make_dsn):
    with closing(Database(make_dsn())) as empty:
        found = check(database=empty)

    assert "Not applied yet: chronotrack_live_schema_extension version" in found.one("schema").said
    assert "chronotrack-live migrate --roles" in found.one("schema").remedy
    assert list(found.outcomes().values()) == ["failed", *["not run"] * 6]
    assert found.one("backfill").said == "because the schema check failed"
