"""A clock that is set back while the daemon runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from providers.clock import Clock
from schedulers.scheduler import ChronoTrackLiveScheduler
from schedulers.settings import SchedulerSettings


@pytest.fixture
def traveller():
    """The clock, which stands at seven in the morning until it is moved."""
    with time_machine.travel(datetime(2026, 4, 18, 7, tzinfo=UTC), tick=False) as moved:
        yield moved


def test_what_waits_for_its_instant_is_planned_afresh(store, traveller, capsys):
    scheduler = ChronoTrackLiveScheduler([], store, Clock(), SchedulerSettings.from_env({}))
    scheduler.start()
    planned = scheduler.lanes.waiting()

    traveller.shift(timedelta(hours=-1))
    scheduler.look_at_the_clock()

    assert scheduler.lanes.waiting()["hub"] == planned["hub"] - timedelta(hours=1)
    assert "clock.set_back" in capsys.readouterr().out
    scheduler.stop()


def test_a_clock_that_goes_on_changes_nothing(store, traveller):
    scheduler = ChronoTrackLiveScheduler([], store, Clock(), SchedulerSettings.from_env({}))
    scheduler.start()
    planned = scheduler.lanes.waiting()

    traveller.shift(timedelta(seconds=30))
    scheduler.look_at_the_clock()

    assert scheduler.lanes.waiting()["hub"] == planned["hub"]
    scheduler.stop()
