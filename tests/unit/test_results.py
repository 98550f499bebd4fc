"""An athlete's result out of the API's rows: the full course, its places and status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.chronotrack_live.result_rows import COLUMNS, PLACE_COLUMNS, athlete_key, is_full_course
from tests.unit.result_rows import START, assembled, full, only, split


def test_the_full_course_becomes_the_result_and_the_other_rows_its_splits():
    result = only([split("901", "20:00", rank="5"), full(), split("902", "30:00", rank="4")])

    assert (result.provider_result_id, result.provider_participant_id) == ("1", "1")
    assert (result.bib, result.first_name, result.provider_race_id) == ("12", "Ada", "51")
    assert result.chip_time == timedelta(minutes=45, milliseconds=250)
    assert result.gun_time == timedelta(minutes=45, seconds=3)
    assert result.finish_time == datetime.fromtimestamp(START + 2703.25, UTC)
    assert (result.overall_place, result.status) == (3, "finished")
    assert [(part.interval_id, part.name, part.chip_time, part.rank) for part in result.splits] == [
        ("901", "Split 901", timedelta(minutes=20), 5),
        ("902", "Split 902", timedelta(minutes=30), 4),
    ]
    assert result.additional_data == {}


def test_the_full_course_row_says_who_the_athlete_is():
    for rows in (
        [split("901", "20:00"), full(first_name="Adah")],
        [full(first_name="Adah"), split("901", "9:00")],
    ):
        assert only(rows).first_name == "Adah"


@pytest.mark.parametrize("name", ["Full Course", "Finish", "Ziel", "", None, "Split 5K"])
def test_the_finish_row_is_known_by_its_flag_and_never_by_its_name(name):
    named_so = split("901", "20:00", interval_name="Full Course")
    assert only([named_so, full(interval_name=name)]).chip_time == timedelta(minutes=45, milliseconds=250)
    assert only([named_so]).chip_time is None


@pytest.mark.parametrize("yes", ["1", 1, True, 1.0, "true", " 1 "])
def test_the_flag_says_yes_in_any_of_its_forms(yes):
    assert is_full_course({"results_interval_full": yes})


@pytest.mark.parametrize("no", ["0", 0, False, "", None, "no", [], {"1": "1"}])
def test_anything_else_is_a_split(no):
    assert not is_full_course({"results_interval_full": no})
    assert not is_full_course({})


@pytest.mark.parametrize(
    ("entry_status", "row", "status", "timed"),
    [
        ("CONF", full(), "finished", True),
        ("", full(), "finished", True),
        (None, full(), "finished", True),
        ("Confirmed", full(), "finished", True),
        ("CONF", full(time="", gun_time="00:45:03.000"), "finished", False),
        ("CONF", full(time="", gun_time="", end_chip_time=""), "started", False),
        ("CONF", full(time=None, gun_time=None), "started", False),
        ("CONF", full(time="DNF", gun_time="DNF"), "started", False),
        ("CONF", full(time="00:00:00.000", gun_time="00:00:00.000"), "started", True),
        ("DNF", full(time="", gun_time="", end_chip_time="", rank="0"), "dnf", False),
        ("DNF", full(), "dnf", True),
        ("DQ", full(rank=""), "dq", True),
        ("Withdrawn", full(), "withdrawn", True),
        ("CONF", split("901", "20:00"), "started", False),
        ("DNF", split("901", "20:00"), "dnf", False),
    ],
)
def test_the_status_is_the_entrys_and_else_follows_the_times(entry_status, row, status, timed):
    statuses = {} if entry_status is None else {"1": entry_status}
    result = only([row], statuses)
    assert result.status == status
    assert (result.chip_time is not None) == timed


@pytest.mark.parametrize(
    ("rank", "place", "kept"),
    [
        *(
            ("3", 3, None),
            (3, 3, None),
            ("0", None, None),
            (0, None, None),
            ("", None, None),
            (None, None, None),
        ),
        *(("-1", None, "-1"), ("first", None, "first"), ("9" * 30, None, "9" * 30)),
    ],
)
def test_no_rank_is_no_place(rank, place, kept):
    result = only([full(rank=rank)], genders=[full(rank=rank)], divisions=[full(rank=rank)])
    assert (result.overall_place, result.gender_place, result.division_place) == (place,) * 3
    assert result.additional_data == ({} if kept is None else {"results_rank": kept})


def test_places_come_from_the_full_course_rows_of_the_brackets():
    result = only(
        [full(rank="30", primary_bracket_name="")],
        genders=[split("901", "20:00", rank="9"), full(rank="12", bracket_name="Female")],
        divisions=[full(rank="4", bracket_name="F30-39"), full("2", rank="1")],
    )
    assert (result.overall_place, result.gender_place, result.division_place) == (30, 12, 4)
    assert result.division == "F30-39"


def test_the_division_is_the_one_of_the_place_and_else_the_primary_bracket():
    result = only([full(primary_bracket_name="Masters")], divisions=[full(bracket_name="F40+", rank="4")])
    assert (result.division, result.division_place) == ("F40+", 4)
    assert only([full(primary_bracket_name="Masters")]).division == "Masters"


def test_an_athlete_without_brackets_has_no_places():
    result = only([full()])
    assert (result.gender_place, result.division_place, result.division) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "sent", "name", "read", "kept"),
    [
        ("age", "thirty", "age", None, "thirty"),
        ("age", 30, "age", 30, None),
        ("age", "", "age", None, None),
        ("time", "99:99:99", "chip_time", None, "99:99:99"),
        ("pace", "6:30", "pace", timedelta(minutes=6, seconds=30), None),
        ("pace", "fast", "pace", None, "fast"),
        ("end_chip_time", "noon", "finish_time", None, "noon"),
        ("end_chip_time", "0", "finish_time", None, None),
        ("hometown", "Bos\x00ton, MA", "hometown", "Boston, MA", "Bos\\u0000ton, MA"),
        ("last_name", ["Lovelace"], "last_name", None, ["Lovelace"]),
    ],
)
def test_what_cannot_be_read_of_a_result_is_kept(field, sent, name, read, kept):
    result = only([full(**{field: sent})])
    assert getattr(result, name) == read
    assert result.additional_data == ({} if kept is None else {f"results_{field}": kept})


texts = st.text(st.characters(exclude_categories=[]), max_size=6) | st.text(
    "\x00\ud83d:0123456789.-/ %", max_size=12
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from(["1", "2", "0", "CONF"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=3,
)
any_rows = st.lists(st.dictionaries(st.sampled_from(COLUMNS), values, max_size=8), max_size=5)


@given(any_rows, any_rows)
def test_whatever_comes_becomes_storable_results_or_is_set_aside(rows, bracket_rows):
    results, rejected = assembled(rows, {"1": "DQ"}, bracket_rows, bracket_rows)

    athletes = {athlete_key(row) for row in rows} - {None}
    assert len(results) == len(athletes)
    assert len(rejected) == sum(athlete_key(row) is None for row in rows)
    for rejection in rejected:
        orjson.dumps(rejection.payload)
    for result in results.values():
        fields = result._asdict()
        orjson.dumps(fields.pop("additional_data"))
        parts = [value for part in fields.pop("splits") for value in part]
        for value in (*fields.values(), *parts):
            if isinstance(value, str):
                assert "\x00" not in value
                value.encode()
            elif isinstance(value, int):
                assert -(2**31) <= value < 2**31


def test_a_place_needs_no_column_that_is_not_asked_for():
    assert set(PLACE_COLUMNS) <= set(COLUMNS)
