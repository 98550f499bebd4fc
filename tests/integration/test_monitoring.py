"""What the monitor reads of the hub and of the state folder."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from psycopg2.extensions import make_dsn as with_user

from database.connection import Database
from database.monitoring import EventCount, Monitoring, OperationCount, RejectedCount
from operations.budget_used import budget_used
from providers.errors import CredentialsRefused, RowRejected, ServerFailed
from providers.rate_limit import Limit, RequestBudget
from providers.records import SyncReport
from providers.registry import open_adapter
from tests.integration.builders import LATER, RUN, athlete, entry

MINUTE = timedelta(minutes=1)


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
    assert monitoring.last_sign_of_life() == LATER + MINUTE
    assert monitoring.operations(LATER) == [
        OperationCount(1, "participants", "completed", None, 1, 1, 0, LATER),
        OperationCount(1, "results", "completed", None, 1, 0, 2, LATER + MINUTE),
    ]
    assert monitoring.rejected() == []
    assert monitoring.events(shaped.at) == [EventCount(1, 1, 0)]
    assert monitoring.events(shaped.at + MINUTE) == [EventCount(1, 0, 0)]
    counted = {(row.table_name, row.data_source): row.rows for row in monitoring.rows() if not row.estimated}
    assert counted == {
        ("ct_events", "chronotrack_live"): 1,
        ("ct_participants", "chronotrack_live"): 1,
        ("ct_results", "chronotrack_live"): 2,
    }


def test_a_partner_that_was_never_tested_has_no_account(monitoring, shaped):
    shaped.query("DELETE FROM sync_history")

    [partner] = monitoring.partners()
    assert (partner.label, partner.refused) == ("partner 1 (Harbour Timing)", False)
    assert (partner.tested_at, partner.discovered_at, partner.failures) == (None, None, 0)
    assert monitoring.last_sign_of_life() is None


def test_a_partners_account_says_how_the_last_test_went_and_what_failed_since_a_discovery_went_well(
    shaped, monitoring
):
    refusal = CredentialsRefused("The API answers 401.")
    note(shaped, "events", "failed", shaped.at - MINUTE, error=ServerFailed("before"))
    note(shaped, "events", "failed", LATER, error=ServerFailed("since"))
    note(shaped, "authentication", "failed", LATER + MINUTE, error=refusal)

    [partner] = monitoring.partners()
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

    account = monitoring.collections([key])[key]

    assert (account.collected_at, account.changed_at) == (LATER + MINUTE, LATER)
    assert (account.failures, account.failure_reason) == (2, "second")
    assert account.known_since == shaped.at


def test_lateness_is_that_of_the_last_collection_that_was_due(shaped, monitoring):
    key = shaped.key("5")
    note(shaped, "results", "completed", LATER, "5", lateness=12.5)
    note(shaped, "results", "completed", LATER + MINUTE, "5")

    account = monitoring.collections([key])[key]

    assert (account.lateness, account.collected_at) == (12.5, LATER + MINUTE)


def test_rows_that_are_set_aside_are_counted_by_kind(shaped, monitoring):
    broken = [RowRejected("no bib", kind="result", payload={"n": n}, api_id=n) for n in (1, 2)]
    shaped.save_results("5", athlete(3), rejected=broken, at=LATER)

    assert monitoring.rejected() == [RejectedCount(1, "result", 2, LATER)]


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
