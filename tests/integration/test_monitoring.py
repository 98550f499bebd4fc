"""What the monitor reads of the hub and of the state folder."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from psycopg2.extensions import make_dsn as with_user

from database.connection import Database
from database.event_controls import EventControls
from database.monitoring import EventCount, Monitoring, OperationCount, RejectedCount
from operations.budget_used import budget_used
from providers.accounts import SyncReport
from providers.errors import CredentialsRefused, RowRejected, ServerFailed
from providers.rate_limit import Limit, RequestBudget
from providers.registry import open_adapter
from tests.integration.builders import LATER, RUN, athlete, entry

MINUTE = timedelta(minutes=1)
MUCH_LATER = LATER + timedelta(days=2)


@pytest.fixture(params=["dsn", "shape_c_dsn"])
def shaped(request, open_hub):
    """A hub in either shape of the host's tables, with one event."""
    hub = open_hub(request.getfixturevalue(request.param))
    hub.save_events(RUN)
    hub.dsn = request.getfixturevalue(request.param)
    return hub


@pytest.fixture
def monitoring(shaped):
    """What the monitor's role reads of it."""
    with closing(Database(with_user(shaped.dsn, user="chronotrack_live_monitor"))) as database:
        yield Monitoring(database, "ChronoTrack Live")


def note(hub, sync_type, status, at, event=None, error=None, **statistics):
    """Account for an operation that stored nothing."""
    hub.store.note(
        hub.partner,
        SyncReport(
            sync_type=sync_type,
            timing_partner_id=hub.partner.timing_partner_id,
            status=status,
            started=at,
            event_id=event and hub.key(event),
            lateness=statistics.pop("lateness", None),
            error=error,
            statistics=statistics,
        ),
    )


def test_the_monitors_role_reads_everything_in_both_shapes(shaped, monitoring):
    shaped.save_participants("5", entry(1), at=LATER)
    shaped.save_results("5", athlete(1), athlete(2), at=LATER + MINUTE)

    assert monitoring.server().role == "chronotrack_live_monitor"
    assert monitoring.last_sign_of_life(MUCH_LATER) == LATER + MINUTE
    assert monitoring.last_ahead(MUCH_LATER) is None
    assert monitoring.operations(LATER) == [
        OperationCount(1, "participants", "completed", None, 1, 1, 0, LATER),
        OperationCount(1, "results", "completed", None, 1, 0, 2, LATER + MINUTE),
    ]
    assert monitoring.rejected(LATER) == []
    assert monitoring.events(shaped.at) == [EventCount(1, 1, 0)]
    assert monitoring.events(shaped.at + MINUTE) == [EventCount(1, 0, 0)]
    counted = {(row.table_name, row.data_source): row.rows for row in monitoring.rows()}
    assert counted == {
        ("ct_events", "chronotrack_live"): 1,
        ("ct_participants", "chronotrack_live"): 1,
        ("ct_results", "chronotrack_live"): 2,
        # Of tables that are small.
        ("ct_participants", "tcp_hardware"): 0,
        ("ct_results", "tcp_hardware"): 0,
    }


def test_a_partner_that_was_never_tested_has_no_account(monitoring, shaped):
    shaped.query("DELETE FROM sync_history")

    [partner] = monitoring.partners(MUCH_LATER)
    assert (partner.label, partner.refused) == ("partner 1 (Harbour Timing)", False)
    assert (partner.tested_at, partner.discovered_at, partner.failures) == (None, None, 0)
    assert monitoring.last_sign_of_life(MUCH_LATER) is None


def test_a_partners_account_says_how_the_last_test_went_and_what_failed_since_a_discovery_went_well(
    shaped, monitoring
):
    refusal = CredentialsRefused("The API answers 401.")
    note(shaped, "events", "failed", shaped.at - MINUTE, error=ServerFailed("before"))
    note(shaped, "events", "failed", LATER, error=ServerFailed("since"))
    note(shaped, "authentication", "failed", LATER + MINUTE, error=refusal)

    [partner] = monitoring.partners(MUCH_LATER)
    assert (partner.discovered_at, partner.tested_at) == (shaped.at, LATER + MINUTE)
    assert (partner.refused, partner.tested_reason) == (True, "The API answers 401.")
    assert (partner.failures, partner.failure_reason) == (1, "since")


