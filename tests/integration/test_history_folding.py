"""The account of frequent polls that found nothing new, or failed, is folded; everything else of it stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import psycopg2
import psycopg2.extensions
import pytest

from database import migrate
from database.connection import Database
from database.store import Store
from providers.accounts import SyncReport
from providers.errors import ApiUnreachable, CollectedElsewhere, CredentialsRefused, EventArchived
from providers.statistics import Statistics
from tests.fixtures_database import as_daemon
from tests.integration.builders import FIELD, RUN, START, naive
from tests.integration.catalogs import apply

# Of the function that folds: nothing of a caller's is looked up, and no policy of anybody's is run.
PROTECTED = '{"search_path=pg_catalog, pg_temp",row_security=off}'
NIGHT = START.replace(hour=0)
DAY, POLL = timedelta(days=1), timedelta(seconds=90)
TIMES = "SELECT sync_time, data_snapshot -> 'folded' AS folded FROM sync_history ORDER BY sync_time"


@pytest.fixture(params=["dsn", "shape_c_dsn"])
def hub_dsn(request):
    """A database in each shape of the host's tables."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def hub(hub_dsn, open_hub):
    """A hub without history."""
    hub = open_hub(hub_dsn)
    hub.query("DELETE FROM sync_history")
    return hub


@pytest.fixture
def note(hub):
    """Accounts for a poll of event 5 that found nothing new, or for what is said to differ."""

    def noted(at, **fields):
        notes = {"complete": True, "results": 40} | fields.pop("notes", {})
        given = {
            "sync_type": "results",
            "timing_partner_id": hub.partner.timing_partner_id,
            "status": "completed",
            "started": at,
            "seconds": 2.0,
            "event_id": hub.key("5"),
            "seen": 40,
            "lateness": 0.25,
            "statistics": Statistics(requests=7, bytes_read=900, rows_read=40, waited=0.5).as_dict() | notes,
        }
        hub.store.note(hub.partner, SyncReport(**(given | fields)))

    return noted


def kept(hub):
    return [(row["sync_time"], row["folded"]) for row in hub.query(TIMES)]


def test_of_the_polls_of_a_day_that_found_nothing_new_the_last_one_stays_and_says_for_how_many(hub, note):
    for day in (0, 1):
        for nth in range(5):
            note(NIGHT + day * DAY + nth * POLL, lateness=1 - 0.15 * nth)

    gone = hub.store.fold_history(NIGHT + 2 * DAY)

    assert gone == 8
    assert kept(hub) == [(naive(NIGHT + day * DAY + 4 * POLL), 5) for day in (0, 1)]
    [first, _] = hub.query("SELECT * FROM sync_history ORDER BY sync_time")
    assert first["duration_seconds"] == 10
    assert first["data_snapshot"]["requests"] == 7
    # All else is the last one's own.
    assert float(first["lateness_seconds"]) == 0.4
    assert (first["results_synced"], first["status"], first["num_of_synced_records"]) == (40, "completed", 0)


def test_what_is_younger_than_the_instant_stays(hub, note):
    for nth in range(4):
        note(NIGHT + nth * POLL)

    assert hub.store.fold_history(NIGHT + 2 * POLL) == 1
    assert kept(hub) == [
        (naive(NIGHT + POLL), 2),
        (naive(NIGHT + 2 * POLL), None),
        (naive(NIGHT + 3 * POLL), None),
    ]


def test_folding_again_changes_nothing(hub, note):
    for nth in range(3):
        note(NIGHT + nth * POLL)
    hub.store.fold_history(NIGHT + DAY)
    before = hub.query("SELECT xmin::text, ctid::text, to_jsonb(h) AS row FROM sync_history h")

    assert hub.store.fold_history(NIGHT + DAY) == 0
    assert hub.query("SELECT xmin::text, ctid::text, to_jsonb(h) AS row FROM sync_history h") == before


