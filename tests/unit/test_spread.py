"""Events that are due together start one after the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schedulers.spread import Spread

START = datetime(2026, 4, 18, 7, 35, tzinfo=UTC)
INTERVAL = timedelta(seconds=90)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

windows = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 72)), min_size=1, max_size=40).map(
    lambda drawn: [(START + begin * HOUR, START + (begin + length) * HOUR) for begin, length in drawn]
)


def spread_of(count, interval=INTERVAL):
    spread = Spread(interval)
    for number in range(count):
        spread.follow(str(number), START, START + HOUR)
    return spread


def test_one_event_alone_starts_at_its_due_instant():
    assert spread_of(1).offset("0") == timedelta(0)


def test_a_few_events_start_a_second_apart():
    spread = spread_of(90)

    assert [spread.offset(str(number)) for number in range(90)] == [number * SECOND for number in range(90)]


def test_many_events_are_spread_evenly_over_the_interval():
    spread = spread_of(1000)

    assert [spread.offset(str(number)) for number in range(1000)] == [
        number * INTERVAL / 1000 for number in range(1000)
    ]


def test_an_event_that_nobody_follows_has_no_offset():
    assert spread_of(5).offset("another") == timedelta(0)


def test_the_place_of_an_event_that_left_is_taken_by_the_next_one():
    spread = spread_of(3)

    assert spread.leave("1")
    spread.follow("new", START, START + HOUR)

    assert (spread.offset("new"), spread.offset("2")) == (SECOND, 2 * SECOND)
    assert not spread.leave("1")


def test_events_whose_windows_do_not_meet_start_at_their_due_instants_both():
    spread = spread_of(1)

    spread.follow("next week", START + 168 * HOUR, START + 240 * HOUR)

    assert spread.offset("next week") == timedelta(0)


def test_an_event_that_moves_among_others_gets_a_place_of_its_own():
    spread = spread_of(1)
    spread.follow("moving", START + 168 * HOUR, START + 240 * HOUR)

    spread.follow("moving", START, START + 72 * HOUR)

    assert spread.offset("moving") == SECOND


@given(windows)
def test_events_whose_windows_touch_never_start_together_and_nobody_starts_an_interval_late(drawn):
    spread = Spread(INTERVAL)
    for number, (begin, end) in enumerate(drawn):
        spread.follow(str(number), begin, end)

    offsets = [spread.offset(str(number)) for number in range(len(drawn))]
    assert all(timedelta(0) <= offset < INTERVAL for offset in offsets)
    for one, (begin, end) in enumerate(drawn):
        for other in range(one):
            if drawn[other][0] <= end and begin <= drawn[other][1]:
                assert offsets[one] != offsets[other]


@given(windows, st.data())
def test_an_event_keeps_its_order_among_the_others_while_it_is_followed(drawn, data):
    spread = Spread(INTERVAL)
    for number, (begin, end) in enumerate(drawn):
        spread.follow(str(number), begin, end)
    left = data.draw(st.sets(st.integers(0, len(drawn) - 1)))
    before = sorted((spread.offset(str(n)), n) for n in range(len(drawn)) if n not in left)

    for number in left:
        spread.leave(str(number))
    for number, (begin, end) in enumerate(drawn):
        if number not in left:
            spread.follow(str(number), begin, end)

    assert sorted((spread.offset(str(n)), n) for n in range(len(drawn)) if n not in left) == [
        (spread.offset(str(n)), n) for _, n in before
    ]