def test_an_events_account_says_what_went_well_last_what_changed_last_and_what_failed_since(
    shaped, monitoring
):
    key = shaped.key("5")
    shaped.save_results("5", athlete(1), at=LATER)
    shaped.save_results("5", athlete(1), at=LATER + MINUTE)
    note(shaped, "results", "failed", LATER - MINUTE, "5", ServerFailed("before"))
    for minutes, reason in ((2, "first"), (3, "second")):
        note(shaped, "results", "failed", LATER + minutes * MINUTE, "5", ServerFailed(reason))
    note(shaped, "results", "skipped", LATER + 4 * MINUTE, "5")

    account = monitoring.collections([key], MUCH_LATER)[key]

    assert (account.collected_at, account.changed_at) == (LATER + MINUTE, LATER)
    assert (account.failures, account.failure_reason) == (2, "second")
    assert account.known_since == shaped.at


def test_an_events_account_counts_what_was_not_whole_in_a_row_and_how_the_last_hour_ended(shaped, monitoring):
    key, now = shaped.key("5"), LATER + timedelta(hours=2)

    def collected(status, minutes, rejected=0):
        note(shaped, "results", status, LATER + minutes * MINUTE, "5")
        shaped.query(
            "UPDATE sync_history SET entries_failed = %s"
            " WHERE sync_history_id = (SELECT max(sync_history_id) FROM sync_history)",
            rejected,
        )

    # The third is partial for a row that is set aside.
    for minutes, rejected in ((1, 0), (2, 0), (3, 2), (61, 0), (62, 0)):
        collected("partial", minutes, rejected)
    for minutes in (60, 70, 80):
        note(shaped, "results", "failed", LATER + minutes * MINUTE, "5", ServerFailed("503"))
    note(shaped, "results", "skipped", LATER + 90 * MINUTE, "5")

    account = monitoring.collections([key], now)[key]

    assert account.partials == 2
    assert (account.failures_of_hour, account.collections_of_hour) == (2, 4)


def test_an_events_account_says_whether_it_has_entries_and_how_often_their_list_could_not_be_read(
    shaped, monitoring
):
    key = shaped.key("5")
    for minutes in (-2, 1, 2):
        note(shaped, "participants", "failed", LATER + minutes * MINUTE, "5", ServerFailed(f"{minutes}"))
    before = monitoring.collections([key], MUCH_LATER)[key]
    shaped.save_participants("5", entry(1), at=LATER)

    account = monitoring.collections([key], MUCH_LATER)[key]

    assert (before.has_entries, before.entry_failures) == (False, 3)
    assert (account.has_entries, account.entry_failures) == (True, 2)
    assert account.entry_failure_reason == "2"


def test_an_event_is_known_since_it_was_changed_or_let_go_on(shaped, monitoring):
    key = shaped.key("5")
    shaped.query("INSERT INTO ct_live_paused_events (event_id) VALUES (%s)", key)
    with closing(Database(shaped.dsn)) as owners:
        controls = EventControls(owners, "ChronoTrack Live")
        controls.resume(controls.events(), LATER)

    assert monitoring.collections([key], MUCH_LATER)[key].known_since == LATER


def test_what_is_accounted_for_in_the_future_is_left_out_and_said(shaped, monitoring):
    key = shaped.key("5")
    shaped.save_results("5", athlete(1), at=LATER)
    ahead = LATER + timedelta(hours=3)
    note(shaped, "results", "failed", ahead, "5", ServerFailed("ahead"))
    note(shaped, "events", "completed", ahead)
    note(shaped, "authentication", "completed", ahead)

    account = monitoring.collections([key], LATER)[key]
    [partner] = monitoring.partners(LATER)

    assert (account.collected_at, account.failures) == (LATER, 0)
    assert (partner.looked_at, partner.discovered_at, partner.tested_at) == (shaped.at, shaped.at, None)
    assert monitoring.last_sign_of_life(LATER) == LATER
    assert monitoring.last_ahead(LATER) == ahead
    [known] = EventControls(shaped.database, "ChronoTrack Live").events(latest=LATER)
    assert (known.stored.last_collection, known.stored.last_failure) == (LATER, None)


def test_a_test_of_credentials_is_a_sign_of_life_only_when_it_failed(shaped, monitoring):
    for minutes, status in ((1, "completed"), (2, "failed"), (3, "completed")):
        note(shaped, "authentication", status, LATER + minutes * MINUTE)

    assert monitoring.last_sign_of_life(LATER + MINUTE) == shaped.at
    assert monitoring.last_sign_of_life(MUCH_LATER) == LATER + 2 * MINUTE