def test_a_day_that_is_folded_in_two_parts_is_counted_as_one(hub, note):
    for nth in range(10):
        note(NIGHT + nth * POLL)
    hub.store.fold_history(NIGHT + 6 * POLL)

    assert hub.store.fold_history(NIGHT + DAY) == 4
    assert kept(hub) == [(naive(NIGHT + 9 * POLL), 10)]
    assert hub.query("SELECT duration_seconds FROM sync_history") == [{"duration_seconds": 20}]


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "failed", "error": ApiUnreachable("No answer."), "written": 1},
        {"status": "partial", "written": 1, "rejected": 1},
        {"status": "partial", "notes": {"complete": False, "unconfirmed_vanished": ["9"]}},
        {"status": "partial", "rejected": 1, "notes": {"removed": 1}},
        {"status": "partial", "rejected": 1, "notes": {"cleared": 1}},
        {"status": "skipped", "error": CollectedElsewhere("The lock was lost on the way.")},
        {"written": 1},
        {"rejected": 1},
        {"notes": {"removed": 1}},
        {"notes": {"unconfirmed_vanished": ["9"]}},
        {"notes": {"problems": ["Bracket 3 could not be read."]}},
        {"notes": {"errors": {"server_error": 1}, "retries": {"server_error": 1}}},
        {"sync_type": "backfill"},
    ],
    ids=str,
)
def test_a_row_that_says_more_than_that_nothing_was_new_stays_as_it_is(hub, note, fields):
    for nth in range(3):
        note(NIGHT + nth * POLL, **fields)
    before = hub.query("SELECT * FROM sync_history ORDER BY sync_history_id")

    assert hub.store.fold_history(NIGHT + DAY) == 0
    assert hub.query("SELECT * FROM sync_history ORDER BY sync_history_id") == before


FAILED = {"status": "failed", "error": ApiUnreachable("No answer."), "seen": 0, "notes": {"problems": ["?"]}}


def test_of_a_days_failures_of_one_category_the_last_one_stays_and_says_for_how_many_and_since_when(
    hub, note
):
    for day in (0, 1):
        for nth in range(5):
            error = ApiUnreachable(f"No answer at {nth}.")
            note(NIGHT + day * DAY + nth * POLL, **FAILED | {"error": error})

    gone = hub.store.fold_history(NIGHT + 2 * DAY)

    assert gone == 8
    assert kept(hub) == [(naive(NIGHT + day * DAY + 4 * POLL), 5) for day in (0, 1)]
    [first, second] = hub.query("SELECT * FROM sync_history ORDER BY sync_time")
    assert [row["data_snapshot"]["folded_since"] for row in (first, second)] == [
        (naive(NIGHT + day * DAY)).isoformat() for day in (0, 1)
    ]
    assert (first["status"], first["error_category"], first["duration_seconds"]) == (
        "failed",
        "unreachable",
        10,
    )
    assert first["reason"] == "No answer at 4."
    assert hub.store.fold_history(NIGHT + 2 * DAY) == 0


def test_a_refused_partners_tests_of_a_weekend_become_a_row_a_day(hub, note):
    for nth in range(2 * 288):
        note(
            NIGHT + nth * timedelta(minutes=5),
            sync_type="authentication",
            event_id=None,
            status="failed",
            error=CredentialsRefused("Refused."),
        )

    hub.store.fold_history(NIGHT + 2 * DAY)

    assert [folded for _, folded in kept(hub)] == [288, 288]


def test_failures_of_another_category_and_polls_that_went_well_in_between_keep_rows_of_their_own(hub, note):
    for nth in range(0, 9, 3):
        note(NIGHT + nth * POLL, **FAILED)
        note(NIGHT + (nth + 1) * POLL, **FAILED | {"error": CredentialsRefused("Refused.")})
        note(NIGHT + (nth + 2) * POLL)

    assert hub.store.fold_history(NIGHT + DAY) == 6
    assert kept(hub) == [(naive(NIGHT + nth * POLL), 3) for nth in (6, 7, 8)]


def test_a_day_of_failures_that_is_folded_in_two_parts_keeps_its_first_instant(hub, note):
    for nth in range(10):
        note(NIGHT + nth * POLL, **FAILED)
    hub.store.fold_history(NIGHT + 6 * POLL)

    assert hub.store.fold_history(NIGHT + DAY) == 4
    assert kept(hub) == [(naive(NIGHT + 9 * POLL), 10)]
    [row] = hub.query("SELECT data_snapshot ->> 'folded_since' AS since FROM sync_history")
    assert row["since"] == naive(NIGHT).isoformat()


def test_what_is_due_after_failures_is_the_same_before_and_after(hub, note):
    hub.save_events(RUN)
    for nth in range(3):
        note(NIGHT + nth * POLL)
    for nth in range(3, 6):
        note(NIGHT + nth * POLL, **FAILED)
        note(NIGHT + nth * POLL, **FAILED | {"sync_type": "participants"})
    before = hub.store.live_events(hub.partner, START)

    assert hub.store.fold_history(NIGHT + DAY) == 6
    assert hub.store.live_events(hub.partner, START) == before


