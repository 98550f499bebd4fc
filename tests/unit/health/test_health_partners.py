"""What the monitor makes of a partner: refusals, discoveries, rows set aside or shown twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from database.monitoring import RejectedCount
from operations.finding import State
from tests.unit.health.readings import HOUR, MINUTE, NOW, PARTNER, SECOND, found, reading, watched, written


def test_a_refused_partner_is_critical_and_its_events_are_not_found_as_well():
    partner = replace(PARTNER, tested_at=NOW + HOUR, tested_status="failed", tested_category="refused")
    at = NOW + HOUR + MINUTE
    event = watched(NOW, at=at, partner=partner, failures=9)

    assert found(reading(event, at=at, partners=[partner])) == [
        (State.CRITICAL, "partner 7 (Harbour Timing)")
    ]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"discovered_at": NOW - 12 * HOUR}, None),
        ({"discovered_at": NOW - 12 * HOUR - SECOND}, State.WARNING),
        ({"discovered_at": None}, State.WARNING),
        ({"discovered_at": None, **written(None)}, State.WARNING),
        # New credentials have their time.
        ({"discovered_at": None, **written(NOW - 5 * MINUTE)}, None),
        ({"discovered_at": None, **written(NOW - 2 * HOUR)}, None),
        ({"discovered_at": None, "looked_at": NOW - HOUR, **written(NOW - 12 * HOUR)}, None),
        ({"failures": 2}, None),
        ({"failures": 3, "failure_reason": "no connection"}, State.WARNING),
    ],
)
def test_a_partner_whose_events_are_not_looked_for_is_a_warning(changes, state):
    expected = [] if state is None else [(state, "partner 7 (Harbour Timing)")]
    assert found(reading(partners=[replace(PARTNER, **changes)])) == expected


def test_rows_that_are_set_aside_are_a_warning_from_the_threshold_on():
    read = reading(
        rejected=[RejectedCount(7, "result", 2, 2, NOW), RejectedCount(7, "participant", 1, 1, NOW)]
    )

    assert found(read) == [(State.WARNING, "partner 7 (Harbour Timing)")]
    assert found(read, rejected_rows=4) == []


def test_rows_that_were_set_aside_in_a_race_of_long_ago_are_counted_and_no_warning():
    read = reading(rejected=[RejectedCount(7, "result", 2, 0, NOW - timedelta(days=700))])

    assert found(read) == []
    assert read.set_aside(7) == 2


def test_events_that_are_shown_twice_are_a_warning_and_those_that_stand_aside_are_not():
    def pair(shown):
        return {"timing_partner_id": 7, "shown": shown}

    assert found(reading(duplicates=[pair("TCP"), pair("API until TCP has results")])) == []
    assert found(reading(duplicates=[pair("both")])) == [(State.WARNING, "partner 7 (Harbour Timing)")]
    assert found(reading(duplicates=[pair("both")]), duplicates=2) == []


def test_a_partner_that_was_asked_for_and_has_no_credentials_is_unknown():
    assert found(reading(partners=(), without_credentials=[9])) == [(State.UNKNOWN, "partner 9")]


def test_that_nobody_has_credentials_is_a_warning():
    assert found(reading(partners=())) == [(State.WARNING, "partners")]
