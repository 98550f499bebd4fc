"""What the monitor makes of credentials that are new, whichever clock wrote them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from operations.finding import State
from operations.reading import Reading
from tests.unit.health.readings import HOUR, MINUTE, NOW, PARTNER, found, kinds, reading, written


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (written(NOW - 10 * MINUTE), []),
        (written(NOW - 11 * MINUTE), [(State.WARNING, "not taken over")]),
        (written(NOW - 11 * MINUTE) | {"looked_at": NOW - 11 * MINUTE}, []),
        # An operator's test is not the scheduler's; one that failed may be.
        (written(NOW - 11 * MINUTE) | {"tested_at": NOW - 9 * MINUTE}, [(State.WARNING, "not taken over")]),
        (written(NOW - 11 * MINUTE) | {"tested_at": NOW - 9 * MINUTE, "tested_status": "failed"}, []),
        (
            written(NOW - 11 * MINUTE) | {"looked_at": None, "discovered_at": None, "tested_at": None},
            [(State.WARNING, "not taken over")],
        ),
    ],
)
def test_a_partner_whose_new_credentials_a_scheduler_that_lives_does_not_work_with_is_a_warning(
    changes, expected
):
    read = reading(partners=[replace(PARTNER, **changes)], last_sign=NOW - 3 * HOUR)

    assert kinds(read) == expected


def test_where_nothing_lives_new_credentials_are_no_matter_of_the_partner():
    partner = replace(PARTNER, discovered_at=None, looked_at=None, **written(NOW - HOUR))

    assert kinds(reading(partners=[partner], last_sign=NOW - 7 * HOUR)) == [(State.CRITICAL, "silent")]


@pytest.mark.parametrize(
    ("local", "looked", "expected"),
    [
        # By the clock on the wall of a zone ahead of UTC; taken over a minute later.
        (NOW - 30 * MINUTE, NOW - 29 * MINUTE, []),
        (NOW - 30 * MINUTE, NOW - 31 * MINUTE, []),
    ],
)
def test_a_row_that_was_written_by_the_wall_clock_of_a_zone_ahead_has_its_time(local, looked, expected):
    partner = replace(PARTNER, looked_at=looked, **written(local + 2 * HOUR, local))

    assert kinds(reading(partners=[partner])) == expected


def test_a_new_partner_whose_row_has_the_wall_clock_of_a_zone_behind_is_not_given_up_at_once():
    def read(minutes):
        instant = NOW - minutes * MINUTE
        partner = replace(
            PARTNER,
            tested_at=None,
            looked_at=None,
            discovered_at=None,
            **written(instant - 5 * HOUR, instant),
        )
        return Reading(at=NOW, partners=[partner])

    assert found(read(9)) == []
    assert kinds(read(11)) == [(State.CRITICAL, "silent")]
