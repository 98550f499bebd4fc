"""What the monitor makes of an event that is late, or not collected at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.finding import State
from operations.health_events import owed_since
from schedulers.windows import DEFAULT, next_collection, window
from tests.unit.health.readings import (
    HOUR,
    MINUTE,
    NOW,
    PARTNER,
    SECOND,
    START,
    found,
    kinds,
    reading,
    stored,
    watched,
)


@pytest.mark.parametrize(
    ("not_collected_for", "state"),
    [
        (90 * SECOND, None),
        # 90 s until it is due, 90 s for its begin and its end, 45 s of grace.
        (225 * SECOND, None),
        (226 * SECOND, State.WARNING),
        # Due after 90 s, and 3 intervals passed since.
        (360 * SECOND, State.WARNING),
        (361 * SECOND, State.CRITICAL),
    ],
)
def test_an_event_in_its_intensive_phase_is_late_and_then_not_collected(not_collected_for, state):
    event = watched(NOW, at=NOW + not_collected_for)

    expected = [] if state is None else [(state, "ctlive:7:5")]
    assert found(reading(event, at=NOW + not_collected_for)) == expected


def test_an_event_that_was_never_collected_counts_from_its_first_due_instant():
    at = START + 5 * MINUTE + 271 * SECOND
    assert found(reading(watched(None, at=at), at=at)) == [(State.CRITICAL, "ctlive:7:5")]
    before = START + 4 * MINUTE
    assert found(reading(watched(None, at=before), at=before)) == []


def test_nobody_is_called_for_an_event_that_the_hub_has_just_learned_of():
    assert found(reading(watched(None, known_since=NOW - MINUTE))) == []
    assert found(reading(watched(None, known_since=NOW - 4 * MINUTE))) == [(State.WARNING, "ctlive:7:5")]
    assert found(reading(watched(None, known_since=NOW - 5 * MINUTE))) == [(State.CRITICAL, "ctlive:7:5")]


def test_in_its_standard_phase_an_event_is_late_and_never_critical_for_that():
    begin = START + 10 * HOUR + 5 * MINUTE
    at = begin + HOUR + 136 * SECOND
    partner = replace(PARTNER, discovered_at=at)

    assert found(reading(watched(begin, at=at), at=at, partners=[partner])) == [(State.WARNING, "ctlive:7:5")]
    much_later = at + 5 * HOUR
    [(state, _)] = found(reading(watched(begin, at=much_later), at=much_later, partners=[partner]))
    assert state is State.WARNING


@pytest.mark.parametrize(("seconds", "expected"), [(45.0, []), (45.1, [(State.WARNING, "ctlive:7:5")])])
def test_a_collection_that_began_late_is_a_warning_until_the_next_one(seconds, expected):
    assert found(reading(watched(lateness=seconds))) == expected


def test_how_late_the_last_collection_of_a_standard_phase_was_is_no_news_an_hour_long():
    at = START + 10 * HOUR + 5 * MINUTE
    assert found(reading(watched(at, at=at, lateness=900.0), at=at)) == []


def test_an_event_that_was_just_resumed_is_not_late_with_what_came_due_while_it_was_held_back():
    def resumed(minutes_ago):
        event = watched(NOW - 3 * HOUR, at=NOW, known_since=NOW - minutes_ago * MINUTE)
        return reading(event, last_sign=NOW - 3 * HOUR)

    assert found(resumed(1)) == []
    assert kinds(resumed(3)) == [(State.WARNING, "late")]
    assert kinds(resumed(5)) == [(State.CRITICAL, "not collected")]
    assert (State.CRITICAL, "silent") in kinds(resumed(11))


def test_an_event_that_came_in_in_the_future_was_noted_before_the_clock_was_set_back_and_is_judged():
    at = NOW + 361 * SECOND
    event = watched(NOW, at=at, known_since=at + HOUR)

    assert kinds(reading(event, at=at)) == [(State.CRITICAL, "not collected")]


@given(
    starts=st.lists(st.timedeltas(-HOUR, timedelta(days=3)).map(START.__add__), max_size=3).map(sorted),
    last=st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=7)).map(START.__add__),
    passed=st.timedeltas(timedelta(0), timedelta(days=8)),
)
def test_something_is_owed_just_when_the_windows_say_that_a_collection_is_overdue(starts, last, passed):
    event = stored(race_starts=tuple(starts))
    at = (last or START) + passed
    due = next_collection(event, last, at, DEFAULT)

    owed = owed_since(event, last, at, DEFAULT)

    assert (owed is not None) == (due is not None and due <= at)
    if owed is not None:
        begin, end = window(event, DEFAULT)
        assert begin <= owed <= min(due, end)
        assert last is None or last < owed