@pytest.mark.parametrize("rule", ["", "ON DELETE CASCADE", "ON DELETE SET NULL"])
def test_a_row_that_a_table_of_the_hosts_refers_to_stays_as_it_is(hub, note, rule):
    for nth in range(4):
        note(NIGHT + nth * POLL, **FAILED)
    hub.query(f"CREATE TABLE remarks (about integer REFERENCES sync_history (sync_history_id) {rule})")
    hub.query("INSERT INTO remarks SELECT sync_history_id FROM sync_history ORDER BY sync_time LIMIT 1")
    hub.query("INSERT INTO remarks VALUES (NULL)")

    assert hub.store.fold_history(NIGHT + DAY) == 2

    assert kept(hub) == [(naive(NIGHT), None), (naive(NIGHT + 3 * POLL), 3)]
    assert hub.query("SELECT count(about) AS n FROM remarks") == [{"n": 1}]


def test_an_archived_events_polls_become_a_row_a_day(hub, note):
    for nth in range(268):
        note(NIGHT + nth * POLL, status="skipped", error=EventArchived("Event 5 is archived."), seen=0)

    assert hub.store.fold_history(NIGHT + DAY) == 267
    assert kept(hub) == [(naive(NIGHT + 267 * POLL), 268)]
    assert hub.query("SELECT reason FROM sync_history") == [{"reason": "Event 5 is archived."}]


@pytest.mark.parametrize(
    "fields",
    [{"rejected": 1}, {"notes": {"complete": False}}, {"notes": {"problems": ["?"], "unsure": ["status"]}}],
)
def test_partial_polls_that_wrote_nothing_and_note_the_same_problem_become_a_row_a_day(hub, note, fields):
    for nth in range(5):
        note(NIGHT + nth * POLL, status="partial", **fields | {"notes": dict(fields.get("notes", {}))})

    assert hub.store.fold_history(NIGHT + DAY) == 4
    assert kept(hub) == [(naive(NIGHT + 4 * POLL), 5)]


def test_partial_polls_that_note_different_problems_keep_rows_of_their_own(hub, note):
    for nth in range(0, 6, 3):
        note(NIGHT + nth * POLL, status="partial", rejected=1)
        note(NIGHT + (nth + 1) * POLL, status="partial", rejected=2)
        note(NIGHT + (nth + 2) * POLL, status="partial", rejected=1, notes={"problems": ["?"]})

    assert hub.store.fold_history(NIGHT + DAY) == 3
    assert kept(hub) == [(naive(NIGHT + nth * POLL), 2) for nth in (3, 4, 5)]


def test_the_last_stored_reading_of_an_event_stays_with_whom_it_left_in_doubt(hub, note):
    for nth in range(3):
        note(NIGHT + nth * POLL, status="partial", rejected=1)
    note(NIGHT + 3 * POLL, notes={"unconfirmed_vanished": ["9"]})
    [last] = hub.query("SELECT * FROM sync_history ORDER BY sync_history_id DESC LIMIT 1")

    assert hub.store.fold_history(NIGHT + DAY) == 2
    assert hub.query("SELECT * FROM sync_history ORDER BY sync_history_id DESC LIMIT 1") == [last]


def test_where_clocks_are_apart_the_reading_that_was_stored_last_stays_at_the_latest_instant(hub, note):
    note(NIGHT + POLL)
    note(NIGHT)
    [last] = hub.query("SELECT max(sync_history_id) AS sync_history_id FROM sync_history")

    assert hub.store.fold_history(NIGHT + DAY) == 1
    assert hub.query("SELECT sync_history_id FROM sync_history") == [last]
    assert kept(hub) == [(naive(NIGHT + POLL), 2)]


def test_since_when_is_not_said_of_a_day_that_version_4_folded_in_part(hub, note):
    for nth in range(3):
        note(NIGHT + nth * POLL, notes={"folded": 10} if nth == 0 else {})

    assert hub.store.fold_history(NIGHT + 2 * POLL) == 1
    assert hub.store.fold_history(NIGHT + DAY) == 1
    assert kept(hub) == [(naive(NIGHT + 2 * POLL), 12)]
    assert hub.query("SELECT data_snapshot ? 'folded_since' AS said FROM sync_history") == [{"said": False}]


def test_a_row_that_is_referred_to_by_several_columns_stays_as_it_is(hub, note):
    for nth in range(3):
        note(NIGHT + nth * POLL)
    hub.query("ALTER TABLE sync_history ADD UNIQUE (event_id, sync_history_id)")
    hub.query(
        "CREATE TABLE remarks (event varchar, about integer, FOREIGN KEY (event, about)"
        " REFERENCES sync_history (event_id, sync_history_id) ON DELETE CASCADE)"
    )
    hub.query("INSERT INTO remarks SELECT event_id, sync_history_id FROM sync_history ORDER BY 2 LIMIT 1")

    assert hub.store.fold_history(NIGHT + DAY) == 1
    assert kept(hub) == [(naive(NIGHT), None), (naive(NIGHT + 2 * POLL), 2)]


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


