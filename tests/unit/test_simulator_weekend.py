"""The simulated weekend: what its events are like, and when the API tells of it."""

from datetime import UTC, datetime, timedelta

import pytest

from providers.chronotrack_live.simulator.directory import Directory
from providers.chronotrack_live.simulator.weekend import Weekend, build_weekend

START = datetime(2026, 5, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def world():
    return build_weekend(START, Weekend(2, 6), 7)


def test_events_take_turns_in_account_and_every_one_is_seen_by_one(world):
    first, second = world.accounts
    ids = [event.event_id for event in world.events]
    assert (first.event_ids, second.event_ids) == (set(ids[::2]), set(ids[1::2]))


def test_no_id_is_given_twice(world):
    for made in (world, build_weekend(START, Weekend(3, 40), 7)):
        races = [race for event in made.events for race in event.races]
        entries = [entry.entry_id for race in races for entry in race.entries]
        assert len({event.event_id for event in made.events}) == len(made.events)
        assert len(set(entries)) == len(entries)


def test_an_event_that_is_listed_late_is_not_among_its_accounts_before(world):
    late = world.event("Late Entry 5")
    account = next(account for account in world.accounts if late.event_id in account.event_ids)
    seen = Directory(world).events
    assert late.listed_from > late.start
    assert late not in seen(account, late.listed_from - timedelta(seconds=1))
    assert late in seen(account, late.listed_from)


def test_a_delay_is_told_after_the_start_that_was_planned_and_before_the_gun(world):
    fog = world.event("Fog 6")
    before = fog.delay.told_at - timedelta(seconds=1)
    assert fog.planned(fog.start, before) < fog.delay.told_at < fog.start
    assert fog.planned(fog.start, fog.delay.told_at) == fog.start


@pytest.mark.parametrize("text", ["13", "x", "0x5", "13x0", "13 x 200", ""])
def test_a_weekend_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError, match="13x200"):
        Weekend.read(text)


def test_a_weekend_reads_what_it_writes():
    assert Weekend.read(str(Weekend(13, 200))) == Weekend(13, 200)


def test_a_naive_start_is_refused():
    with pytest.raises(ValueError, match="aware"):
        build_weekend(datetime(2026, 5, 2), Weekend(1, 1), 7)  # noqa: DTZ001 - that is the point