def test_a_row_of_credentials_that_was_written_by_hand_is_read_by_the_databases_own_clock_as_well(
    shaped,
):
    [hub] = shaped.query("SELECT current_database() AS name")
    shaped.query(f"ALTER DATABASE {hub['name']} SET timezone = 'Asia/Tokyo'")
    shaped.query("UPDATE partner_provider_credentials SET updated_at = '2026-04-18 09:30:00'")

    with closing(Database(with_user(shaped.dsn, user="chronotrack_live_monitor"))) as database:
        [partner] = Monitoring(database, "ChronoTrack Live").partners(MUCH_LATER)

    assert f"{partner.changed_at:%H:%M %Z}" == "09:30 UTC"
    assert f"{partner.changed_local:%H:%M %Z}" == "00:30 UTC"


def test_rows_of_tcp_are_counted_in_a_small_table_estimated_in_a_large_one_and_else_not_known(
    shaped, monitoring
):
    def of_tcp():
        rows = {(row.table_name, row.data_source): row for row in monitoring.rows()}
        row = rows["ct_results", "tcp_hardware"]
        return row.rows, row.estimated

    shaped.save_results("5", athlete(1), athlete(2), at=LATER)
    shaped.query("ALTER TABLE ct_results SET (autovacuum_enabled = false)")
    shaped.query("INSERT INTO ct_results (results_bib) SELECT n FROM generate_series(1, 500) AS n")
    assert of_tcp() == (500, False)
    shaped.query("INSERT INTO ct_results (results_bib) SELECT n FROM generate_series(501, 40000) AS n")
    assert of_tcp() == (None, True)
    shaped.query("ANALYZE ct_results")
    assert of_tcp() == (40_000, True)


def test_lateness_is_that_of_the_last_collection_that_was_due(shaped, monitoring):
    key = shaped.key("5")
    note(shaped, "results", "completed", LATER, "5", lateness=12.5)
    note(shaped, "results", "completed", LATER + MINUTE, "5")

    account = monitoring.collections([key], MUCH_LATER)[key]

    assert (account.lateness, account.collected_at) == (12.5, LATER + MINUTE)


def test_rows_that_are_set_aside_are_counted_by_kind(shaped, monitoring):
    broken = [RowRejected("no bib", kind="result", payload={"n": n}, api_id=n) for n in (1, 2)]
    shaped.save_results("5", athlete(3), rejected=broken, at=LATER)

    assert monitoring.rejected(LATER) == [RejectedCount(1, "result", 2, 2, LATER)]
    assert monitoring.rejected(LATER + MINUTE) == [RejectedCount(1, "result", 2, 0, LATER)]


def test_events_that_tcp_has_under_the_same_name_within_a_day_are_counted(shaped, monitoring):
    add = "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
    shaped.query(
        f"{add} VALUES (%s, %s, %s, 1)",
        "61",
        "HARBOUR RUN",
        RUN.start_time.replace(tzinfo=None) + timedelta(hours=23),
    )
    assert [count.also_in_tcp for count in monitoring.events(LATER)] == [1]

    later = "UPDATE ct_events SET event_start_time = event_start_time + interval '2 hours'"
    shaped.query(f"{later} WHERE event_id = '61'")
    assert [count.also_in_tcp for count in monitoring.events(LATER)] == [0]


# The state folder -------------------------------------------------------------------------------------------


def test_the_budget_is_read_as_the_scheduler_keeps_it_and_left_as_it_is(hub, tmp_path, clock):
    with closing(open_adapter("chronotrack_live", hub.partner, tmp_path, clock)) as adapter:
        for _ in range(3):
            adapter.budget.take()
        before = sorted(path.name for path in (tmp_path / "budget").iterdir())

        used = budget_used(tmp_path, "chronotrack_live", [hub.partner.timing_partner_id, 9], clock.now())

        assert used == {hub.partner.timing_partner_id: 3}
        assert sorted(path.name for path in (tmp_path / "budget").iterdir()) == before


def test_requests_of_more_than_a_minute_ago_do_not_count_nor_does_a_damaged_account(tmp_path, clock):
    with closing(RequestBudget(tmp_path / "budget", "some-partner-7", Limit(), clock)) as budget:
        budget.take()
    (tmp_path / "budget" / "some-partner-8.sqlite").write_bytes(b"no database at all, and long enough to see")

    assert budget_used(tmp_path, "some", [7, 8], clock.now() + 2 * MINUTE) == {7: 0}
    assert budget_used(tmp_path / "nowhere", "some", [7], clock.now()) == {}
