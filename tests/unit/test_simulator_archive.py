"""The simulated archive: what its events are like, and who sees them."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from providers.chronotrack_live.simulator.archive import Archive, build_archive
from providers.chronotrack_live.simulator.command import command

START = datetime(2026, 5, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def world():
    return build_archive(START, Archive(2, 28), 7)


def test_events_lie_in_the_two_years_before_and_the_latest_is_four_days_old(world):
    begun = [event.start for event in world.events]
    assert begun == sorted(begun)
    assert begun[-1] == START - timedelta(days=4)
    assert START - timedelta(days=730) <= begun[0] < START - timedelta(days=690)


def test_every_account_has_every_kind_of_event(world):
    for account in world.accounts:
        own = [event for event in world.events if event.event_id in account.event_ids]
        assert len(own) == 14
        assert any(event.is_archived for event in own)
        assert any(not event.is_published for event in own)
        assert any(event.end is None for event in own)
        assert any(len(event.races) > 1 for event in own)
        assert any(not any(entry.marks for entry in event.races[0].entries) for event in own)


def test_no_id_is_given_twice(world):
    races = [race for event in world.events for race in event.races]
    entries = [entry.entry_id for race in races for entry in race.entries]
    assert len({event.event_id for event in world.events}) == len(world.events)
    assert len(set(entries)) == len(entries)


def test_races_are_as_large_as_asked_for():
    [event, *_] = build_archive(START, Archive(1, 1, 500), 7).events
    assert len(event.races[0].entries) == 500


@pytest.mark.parametrize("text", ["13", "x", "0x5", "13x0", "13 x 200", "", "1x2x0"])
def test_an_archive_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError, match="13x260"):
        Archive.read(text)


def test_an_archive_reads_what_it_writes():
    assert Archive.read(str(Archive(13, 260))) == Archive.read("13x260") == Archive(13, 260)
    assert Archive.read("2x20x500") == Archive(2, 20, 500)


def test_a_naive_start_is_refused():
    with pytest.raises(ValueError, match="aware"):
        build_archive(datetime(2026, 5, 2), Archive(1, 1), 7)  # noqa: DTZ001 - that is the point


def test_a_weekend_and_an_archive_at_once_are_refused():
    shown = CliRunner().invoke(command, ["--archive", "1x1", "--weekend", "1x1"])

    assert shown.exit_code == 2
    assert "--weekend and --archive are two worlds" in shown.output
