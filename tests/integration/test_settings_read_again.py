"""Other settings while the scheduler runs: what is planned follows, what runs is not disturbed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from providers.readings import Snapshot
from providers.records import ProviderEvent
from schedulers.settings import SchedulerSettings
from tests.acceptance.conftest import wait_until
from tests.integration.running_scheduler import PATIENCE, Schedulers

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def schedulers(hub, daemon_dsn, tmp_path):
    with Schedulers(daemon_dsn, tmp_path / "budget") as schedulers:
        yield schedulers


@pytest.fixture
def publish(hub):
    """Publishes two events that started so long ago; returns the names of their collections."""

    def published(ago):
        start = datetime.now(UTC) - ago
        for number in ("1", "2"):
            hub.save_events(ProviderEvent(provider_event_id=number, name=f"Mile {number}", start_time=start))
        return [f"results {hub.key(number)}" for number in ("1", "2")]

    return published


def settings(**values):
    return SchedulerSettings.from_env({f"CHRONOTRACK_LIVE_{name}": value for name, value in values.items()})


def collected(hub):
    return hub.query(
        "SELECT count(*) AS n FROM sync_history WHERE sync_type = 'results' AND status = 'completed'"
    )[0]["n"]


def test_windows_that_have_begun_by_other_settings_are_collected_at_once_and_so_many_side_by_side(
    hub, schedulers, publish, clock
):
    names = publish(MINUTE)
    scheduler, provider = schedulers.start(hub.partner, clock, CHRONOTRACK_LIVE_MAX_CONCURRENT_EVENTS="1")
    together = threading.Barrier(2)

    def read(_):
        together.wait(PATIENCE)
        return Snapshot(iter(()), complete=True)

    provider.get_results = read
    wait_until(lambda: scheduler.lanes.waiting().keys() >= set(names))
    assert collected(hub) == 0

    scheduler.go_by(settings(INITIAL_DELAY_MINUTES="0", MAX_CONCURRENT_EVENTS="2"))

    wait_until(lambda: collected(hub) == 2)


def test_a_collection_under_way_ends_undisturbed_and_what_comes_next_follows_the_other_settings(
    hub, schedulers, publish, clock
):
    names = publish(2 * HOUR)
    scheduler, provider = schedulers.start(hub.partner, clock)
    reading, go_on = threading.Semaphore(0), threading.Event()

    def read(_):
        reading.release()
        assert go_on.wait(PATIENCE)
        return Snapshot(iter(()), complete=True)

    provider.get_results = read
    assert all(reading.acquire(timeout=PATIENCE) for _ in names)

    scheduler.go_by(settings(INTENSIVE_INTERVAL_SECONDS="7200", MAX_CONCURRENT_EVENTS="3"))
    go_on.set()

    wait_until(lambda: scheduler.lanes.waiting().keys() >= set(names))
    assert collected(hub) == 2
    assert min(scheduler.lanes.waiting()[name] for name in names) > datetime.now(UTC) + MINUTE


def test_a_window_that_is_over_by_other_settings_has_no_collection_any_more(hub, schedulers, publish, clock):
    names = publish(10 * HOUR)
    scheduler, provider = schedulers.start(hub.partner, clock)
    provider.get_results = lambda _: Snapshot(iter(()), complete=True)
    wait_until(lambda: collected(hub) == 2 and scheduler.lanes.waiting().keys() >= set(names))

    scheduler.go_by(settings(MAX_COLLECTION_HOURS="7"))

    assert scheduler.lanes.waiting().keys().isdisjoint(names)


def test_discoveries_that_are_to_be_more_frequent_are(hub, schedulers, clock):
    scheduler, _ = schedulers.start(hub.partner, clock)

    def planned_after(least):
        at = scheduler.lanes.waiting().get("discovery 1")
        return at and at > datetime.now(UTC) + least and at

    first = wait_until(lambda: planned_after(5 * HOUR))

    scheduler.go_by(settings(DISCOVERY_INTERVAL_HOURS="1"))

    assert wait_until(lambda: (at := planned_after(30 * MINUTE)) and at < first and at) == first - 5 * HOUR
    assert [row["n"] for row in hub.query("SELECT count(*) AS n FROM sync_history")] == [2]
