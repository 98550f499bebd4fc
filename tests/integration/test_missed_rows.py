"""Rows that a reading that was not whole has missed: what is kept of an athlete stays until a whole one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers.records import Split
from tests.integration.builders import LATER, athlete

AGAIN = LATER + timedelta(seconds=90)


def splits(*numbers):
    return tuple(
        Split(interval_id=str(n), name=f"{n} km", chip_time=timedelta(minutes=5 * n), gun_time=None, rank=n)
        for n in numbers
    )


def started(**fields):
    return athlete(1, status="started", chip_time=None, overall_place=None, finish_time=None, **fields)


@pytest.mark.parametrize(
    ("kept", "missed"),
    [
        (athlete(1), started(splits=athlete(1).splits)),
        (started(splits=splits(1, 2, 3)), started(splits=splits(1, 3))),
        (athlete(1, splits=splits(1, 2)), athlete(1, splits=(), overall_place=7)),
    ],
    ids=["finish", "split", "splits of a finisher"],
)
def test_a_reading_that_is_not_whole_takes_nothing_away_that_the_next_whole_one_may(run, kept, missed):
    run.save_results("5", kept, athlete(2))
    before = run.query("SELECT * FROM ct_results ORDER BY id")

    report = run.save_results("5", missed, athlete(2), complete=False, at=LATER)

    assert run.query("SELECT * FROM ct_results ORDER BY id") == before
    assert (report.written, report.statistics["left_as_kept"]) == (0, 1)
    assert run.save_results("5", missed, athlete(2), at=AGAIN).written == 1


def test_a_reading_that_is_not_whole_brings_what_is_new_and_says_who_is_out(run):
    run.save_results("5", started(splits=splits(1)), athlete(2, splits=splits(1)), athlete(3, status="dq"))

    run.save_results(
        "5",
        started(splits=splits(1, 2)),
        athlete(2, status="dq", splits=(), overall_place=None),
        athlete(3, status="dq", chip_time=None, overall_place=None, splits=()),
        complete=False,
        at=LATER,
    )

    rows = run.query("SELECT * FROM ct_results ORDER BY provider_result_id")
    assert [(row["result_status"], len(row["split_times"]), row["overall_place"]) for row in rows] == [
        ("started", 2, None),
        ("dq", 1, 2),
        ("dq", 1, 3),
    ]
    assert rows[2]["chip_time"] == athlete(3).chip_time
