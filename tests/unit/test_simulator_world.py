"""The simulated world: what it holds, and that a seed decides on it."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from providers.chronotrack_live.simulator.build import build_world
from providers.chronotrack_live.simulator.runners import load_runners, spread_with_oddities

START = datetime(2026, 5, 3, 13, 0, tzinfo=UTC)
world = cache(build_world)


def marathon(athletes=150):
    return world(START, athletes, 7).event("Harbour City Marathon")


def entries(event):
    return [entry for race in event.races for entry in race.entries]


def test_the_same_seed_makes_the_same_world():
    first, second = (build_world(START, 40, 7) for _ in range(2))
    assert [
        (entry.entry_id, entry.bib, [mark.chip_ms for mark in entry.marks])
        for event in first.events
        for entry in entries(event)
    ] == [
        (entry.entry_id, entry.bib, [mark.chip_ms for mark in entry.marks])
        for event in second.events
        for entry in entries(event)
    ]


def test_another_seed_makes_other_ids():
    assert {event.event_id for event in world(START, 40, 7).events}.isdisjoint(
        event.event_id for event in world(START, 40, 8).events
    )


def test_ids_of_events_races_intervals_and_brackets_do_not_depend_on_size_or_date():
    def ids(some_world):
        return [
            (
                event.event_id,
                race.race_id,
                [i.interval_id for i in race.intervals],
                [b.bracket_id for b in race.brackets],
            )
            for event in some_world.events
            for race in event.races
        ]

    assert ids(world(START, 40, 7)) == ids(world(START + timedelta(days=90), 150, 7))


def test_no_id_is_given_twice():
    for kind in ("entry_id", "external_id"):
        numbers = [getattr(e, kind) for event in world(START, 150, 7).events for e in entries(event)]
        assert len(set(numbers)) == len(numbers)
    brackets = [b.bracket_id for e in world(START, 150, 7).events for race in e.races for b in race.brackets]
    assert len(set(brackets)) == len(brackets)


def test_every_kind_of_mishap_and_oddity_is_there_from_a_hundred_athletes_on():
    event = marathon(100)
    people = [entry for entry in entries(event) if not entry.is_test]
    assert len(people) == 100
    assert any(e.verdict and e.verdict.status == "DNF" and e.marks[-1].end for e in people)
    assert any(e.verdict and e.verdict.status == "DNF" and not e.marks[-1].end for e in people)
    assert any(e.verdict and e.verdict.status == "DQ" for e in people)
    assert any(not e.marks for e in people)
    assert any(not e.bib and e.marks for e in people)
    assert any(e.marks and e.marks[0].begin is None for e in people)
    assert any(not e.athlete.first_name.isascii() for e in people)
    assert any(bib and count > 1 for bib, count in Counter(e.bib for e in people).items())
    assert any(e.marks and e.marks[-1].interval.is_full and len(e.marks) < 9 for e in people)
    assert sum(e.is_test for e in entries(event)) == 5
    assert [race.name for race in event.races] == ["Marathon", "Wheelchair Marathon"]
    assert event.races[1].entries


def test_splits_grow_towards_the_finish():
    for entry in entries(marathon()):
        chips = [mark.chip_ms for mark in entry.marks if mark.end]
        assert chips == sorted(set(chips))


def test_without_start_mat_chip_time_is_gun_time():
    for entry in entries(marathon()):
        for mark in entry.marks:
            if mark.end:
                assert mark.gun_ms == round((mark.end - entry.wave.gun).total_seconds() * 1000)
                assert (mark.begin is None) == (mark.chip_ms == mark.gun_ms)


def test_a_mark_is_published_five_to_forty_seconds_after_the_crossing():
    for entry in entries(marathon()):
        for mark in entry.marks:
            if mark.end:
                assert timedelta(seconds=5) <= mark.published_at - mark.end <= timedelta(seconds=40)


def test_a_verdict_comes_after_the_last_read_is_public():
    for entry in entries(marathon()):
        if entry.verdict:
            assert entry.verdict.at > max(mark.published_at for mark in entry.marks if mark.end)


def test_birthdates_agree_with_the_age_on_race_day():
    for event in world(START, 150, 7).events:
        for race in event.races:
            for entry in race.entries:
                day, born = race.start.date(), entry.athlete.birthdate
                had_birthday = (day.month, day.day) >= (born.month, born.day)
                assert day.year - born.year - (not had_birthday) == entry.age


def test_every_entry_has_one_plain_sex_bracket_and_one_division():
    for event in world(START, 150, 7).events:
        for entry in entries(event):
            plain = [b.kind for b in entry.brackets if b.is_plain]
            assert sorted(plain) == ["AGE", "OTHER", "SEX"]


def test_some_athletes_run_both_lakeside_races_with_an_entry_each():
    half, ten = world(START, 150, 7).event("Lakeside Half Marathon").races
    both = {e.athlete.athlete_id for e in half.entries} & {e.athlete.athlete_id for e in ten.entries}
    assert both
    assert {e.bib for e in half.entries} & {e.bib for e in ten.entries}


def test_duathlon_legs_add_up_to_the_full_course():
    (race,) = world(START, 150, 7).event("Autumn Duathlon").races
    names = [interval.name for interval in race.intervals]
    assert names == ["Run 1", "T1", "Bike", "T2", "Run 2", "Finish"]
    by_id = sorted(race.intervals, key=lambda interval: int(interval.interval_id))
    assert [interval.name for interval in by_id] != names
    for entry in race.entries:
        *legs, full = [mark.chip_ms for mark in entry.marks]
        assert sum(legs) == full


def test_other_events_never_shrink_below_twenty_athletes():
    for event in world(START, 3, 7).events:
        if event.name != "Harbour City Marathon":
            assert all(len(race.entries) >= 20 for race in event.races)


def test_a_naive_start_is_refused():
    with pytest.raises(ValueError, match="aware"):
        build_world(datetime(2026, 5, 3), 40, 7)  # noqa: DTZ001 - that is the point


def test_taking_all_runners_takes_every_one_once():
    runners = load_runners()
    assert len(runners) == 16_164
    assert spread_with_oddities(runners, 16_164) == runners
    assert len(set(spread_with_oddities(runners, 300))) == 300
