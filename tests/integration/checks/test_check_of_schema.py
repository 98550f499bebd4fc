"""The schema check finds whatever the extension brings and this hub has not, and what the role may not do."""

from __future__ import annotations

from contextlib import closing

import pytest
from psycopg2.extensions import make_dsn

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


def test_an_empty_database_is_told_what_to_apply_and_nothing_else_is_run(check, make_dsn):
    with closing(Database(make_dsn())) as empty:
        found = check(database=empty)

    assert "Not applied yet: chronotrack_live_schema_extension version" in found.one("schema").said
    assert "chronotrack-live migrate --roles" in found.one("schema").remedy
    assert list(found.outcomes().values()) == ["failed", *["not run"] * 6]
    assert found.one("backfill").said == "because the schema check failed"
