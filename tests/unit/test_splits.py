"""The splits of a result: in course order, and kept where they cannot be read."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from tests.unit.result_rows import START, full, only, split


def test_splits_stand_in_course_order_whatever_order_they_came_in():
    rows = [full(), split("3", "30:00"), split("1", "10:00"), split("10", "40:00"), split("2", "20:00")]
    assert [part.interval_id for part in only(rows).splits] == ["1", "2", "3", "10"]


def test_a_leg_stands_where_it_ends_and_not_where_its_time_would_put_it():
    leg = split("3", "5:00", end_chip_time=str(START + 1500))  # from 20:00 to 25:00
    rows = [leg, split("2", "20:00"), split("4", "30:00")]
    assert [part.interval_id for part in only(rows).splits] == ["2", "3", "4"]


@pytest.mark.parametrize("unknown", ["", None, "0", 0, "nan", "inf", "-inf", "1e999", "soon"])
def test_splits_without_a_known_end_come_last_by_their_times(unknown):
    rows = [
        split("4", "8:00", end_chip_time=unknown),
        split("2", "20:00"),
        split("3", "5:00", end_chip_time=unknown),
        split("1", "10:00"),
    ]
    assert [part.interval_id for part in only(rows).splits] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("field", "sent", "name", "read"),
    [
        ("time", "later", "chip_time", None),
        ("gun_time", ["00:20:00.000"], "gun_time", None),
        ("rank", "-4", "rank", None),
        ("interval_name", "10\x00K", "name", "10K"),
        ("interval_name", "10K\ud83d", "name", "10K\ufffd"),
        ("interval_name", {"de": "Ziel"}, "name", None),
    ],
)
def test_what_cannot_be_read_of_a_split_is_kept_with_the_result(field, sent, name, read):
    result = only([full(), split("901", "20:00", **{field: sent}), split("902", "30:00")])
    assert getattr(result.splits[0], name) == read
    [kept] = result.additional_data["splits"]
    assert kept["interval_id"] == "901"
    assert set(kept) == {"interval_id", f"results_{field}"}


@pytest.mark.parametrize("odd", ["", None, "\x00", " 20:00 ", 12, 1.5, [], {}, "x\ud800"])
@pytest.mark.parametrize("field", ["interval_name", "time", "gun_time", "rank", "end_chip_time"])
def test_a_split_with_an_odd_field_is_read_like_any_other(field, odd):
    """The short way for usual splits and the long one agree, or the short one gives way."""
    result = only([full(), split("901", "20:00", **{field: odd})])
    [part] = result.splits
    assert part.interval_id == "901"
    if field != "time":
        assert part.chip_time == timedelta(minutes=20)
    orjson.dumps(result.additional_data)
