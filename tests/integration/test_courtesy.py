"""What a backfill leaves to a race that is under way, as the hub knows of it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backfill.courtesy import Courtesy
from providers.clock import Clock
from providers.errors import DatabaseUnavailable
from providers.records import ProviderRace
from tests.integration.builders import RUN, athlete
from tests.integration.scripted_provider import ScriptedProvider

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def event(*race_starts, start):
    races = tuple(
        ProviderRace(provider_race_id=str(number), planned_start=instant)
        for number, instant in enumerate(race_starts)
    )
    return replace(RUN, start_time=start, end_time=start + 8 * HOUR, races=races)


def under_way(hub, at):
    return hub.store.race_under_way(hub.partner, at - timedelta(hours=5, minutes=5), at)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (event(start=NOW - HOUR), "Harbour Run"),
        (event(start=NOW - 6 * HOUR), None),
        (event(start=NOW + HOUR), None),
        (event(NOW - HOUR, start=NOW - 20 * HOUR), "Harbour Run"),
        (event(NOW - 20 * HOUR, NOW - HOUR, start=NOW - 20 * HOUR), "Harbour Run"),
        (event(NOW + HOUR, start=NOW - HOUR), None),
    ],
    ids=["begun", "long over", "to come", "a late race", "a second race", "a race to come"],
)
def test_a_race_is_under_way_from_its_start_to_the_end_of_its_intensive_phase(hub, known, expected):
    hub.save_events(known)

    assert under_way(hub, NOW) == expected


def test_another_partners_race_and_one_that_tcp_delivers_do_not_count(hub, open_hub, dsn):
    other = open_hub(dsn, "Lakeside Timing")
    other.save_events(event(start=NOW - HOUR))
    assert under_way(hub, NOW) is None

    other.save_results("5", athlete(1))
    other.query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
        " VALUES ('61', 'harbour run', '2025-06-01 11:00', %s)",
        other.partner.timing_partner_id,
    )
    other.query(
        "INSERT INTO ct_results (event_id, timing_partner_id) VALUES ('61', %s)",
        other.partner.timing_partner_id,
    )
    other.save_events(event(start=NOW - HOUR))

    assert under_way(other, NOW) is None


@pytest.fixture
def race_clock():
    return Clock.running(datetime.now(UTC), (NOW, 1.0))


@pytest.fixture
def adapter(hub, tmp_path, race_clock):
    with closing(ScriptedProvider(hub.partner, tmp_path / "budget", race_clock)) as opened:
        yield opened


def test_beside_a_race_half_of_budget_and_connections_is_used_and_that_is_said_once(hub, adapter, race_clock):
    said = []
    hub.save_events(event(start=NOW - HOUR))

    courtesy = Courtesy(adapter, hub.store, race_clock, 0.5, 10, said.append)

    assert [(courtesy.share(), courtesy.connections()) for _ in range(3)] == [(0.5, 5)] * 3
    assert said == [
        f"{hub.partner.label}: a race of Harbour Run is under way; the backfill uses at most 750 of 1,500 "
        "requests a minute and 5 of 10 connections meanwhile."
    ]


def test_without_a_race_everything_may_be_used(hub, adapter, race_clock):
    said = []

    courtesy = Courtesy(adapter, hub.store, race_clock, 0.5, 10, said.append)

    assert (courtesy.share(), courtesy.connections(), said) == (1.0, None, [])


def test_a_race_that_begins_later_and_one_that_ends_are_noticed(hub, adapter):
    hub.save_events(event(start=NOW + HOUR))
    clock = Clock.running(datetime.now(UTC), (NOW, 36_000.0))  # ten hours a second
    courtesy = Courtesy(adapter, hub.store, clock, 0.5, 10, lambda _: None)

    shares = []
    while clock.now() < NOW + 12 * HOUR:
        shares.append(courtesy.share())

    changes = [share for share, before in zip(shares, [None, *shares], strict=False) if share != before]
    assert changes == [1.0, 0.5, 1.0]


def test_whoever_wants_everything_gets_it(hub, adapter, race_clock):
    hub.save_events(event(start=NOW - HOUR))

    courtesy = Courtesy(adapter, hub.store, race_clock, 1.0, 10, lambda _: None)

    assert (courtesy.share(), courtesy.connections()) == (1.0, None)


class LostHub:
    """Knows of a race, and is lost then."""

    def __init__(self):
        self.asked = 0

    def race_under_way(self, credentials, since, until):
        self.asked += 1
        if self.asked > 1:
            raise DatabaseUnavailable("gone")
        return "Harbour Run"


def test_while_the_hub_cannot_be_asked_what_it_said_last_holds(adapter):
    hub = LostHub()
    clock = Clock.running(datetime.now(UTC), (NOW, 36_000.0))
    courtesy = Courtesy(adapter, hub, clock, 0.5, 10, lambda _: None)

    assert courtesy.share() == 0.5
    while hub.asked < 2:
        assert courtesy.share() == 0.5
    assert courtesy.share() == 0.5
