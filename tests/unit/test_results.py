"""An athlete's result out of the API's rows: the full course, its splits, places and status."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.chronotrack_live.results import (
    COLUMNS,
    PLACE_COLUMNS,
    Places,
    ResultAssembly,
    athlete_key,
    is_full_course,
)

START = 1_761_469_200


def full(entry="1", **fields):
    row = {
        "results_entry_id": entry,
        "results_bib": "12",
        "results_first_name": "Ada",
        "results_last_name": "Lovelace",
        "results_race_id": "51",
        "results_interval_id": "900",
        "results_interval_name": "Full Course",
        "results_interval_full": "1",
        "results_time": "00:45:00.250",
        "results_gun_time": "00:45:03.000",
        "results_end_chip_time": f"{START + 2703}.250",
        "results_rank": "3",
    }
    return row | {f"results_{name}": value for name, value in fields.items()}


def split(interval, at, /, entry="1", **fields):
    minutes, seconds = (int(part) for part in at.split(":"))
    return full(
        entry,
        **{
            "interval_id": interval,
            "interval_name": f"Split {interval}",
            "interval_full": "0",
            "time": f"00:{at}.000",
            "gun_time": f"00:{at}.000",
            "end_chip_time": str(START + minutes * 60 + seconds),
        }
        | fields,
    )


def places(*rows):
    made = Places()
    for row in rows:
        made.is_new(row)
    return made


def assembled(rows, statuses=None, genders=(), divisions=()):
    """Return the results of the rows by their id, and what was set aside."""
    assembly = ResultAssembly()
    for row in rows:
        assembly.is_new(row)
    results = list(assembly.results(statuses or {}, places(*genders), places(*divisions)))
    by_id = {result.provider_result_id: result for result in results}
    assert len(by_id) == len(results)
    return by_id, assembly.rejected


def only(rows, *args, **kwargs):
    results, rejected = assembled(rows, *args, **kwargs)
    assert rejected == []
    [result] = results.values()
    return result


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


def test_the_primary_bracket_is_the_division():
    result = only([full(primary_bracket_name="Masters")], divisions=[full(bracket_name="F40+")])
    assert result.division == "Masters"


def test_an_athlete_without_brackets_has_no_places():
    result = only([full()])
    assert (result.gender_place, result.division_place, result.division) == (None, None, None)


# Who is who ---------------------------------------------------------------------------------------


def test_athletes_of_several_races_keep_apart_although_their_bibs_are_the_same():
    results, rejected = assembled([full("1"), full("2", race_id="52", rank="7"), split("9", "5:00", "2")])
    assert rejected == []
    assert {key: (r.provider_race_id, r.overall_place, len(r.splits)) for key, r in results.items()} == {
        "1": ("51", 3, 0),
        "2": ("52", 7, 1),
    }


def test_an_athlete_without_a_bib_is_an_athlete():
    assert only([full(bib=""), split("901", "20:00", bib=None)]).bib is None


@pytest.mark.parametrize("absent", ["", None, "0", 0, " ", [], "\x00"])
def test_a_row_without_entry_goes_by_race_bib_and_name(absent):
    rows = [
        full(absent),
        split("901", "20:00", absent),
        full(absent, race_id="52"),
        full(absent, bib="", last_name="Byron"),
    ]
    results, rejected = assembled(rows)
    assert rejected == []
    assert {key: len(result.splits) for key, result in results.items()} == {
        "51/12/Ada/Lovelace": 1,
        "52/12/Ada/Lovelace": 0,
        "51//Ada/Byron": 0,
    }
    assert all(result.provider_participant_id is None for result in results.values())


def test_the_status_of_an_entry_without_id_belongs_to_nobody():
    assert only([full("")], {"": "DQ"}).status == "finished"


def test_a_slash_in_a_name_makes_no_two_athletes_one():
    rows = [full("", first_name="A/B", last_name="C"), full("", first_name="A", last_name="B/C")]
    assert sorted(assembled(rows)[0]) == ["51/12/A%2FB/C", "51/12/A/B%2FC"]


def test_a_row_that_belongs_to_nobody_is_set_aside_with_its_payload():
    nobody = full("", bib="", first_name=None, last_name=" \x00")
    results, [rejection] = assembled([nobody, full()])
    assert list(results) == ["1"]
    assert (rejection.kind, rejection.api_id) == ("result", None)
    assert rejection.payload["results_last_name"] == " \\u0000"
    assert rejection.payload["results_time"] == "00:45:00.250"


def test_a_row_that_is_no_object_is_set_aside():
    results, [rejection] = assembled([{"row": "what?"}, full()])
    assert list(results) == ["1"]
    assert rejection.payload == {"row": "what?"}


@pytest.mark.parametrize("other", [1, " 1 ", "1\x00"])
def test_an_entry_is_the_same_however_its_id_is_written(other):
    result = only([full("1"), split("901", "20:00", other)], {"1": "DQ"}, genders=[full(other, rank="2")])
    assert (result.provider_result_id, result.status, result.gender_place) == ("1", "dq", 2)
    assert len(result.splits) == 1


# Repeats ------------------------------------------------------------------------------------------


def test_repeated_rows_are_no_news():
    assembly = ResultAssembly()
    rows = [full(), split("901", "20:00"), split("902", "30:00"), full("2")]
    assert [assembly.is_new(row) for row in rows] == [True] * 4
    assert [assembly.is_new(row) for row in rows] == [False] * 4
    assert len(assembly) == 2


def test_intervals_without_an_id_go_by_their_name():
    rows = [split(None, "20:00", interval_name="10K"), split("", "30:00", interval_name="15K")]
    rows += [dict(row) for row in rows]
    assert [part.name for part in only([*rows, full()]).splits] == ["10K", "15K"]


def test_the_first_of_two_places_counts():
    assert only([full()], genders=[full(rank="2"), full(rank="9")]).gender_place == 2


def test_places_know_their_repeats():
    made = Places()
    rows = [full(), full("2"), split("901", "20:00")]
    assert [made.is_new(row) for row in rows + rows] == [True] * 3 + [False] * 3


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4)), max_size=40), st.randoms(use_true_random=False)
)
def test_any_order_and_any_repeats_give_the_same_results(marks, random):
    rows = [
        full(str(entry)) if interval == 0 else split(str(900 + interval), f"{interval * 5}:00", str(entry))
        for entry, interval in marks
    ]
    once = list({(row["results_entry_id"], row["results_interval_id"]): row for row in rows}.values())
    random.shuffle(once)
    assert assembled(rows)[0] == assembled(once)[0]


# Splits -------------------------------------------------------------------------------------------


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


# Anything -----------------------------------------------------------------------------------------


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
        fields = dataclasses.asdict(result)
        orjson.dumps(fields.pop("additional_data"))
        parts = [value for part in fields.pop("splits") for value in part.values()]
        for value in (*fields.values(), *parts):
            if isinstance(value, str):
                assert "\x00" not in value
                value.encode()
            elif isinstance(value, int):
                assert -(2**31) <= value < 2**31


def test_a_place_needs_no_column_that_is_not_asked_for():
    assert set(PLACE_COLUMNS) <= set(COLUMNS)
