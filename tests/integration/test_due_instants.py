"""Each due instant is worked on once, by whichever process comes first."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from providers import sync
from providers.clock import Clock
from providers.errors import ApiUnreachable, CollectedElsewhere
from providers.readings import Snapshot
from tests.integration.builders import FIELD, START, entry

DUE = datetime(2025, 6, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def at(run, provider):
    """What collects the event of `run` at an instant, due and planned when it is said; its report."""
    [event] = run.store.live_events(run.partner, START)

    def collected(now, due, planned=None, work=sync.collect_results):
        # The clock stands nearly still, so that `now` is when the work begins.
        clock = Clock.running(datetime.now(UTC), (now, 1e-6))
        return work(provider, run.store, clock, event, due, planned)

    return collected


def accounts(hub, kind="results"):
    return hub.query(
        "SELECT status, lateness_seconds::float AS late FROM sync_history WHERE sync_type = %s"
        " ORDER BY sync_time",
        kind,
    )


def test_what_another_process_has_collected_is_passed_by_without_an_account(at, provider, run):
    provider.will_read(FIELD)
    at(DUE + SECOND, DUE)

    report = at(DUE + 5 * SECOND, DUE)

    assert report.status == "skipped"
    assert "another process" in str(report.error)
    assert len(accounts(run)) == 1


def test_the_next_due_instant_is_another_matter(at, provider, run):
    provider.will_read(FIELD, FIELD)
    at(DUE, DUE)

    assert at(DUE + 90 * SECOND, DUE + 90 * SECOND).status == "completed"
    assert len(accounts(run)) == 2


def test_a_collection_that_began_late_does_not_pass_for_the_one_after_it(at, provider):
    provider.will_read(FIELD, FIELD)
    at(DUE + 90.2 * SECOND, DUE, DUE + 89.9 * SECOND)

    assert at(DUE + 179.9 * SECOND, DUE + 90 * SECOND, DUE + 179.9 * SECOND).status == "completed"


@pytest.mark.parametrize("microseconds", [0, 400, 600, 999])
def test_an_account_in_milliseconds_is_exact_enough(at, provider, microseconds):
    provider.will_read(FIELD)
    at(DUE + timedelta(microseconds=microseconds), DUE)

    assert at(DUE + SECOND, DUE).status == "skipped"


def test_what_failed_is_tried_by_the_other_process(at, provider, run):
    provider.will_read(ApiUnreachable("no answer"), FIELD)
    at(DUE, DUE)

    assert at(DUE + SECOND, DUE).status == "completed"
    assert [row["status"] for row in accounts(run)] == ["failed", "completed"]


def test_a_partial_collection_accounts_for_its_instant(at, provider):
    provider.will_read(Snapshot(iter(FIELD), complete=False))
    at(DUE, DUE)

    assert at(DUE + SECOND, DUE).status == "skipped"


def test_a_collection_by_hand_accounts_for_what_was_due_before(at, provider):
    provider.will_read(FIELD)
    at(DUE + SECOND, None)

    assert at(DUE + 2 * SECOND, DUE).status == "skipped"


def test_a_collection_by_hand_is_done_whatever_is_accounted_for(at, provider):
    provider.will_read(FIELD, FIELD)
    at(DUE, DUE)

    assert at(DUE + SECOND, None).status == "completed"


def test_an_account_from_before_the_clock_was_set_back_does_not_count(at, provider):
    provider.will_read(FIELD, FIELD)
    at(DUE + timedelta(hours=1), DUE + timedelta(hours=1))

    assert at(DUE, DUE).status == "completed"


def test_lateness_counts_from_when_it_was_to_begin(at, provider, run):
    provider.will_read(FIELD)

    at(DUE + 42.5 * SECOND, DUE, DUE + 42 * SECOND)

    assert accounts(run) == [{"status": "completed", "late": 0.5}]


def test_an_entry_list_that_was_read_does_not_account_for_the_results(at, provider):
    provider.will_read(FIELD)
    provider.entries = [entry(1)]
    at(DUE, DUE, work=sync.sync_participants)

    assert at(DUE + SECOND, DUE, work=sync.sync_participants).status == "skipped"
    assert at(DUE + SECOND, DUE).status == "completed"


def test_an_entry_list_and_results_of_one_event_do_not_wait_for_each_other(at, run, open_hub, dsn, provider):
    provider.will_read(FIELD)
    again = open_hub(dsn, "Mountain Timing")

    with again.store.claim(run.partner, "5", "participants"):
        assert at(DUE, DUE).status == "completed"
        report = at(DUE, DUE, work=sync.sync_participants)

    assert isinstance(report.error, CollectedElsewhere)
    assert accounts(run, "participants") == []


@pytest.mark.parametrize("kind", ["participants", "results"])
def test_an_import_of_the_whole_event_waits_for_either(import_it, open_hub, dsn, run, kind):
    again = open_hub(dsn, "Mountain Timing")

    with again.store.claim(run.partner, "5", kind):
        report = import_it()

    assert (report.status, accounts(run, "backfill")) == ("skipped", [])
    assert isinstance(report.error, CollectedElsewhere)


def test_a_wait_that_is_given_up_at_the_end_leaves_the_instant_due(at, provider, run):
    waiting = threading.Event()

    def busy():
        waiting.set()
        raise ApiUnreachable("no answer")

    class NeverThere:
        """Records that are asked for while the reading is stored."""

        def __iter__(self):
            provider.attempt(busy)
            yield

    provider.first_wait = 1e6
    provider.will_read(Snapshot(NeverThere(), complete=True))
    threading.Thread(target=lambda: waiting.wait(30) and provider.stop()).start()

    report = at(DUE, DUE)

    assert (report.status, report.error) == ("skipped", None)
    assert accounts(run) == []
    assert run.query("SELECT 1 FROM ct_results") == []
    [event] = run.store.live_events(run.partner, START)
    assert event.last_collection is None
