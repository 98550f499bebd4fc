"""The scheduler and one event: what failed is owed, what TCP has is left, who goes meanwhile is let go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from providers.clock import Clock
from providers.errors import ApiUnreachable
from providers.readings import Snapshot
from schedulers.observer import Nobody
from schedulers.settings import SchedulerSettings
from tests.acceptance.conftest import wait_until
from tests.integration.builders import FIELD, START, entry
from tests.integration.running_scheduler import Schedulers

# The last race of RUN starts an hour after the event.
RACE = START + timedelta(hours=1)
FINAL = RACE + timedelta(hours=72)
MINUTE = timedelta(minutes=1)
RESULTS, ENTRIES = "results ctlive:1:5", "participants ctlive:1:5"
DOWN = ApiUnreachable("no answer")


@pytest.fixture
def schedulers(run, daemon_dsn, tmp_path):
    with Schedulers(daemon_dsn, tmp_path / "budget") as schedulers:
        yield schedulers


def clock_at(instant, speed=600.0):
    return Clock.running(datetime.now(UTC), (instant, speed))


def collections(hub, *statuses):
    rows = hub.query(
        "SELECT sync_time FROM sync_history WHERE sync_type = 'results' AND status = ANY (%s) ORDER BY 1",
        list(statuses or ("completed", "partial")),
    )
    return [row["sync_time"].replace(tzinfo=UTC) for row in rows]


# What failed --------------------------------------------------------------------------------------------


def test_the_last_collection_that_fails_is_tried_again_after_5_minutes(run, schedulers):
    clock = clock_at(FINAL - MINUTE)
    run.save_results("5", *FIELD, at=FINAL - 50 * MINUTE)
    schedulers.start(run.partner, clock, prepare=lambda provider: provider.will_read(DOWN, DOWN, FIELD))

    wait_until(lambda: len(collections(run)) == 2)

    first, second = collections(run, "failed")
    assert first >= FINAL
    assert second >= first + 5 * MINUTE
    assert collections(run)[-1] >= second + 5 * MINUTE


def test_a_last_collection_that_failed_is_made_up_for_after_a_restart_but_not_sooner_than_it_would_have_been(
    run, schedulers
):
    clock = clock_at(FINAL - MINUTE, speed=120.0)
    run.save_results("5", *FIELD, at=FINAL - 50 * MINUTE)
    before, _ = schedulers.start(run.partner, clock, prepare=lambda provider: provider.will_read(DOWN))
    [failed] = wait_until(lambda: collections(run, "failed"))
    schedulers.stop(before)

    schedulers.start(run.partner, clock, prepare=lambda provider: provider.will_read(FIELD))

    wait_until(lambda: len(collections(run)) == 2)
    assert collections(run)[-1] >= failed + 5 * MINUTE


def test_a_last_collection_that_failed_is_not_made_up_for_when_a_day_has_passed(run, schedulers):
    run.save_results("5", *FIELD, at=FINAL - 50 * MINUTE)
    run.query(
        "INSERT INTO sync_history (timing_partner_id, provider_id, event_id, sync_type, operation_type,"
        " status, sync_time)"
        " SELECT 1, provider_id, 'ctlive:1:5', 'results', 'results', 'failed', %s"
        " FROM providers WHERE name = 'ChronoTrack Live'",
        FINAL.replace(tzinfo=None),
    )
    store, partner = run.store, run.partner

    [owed] = store.live_events(partner, RACE)

    assert (owed.last_collection, owed.last_failure) == (FINAL - 50 * MINUTE, FINAL)
    # Its end, seven hours after the race's start, counts as well.
    late = clock_at(FINAL + timedelta(hours=31, minutes=1), speed=1.0)
    scheduler, provider = schedulers.start(run.partner, late)
    wait_until(lambda: "discovery 1" in scheduler.lanes.waiting() and provider.discoveries)
    assert RESULTS not in scheduler.lanes._known


def test_what_failed_before_one_that_went_well_is_forgotten(run, schedulers):
    clock = clock_at(FINAL - MINUTE)
    run.save_results("5", *FIELD, at=FINAL - 50 * MINUTE)
    scheduler, _ = schedulers.start(
        run.partner, clock, prepare=lambda provider: provider.will_read(DOWN, FIELD)
    )
    wait_until(lambda: len(collections(run)) == 2)

    [event] = run.store.live_events(run.partner, RACE)
    assert event.failed is None
    wait_until(lambda: RESULTS not in scheduler.lanes._known)


# What moved while it was read ---------------------------------------------------------------------------


def lists_of_entries(*whole):
    """Prepare a provider whose entry lists are whole, or not, in this order; the last one stays."""
    readings = [*whole]

    def prepare(provider):
        provider.get_participants = lambda _: Snapshot(
            iter([entry(1)]), complete=readings.pop(0) if len(readings) > 1 else readings[0]
        )

    return prepare


def entry_lists(hub):
    rows = hub.query("SELECT sync_time FROM sync_history WHERE sync_type = 'participants' ORDER BY 1")
    return [row["sync_time"].replace(tzinfo=UTC) for row in rows]


def test_an_entry_list_that_moved_is_read_again_after_5_minutes_and_each_time_twice_as_late(run, schedulers):
    clock = clock_at(RACE - timedelta(hours=12))

    scheduler, _ = schedulers.start(run.partner, clock, prepare=lists_of_entries(False, False, True))

    first, second, third = wait_until(lambda: entry_lists(run) if len(entry_lists(run)) == 3 else None)
    assert 5 * MINUTE <= second - first < timedelta(hours=6)
    assert 10 * MINUTE <= third - second < timedelta(hours=6)
    # The race's start is next: the list was whole.
    assert wait_until(lambda: scheduler.lanes.waiting().get(ENTRIES)) >= clock.wall(RACE)


def test_an_entry_list_that_moved_is_read_again_after_5_minutes_though_all_is_planned_afresh_meanwhile(
    run, schedulers
):
    clock = clock_at(RACE - timedelta(hours=12), speed=1.0)
    scheduler, _ = schedulers.start(run.partner, clock, prepare=lists_of_entries(False))
    wait_until(lambda: entry_lists(run))
    again = wait_until(lambda: scheduler.lanes.waiting().get(ENTRIES))

    scheduler.go_by(SchedulerSettings.from_env({}))

    assert again < clock.wall(RACE)
    assert scheduler.lanes.waiting()[ENTRIES] == again


def test_an_entry_list_whose_lock_was_lost_on_the_way_was_not_read_and_is_read_after_5_minutes(
    run, schedulers
):
    losses = ["SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory'"]

    def lose_the_lock_once(provider):
        def entries(_):
            if losses:
                run.query(losses.pop())
            return Snapshot(iter([entry(1)]), complete=True)

        provider.get_participants = entries

    clock = clock_at(RACE - timedelta(hours=12))
    began = clock.now()
    schedulers.start(run.partner, clock, prepare=lose_the_lock_once)

    [read] = wait_until(lambda: entry_lists(run))
    assert not losses
    assert 5 * MINUTE <= read - began < timedelta(hours=6)


@pytest.mark.parametrize("whole", [True, None])
def test_an_entry_list_that_is_whole_or_does_not_say_is_read_once(run, schedulers, whole):
    clock = clock_at(RACE - timedelta(hours=12))

    scheduler, _ = schedulers.start(run.partner, clock, prepare=lists_of_entries(whole))

    wait_until(lambda: entry_lists(run))
    assert wait_until(lambda: scheduler.lanes.waiting().get(ENTRIES)) >= clock.wall(RACE)
    assert len(entry_lists(run)) == 1


# What TCP has -------------------------------------------------------------------------------------------


def tcp_delivers(hub):
    hub.query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
        " VALUES ('5', 'Harbour Run', %s, 1)",
        START.replace(tzinfo=None),
    )
    hub.query("INSERT INTO ct_results (event_id, timing_partner_id) VALUES ('5', 1)")
    hub.query("UPDATE ct_events SET duplicate_of = '5' WHERE event_id = 'ctlive:1:5'")


def tcp_withdraws(hub):
    hub.query("DELETE FROM ct_results WHERE event_id = '5'")
    hub.query("UPDATE ct_events SET duplicate_of = NULL WHERE event_id = 'ctlive:1:5'")
    hub.query("DELETE FROM ct_events WHERE event_id = '5'")


def test_neither_entry_list_nor_results_of_a_superseded_event_are_read_until_tcp_lets_it_go(run, schedulers):
    # An interval of the hub's reading takes a second and a half.
    clock = clock_at(RACE - timedelta(hours=30), speed=60.0)
    scheduler, _ = schedulers.start(run.partner, clock)
    wait_until(lambda: {RESULTS, ENTRIES} <= scheduler.lanes.waiting().keys())

    tcp_delivers(run)
    wait_until(lambda: not {RESULTS, ENTRIES} & scheduler.lanes.waiting().keys())

    tcp_withdraws(run)
    wait_until(lambda: {RESULTS, ENTRIES} <= scheduler.lanes.waiting().keys())


# Who goes meanwhile -------------------------------------------------------------------------------------


def hold_discovery(provider):
    provider.go_on.clear()


def test_nothing_is_planned_for_a_partner_who_is_dismissed_during_his_discovery(run, schedulers):
    clock = clock_at(RACE - timedelta(hours=30), speed=1.0)
    scheduler, provider = schedulers.start(run.partner, clock, prepare=hold_discovery)
    assert provider.discovering.wait(60)

    scheduler.dismiss(1)
    provider.go_on.set()

    wait_until(lambda: "discovery 1" not in scheduler.lanes._known)
    assert not {RESULTS, ENTRIES, "discovery 1"} & scheduler.lanes.waiting().keys()
    assert scheduler._agenda.event("ctlive:1:5") is None


def test_a_partner_who_was_dismissed_during_his_discovery_has_all_of_his_events_when_he_comes_back(
    run, schedulers
):
    clock = clock_at(RACE - timedelta(hours=30), speed=1.0)
    scheduler, provider = schedulers.start(run.partner, clock, prepare=hold_discovery)
    assert provider.discovering.wait(60)
    scheduler.dismiss(1)
    provider.go_on.set()
    wait_until(lambda: "discovery 1" not in scheduler.lanes._known)

    partner, _ = schedulers.partner(run.partner, clock, run.store)
    scheduler.admit(partner)

    wait_until(lambda: RESULTS in scheduler.lanes.waiting())


def test_credentials_that_change_during_a_discovery_are_tested_at_once(run, schedulers):
    clock = clock_at(RACE - timedelta(hours=30), speed=1.0)
    scheduler, provider = schedulers.start(run.partner, clock, prepare=hold_discovery)
    assert provider.discovering.wait(60)

    changed, its_provider = schedulers.partner(run.partner, clock, run.store)
    scheduler.admit(changed)
    assert its_provider.tests == 0
    provider.go_on.set()

    wait_until(lambda: its_provider.discoveries == 1 and "discovery 1" in scheduler.lanes.waiting())
    assert (provider.tests, its_provider.tests) == (1, 1)


# Who looks on ------------------------------------------------------------------------------------------


def test_a_second_reading_that_follows_at_once_is_seen_as_well(run, schedulers):
    class Notes(Nobody):
        def __init__(self):
            self.seen = []

        def done(self, report, partner):
            if report.sync_type == "results":
                self.seen.append(report.seen)

    notes = Notes()
    run.save_results("5", *FIELD, at=FINAL - 50 * MINUTE)

    # One of forty is gone: the reading that misses him is repeated.
    schedulers.start(
        run.partner,
        clock_at(FINAL - MINUTE),
        prepare=lambda provider: provider.will_read(FIELD[1:], FIELD),
        observer=notes,
    )

    wait_until(lambda: notes.seen == [39, 40])
