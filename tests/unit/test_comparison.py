"""The comparison with the ground truth finds whatever differs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from operations.comparison import compare

ATHLETE = {
    "entry_id": "7",
    "bib": "12",
    "first_name": "Ciríaco",
    "last_name": "Pi",
    "status": "finished",
    "chip_seconds": 5400.25,
    "gun_seconds": 5410.0,
    "overall_place": 3,
    "gender_place": 2,
    "division_place": 1,
    "splits": [
        {"interval_id": "1", "name": "5K", "chip_seconds": 900.0, "gun_seconds": 910.0, "rank": 4},
    ],
}
ROW = {
    "provider_result_id": "7",
    "results_bib": "12",
    "results_first_name": "Ciríaco",
    "results_last_name": "Pi",
    "result_status": "finished",
    "chip_time": timedelta(seconds=5400, milliseconds=250),
    "gun_time": timedelta(seconds=5410),
    "overall_place": 3,
    "gender_place": 2,
    "division_place": 1,
    "split_times": ATHLETE["splits"],
}


def differing_fields(athlete, rows):
    truth = {"event_name": "Harbour City Marathon", "athletes": [athlete]}
    return [difference.field for difference in compare(truth, rows).differences]


def test_an_athlete_kept_as_published_does_not_differ():
    assert differing_fields(ATHLETE, [ROW]) == []


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        ("results_bib", None, "bib"),
        ("results_first_name", "Ciriaco", "first_name"),
        ("results_last_name", "P", "last_name"),
        ("result_status", "started", "status"),
        ("chip_time", timedelta(seconds=5400, milliseconds=251), "chip time"),
        ("gun_time", None, "gun time"),
        ("overall_place", 4, "overall_place"),
        ("gender_place", None, "gender_place"),
        ("division_place", 2, "division_place"),
        ("split_times", [], "splits"),
    ],
)
def test_each_field_that_differs_is_named(column, value, field):
    assert differing_fields(ATHLETE, [ROW | {column: value}]) == [field]


def test_a_missing_athlete_one_too_many_and_one_who_should_have_no_row_are_found():
    assert differing_fields(ATHLETE, []) == ["result"]
    assert differing_fields(ATHLETE, [ROW, ROW | {"provider_result_id": "8"}]) == ["result"]
    assert differing_fields(ATHLETE | {"status": None}, [ROW]) == ["result"]
    assert differing_fields(ATHLETE | {"status": None}, []) == []
