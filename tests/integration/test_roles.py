"""The roles: what each may do, and what it may not."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import psycopg2.errors
import pytest
from psycopg2.extensions import make_dsn as with_user

from database import migrate
from tests.integration.builders import RUN, athlete, entry
from tests.integration.catalogs import apply


@pytest.fixture
def other_tables(query):
    """Tables of the host that are none of our business."""
    query("CREATE TABLE users (email text); CREATE TABLE sync_queue (job text)")


@pytest.fixture
def say(dsn, other_tables):
    """Says a statement to the fresh database as one of the roles."""

    def said(role, statement):
        with (
            closing(psycopg2.connect(with_user(dsn, user=role))) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    return said


# What they may do -------------------------------------------------------------------------------------


def test_the_stores_of_these_tests_have_the_daemons_role(hub):
    with hub.database.transaction() as cursor:
        cursor.execute("SELECT current_user AS role, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert dict(cursor.fetchone()) == {"role": "chronotrack_live", "rolsuper": False}


@pytest.mark.parametrize("shape", ["dsn", "shape_c_dsn"])
def test_the_daemon_needs_nothing_that_everybody_may_do_in_a_usual_database(
    shape, request, open_query, open_hub
):
    dsn = request.getfixturevalue(shape)
    query = open_query(dsn)
    query(
        "DO $$ BEGIN"
        " EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());"
        " REVOKE ALL ON SCHEMA public FROM PUBLIC;"
        " REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;"
        " END $$"
    )
    hub = open_hub(dsn)

    hub.save_events(RUN)
    hub.save_participants("5", entry(1))
    hub.save_results("5", athlete(1), athlete(2))
    hub.save_results("5", athlete(1, bib="changed"))
    hub.save_past_event(RUN, [entry(1)], [athlete(1)])

    assert query("SELECT results_bib, result_status FROM ct_results WHERE provider_result_id = '1'") == [
        {"results_bib": "101", "result_status": "finished"}
    ]
    assert len(hub.store.live_events(hub.partner, RUN.start_time)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT access_password FROM timing_partners",
        "SELECT * FROM users",
        "SELECT * FROM sync_queue",
        "UPDATE partner_provider_credentials SET secret = ''",
        "INSERT INTO partner_provider_credentials (principal) VALUES ('x')",
        "DELETE FROM partner_provider_credentials",
        "UPDATE providers SET name = 'x'",
        "UPDATE sync_history SET reason = NULL",
        "DELETE FROM sync_history",
        "DELETE FROM ct_events",
        "DELETE FROM ct_races",
        "DELETE FROM ct_participants",
        "DELETE FROM ct_results",
        "TRUNCATE ct_results",
        "TRUNCATE ct_live_rejected_rows",
        "INSERT INTO ct_live_paused_events (event_id) VALUES ('x')",
        "DELETE FROM ct_live_paused_events",
        "SELECT setval('ct_results_id_seq', 1)",
        "INSERT INTO ct_live_migrations (name, version) VALUES ('x', 1)",
        "SELECT * FROM ct_live_replaced_views",
        "ALTER TABLE ct_results ADD COLUMN x integer",
        "CREATE TABLE x (y integer)",
    ],
)
def test_the_daemon_may_not(say, statement):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        say("chronotrack_live", statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT access_password FROM timing_partners",
        "SELECT secret FROM partner_provider_credentials",
        "SELECT principal FROM partner_provider_credentials",
        "SELECT additional_config FROM partner_provider_credentials",
        "SELECT * FROM users",
        "SELECT * FROM sync_queue",
        "SELECT data_snapshot FROM sync_history",
        "SELECT athlete_last_name FROM ct_participants",
        "SELECT athlete_email FROM ct_participants",
        "SELECT additional_data FROM ct_participants",
        "SELECT results_last_name FROM ct_results",
        "SELECT additional_data FROM ct_results",
        "SELECT last_name FROM ct_live_participants",
        "SELECT last_name FROM ct_live_results",
        "SELECT last_name FROM unified_results",
        "SELECT payload FROM ct_live_rejected_rows",
        "INSERT INTO sync_history (reason) VALUES ('x')",
        "UPDATE ct_events SET event_name = 'x'",
        "DELETE FROM ct_live_rejected_rows",
        "SELECT ct_live_fold_history('2025-06-01')",
        "SELECT nextval('sync_history_sync_history_id_seq')",
    ],
)
def test_the_monitor_may_not(say, statement):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        say("chronotrack_live_monitor", statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT company_name FROM timing_partners NATURAL JOIN"
        " (SELECT timing_partner_id FROM partner_provider_credentials) AS c",
        "SELECT * FROM providers",
        "SELECT event_id, max(sync_time), max(lateness_seconds) FROM sync_history GROUP BY 1",
        "SELECT sync_type, status, error_category, reason FROM sync_history",
        "SELECT data_source, count(*) FROM ct_participants GROUP BY 1",
        "SELECT result_status, count(*), max(api_fetched_date) FROM ct_results GROUP BY 1",
        "SELECT source_provider, count(*) FROM unified_results GROUP BY 1",
        "SELECT kind, reason, sum(times_seen) FROM ct_live_rejected_rows GROUP BY 1, 2",
        "SELECT * FROM ct_live_events",
        "SELECT * FROM ct_live_superseded_events",
        "SELECT * FROM ct_live_duplicate_audit",
        "SELECT event_id, paused_by, paused_at FROM ct_live_paused_events",
        "SELECT max(version) FROM ct_live_migrations",
        "SELECT count(*) FROM ct_live_results JOIN ct_live_participants USING (event_id)",
    ],
)
def test_the_monitor_may(say, statement):
    say("chronotrack_live_monitor", statement)


def test_what_is_new_is_granted_when_the_script_is_run_again(dsn, query, say):
    [definition] = query("SELECT pg_get_viewdef('ct_live_events') AS sql")
    query(f"DROP VIEW ct_live_events; CREATE VIEW ct_live_events AS {definition['sql']}")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        say("chronotrack_live_monitor", "SELECT * FROM ct_live_events")

    apply(dsn, migrate.ROLES)

    say("chronotrack_live_monitor", "SELECT * FROM ct_live_events")