def test_each_partner_event_and_type_keeps_a_row_of_its_own(hub, note):
    of_others = [
        {},
        {"event_id": hub.key("6")},
        {"sync_type": "participants"},
        {"sync_type": "events", "event_id": None},
        {"sync_type": "authentication", "event_id": None},
    ]
    for fields in of_others:
        for nth in range(2):
            note(NIGHT + nth * POLL, **fields)

    assert hub.store.fold_history(NIGHT + DAY) == len(of_others)
    assert kept(hub) == [(naive(NIGHT + POLL), 2)] * len(of_others)


@pytest.mark.parametrize(
    "values",
    [
        "'results', 'failed', NULL",
        "'results', 'failed', '{}'",
        "'results', 'failed', '[\"errors\"]'",
        "NULL, 'completed', '{}'",
        "NULL, 'completed', NULL",
        "'results', 'completed', NULL",
        "'results', 'completed', '{}'",
        "'results', 'completed', '[1]'",
        "'results', 'completed', '7'",
    ],
)
def test_rows_of_other_integrations_stay(hub, values):
    hub.query(
        "INSERT INTO sync_history (provider_id, timing_partner_id, event_id, sync_time, operation_type,"
        " num_of_synced_records, entries_failed, sync_type, status, data_snapshot)"
        " SELECT provider_id, 1, '5', '2025-06-01', 'results', 0, 0,"
        f" {values} FROM providers, generate_series(1, 3)"
    )

    assert hub.store.fold_history(NIGHT + DAY) == 0
    assert hub.query("SELECT count(*) AS n FROM sync_history") == [{"n": 3}]


def test_what_the_scheduler_reads_of_an_event_is_the_same_before_and_after(hub, note):
    hub.save_events(RUN)
    for nth in range(4):
        note(NIGHT + nth * POLL)
        note(NIGHT + nth * POLL, sync_type="participants", notes={})
    before = hub.store.live_events(hub.partner, START)

    assert hub.store.fold_history(NIGHT + DAY) == 6

    assert hub.store.live_events(hub.partner, START) == before
    assert before[0].last_collection == NIGHT + 3 * POLL


def test_the_polls_of_the_pipeline_itself_are_folded(provider, collect, run):
    """Whatever it comes to note of every poll, folding has to know."""
    provider.will_read(*[FIELD] * 4)
    assert [collect().written > 0 for _ in range(4)] == [True, False, False, False]
    # None of them counts as yesterday's, whenever this runs.
    run.query("UPDATE sync_history SET sync_time = '2025-06-01' WHERE sync_type = 'results'")

    assert run.store.fold_history(NIGHT + DAY) == 2


def test_two_daemons_that_fold_at_the_same_moment_count_each_poll_once(hub, hub_dsn, note):
    for nth in range(200):
        note(NIGHT + nth * POLL)

    with closing(Database(as_daemon(hub_dsn))) as other, ThreadPoolExecutor(2) as both:
        gone = list(both.map(lambda store: store.fold_history(NIGHT + DAY), [hub.store, Store(other)]))

    assert sum(gone) == 199
    assert [folded for _, folded in kept(hub)] == [200]


def test_a_weekend_of_200_events_becomes_a_row_a_day_and_event_however_many_weekends_there_are(hub):
    weekends, events, polls = 2, 200, 268
    for weekend in range(weekends):
        # 200 polls in steps of 90 seconds, 68 in steps of an hour.
        hub.query(
            "INSERT INTO sync_history (provider_id, timing_partner_id, event_id, sync_time, operation_type,"
            " sync_type, status, num_of_synced_records, entries_success, entries_failed, duration_seconds,"
            " lateness_seconds, data_snapshot)"
            " SELECT provider_id, 1, format('ctlive:1:%%s', %s + event),"
            "  %s::timestamp + least(nth, 200) * interval '90 s' + greatest(nth - 200, 0) * interval '1 h',"
            "  'results', 'results', 'completed', 0, 300, 0, 1, 0.01, %s"
            " FROM providers, generate_series(1, %s) AS event, generate_series(1, %s) AS nth",
            weekend * 1000,
            naive(START + weekend * 7 * DAY),
            '{"requests": 3, "errors": {}, "complete": true, "results": 300}',
            *(events, polls),
        )

    hub.store.fold_history(START + weekends * 7 * DAY)

    # Of the day of the race and of each of the three after it.
    assert hub.query(
        "SELECT count(*) AS rows, sum((data_snapshot ->> 'folded')::integer) AS polls,"
        " sum(duration_seconds) AS seconds FROM sync_history"
    ) == [
        {
            "rows": weekends * events * 4,
            "polls": weekends * events * polls,
            "seconds": weekends * events * polls,
        }
    ]


# Who may -----------------------------------------------------------------------------------------------


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
