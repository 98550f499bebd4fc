"""A clock that is set back while the daemon runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from providers.clock import Clock
from schedulers.discovery import next_discovery
from schedulers.partner import Partner
from schedulers.scheduler import ChronoTrackLiveScheduler
from schedulers.settings import SchedulerSettings
from tests.integration.scripted_provider import ScriptedProvider


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


def test_credentials_that_were_refused_are_tested_soon_though_that_seems_to_lie_in_the_future(
    hub, traveller, tmp_path
):
    clock = Clock()
    partner = Partner(ScriptedProvider(hub.partner, tmp_path, clock), hub.store, clock)
    scheduler = ChronoTrackLiveScheduler([partner], hub.store, clock, SchedulerSettings.from_env({}))
    partner.refused_since = clock.now()

    traveller.shift(timedelta(hours=-1))
    scheduler.look_at_the_clock()

    account = partner.discovery_account(timedelta(hours=6))
    due = next_discovery(account, timedelta(hours=6), partner.refused_since)
    assert due <= clock.now() + timedelta(minutes=5)
    scheduler.roster.close()


def test_a_clock_that_goes_on_changes_nothing(store, traveller):
    scheduler = ChronoTrackLiveScheduler([], store, Clock(), SchedulerSettings.from_env({}))
    scheduler.start()
    planned = scheduler.lanes.waiting()

    traveller.shift(timedelta(seconds=30))
    scheduler.look_at_the_clock()

    assert scheduler.lanes.waiting()["hub"] == planned["hub"]
    scheduler.stop()
