"""What looks for damage to hostile rows finds it."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from random import Random

import pytest

from tests.soak.hostile_lists import WITNESS, Athlete, Sent, athletes, entries, events, rows_of
from tests.soak.hostile_places import BRACKETS, places
from tests.soak.hostile_values import as_read, hostile
from tests.soak.row_truth import entry_is_wrong, event_is_wrong, result_is_wrong
from tests.soak.status_truth import status_of, statuses
from tests.soak.value_truth import same, spelt

LENGTHS = {"entry_bib": 5, "provider_participant_id": 20, "provider_result_id": 20}
ENTRY = {
    "entry_id": "7",
    "entry_bib": "\x00101\ud800 and more",
    "entry_status": 5,
    "entry_race_age": "old",
    "athlete_birthdate": "1980-05-17",
    "athlete_last_name": {"is": "Z\x00oë"},
    "location_city": " Zürich\n",
    "shoe": 2**70,
    "note": "",
    WITNESS: "w7",
}
STORED_ENTRY = {
    "timing_partner_id": 1,
    "entry_id": "ctlive:1:7",
    "provider_participant_id": "7",
    "entry_bib": "101\ufffd ",
    "entry_status": "5",
    "registration_status": "5",
    "entry_race_age": None,
    "athlete_birthdate": date(1980, 5, 17),
    "location": {"city": "Zürich"},
    "additional_data": {
        "entry_bib": "\\u0000101\\ud800 and more",
        "entry_race_age": "old",
        "athlete_last_name": {"is": "Z\\u0000oë"},
        "shoe": str(2**70),
        WITNESS: "w7",
        "too_long": {"entry_bib": "101\ufffd and more"},
    },
}
EVENT = {
    "event_id": "300001",
    "event_name": "Run",
    "event_start_time": "1790000000",
    "event_end_time": "late",
    "location_time_zone": "\ud800",
    WITNESS: "w1",
}
STORED_EVENT = {
    "timing_partner_id": 1,
    "event_id": "ctlive:1:300001",
    "provider_event_id": "300001",
    "event_name": "Run",
    "event_start_time": datetime.fromisoformat("2026-09-21T14:13:20"),
    "event_timezone": "\ufffd",
    "additional_data": {
        "event_end_time": "late",
        "location_time_zone": "\\ud800",
        "race_starts": [],
        WITNESS: "w1",
    },
}
FULL = {
    "results_entry_id": "7",
    "results_time": "00:45:00.250",
    "results_gun_time": "late",
    "results_end_chip_time": "1790000000.5",
    "results_rank": "0",
    WITNESS: "w7",
}
SPLIT = {
    "results_interval_id": "5",
    "results_interval_name": "5K",
    "results_time": "10:00",
    "results_rank": "x",
}
PLACED = {
    "SEX": Sent("", {"results_rank": "3", "results_bracket_name": "Women"}, is_clean=True),
    "AGE": Sent("", {"results_rank": "x", "results_bracket_name": "F 30"}, is_clean=False),
}
STORED_RESULT = {
    "timing_partner_id": 1,
    "provider_event_id": "200",
    "provider_result_id": "7",
    "entry_id": "ctlive:1:7",
    "participant_id": "ctlive:1:7",
    "result_status": "finished",
    "gender_place": 3,
    "results_primary_bracket_name": "F 30",
    "division": "F 30",
    "chip_time": timedelta(minutes=45, milliseconds=250),
    "results_time": timedelta(minutes=45, milliseconds=250),
    "finish_time": datetime.fromisoformat("2026-09-21T14:13:20.500"),
    "split_times": [
        {"interval_id": "5", "name": "5K", "chip_seconds": 600.0, "gun_seconds": None, "rank": None}
    ],
    "additional_data": {
        "results_gun_time": "late",
        "splits": [{"interval_id": "5", "results_rank": "x"}],
        WITNESS: "w7",
    },
}


class Row(dict):
    """A row of the database all of whose other columns are empty."""

    def __missing__(self, column):
        return None


def sent(row):
    return Sent(json.dumps(row), row, is_clean=False)


def of_event(**changed):
    return list(event_is_wrong(sent(EVENT), LENGTHS, Row(STORED_EVENT | changed)))


def of_entry(**changed):
    return list(entry_is_wrong(sent(ENTRY), LENGTHS, Row(STORED_ENTRY | changed)))


def of_result(**changed):
    return list(
        result_is_wrong(Athlete(sent(FULL), sent(SPLIT)), PLACED, {}, LENGTHS, Row(STORED_RESULT | changed))
    )


def test_what_is_stored_as_it_was_sent_has_nothing_wrong():
    assert of_event() == []
    assert of_entry() == []
    assert of_result() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"event_id": "300001"},
        {"event_name": "run"},
        {"event_start_time": None},
        {"event_end_time": datetime.fromisoformat("2026-09-21T14:13:20")},
        {"event_timezone": None},
        {"location": {"city": "Z"}},
        {"additional_data": {WITNESS: "w1", "race_starts": []}},
    ],
    ids=str,
)
def test_an_event_that_lost_gained_or_changed_anything_is_told(changed):
    assert len(of_event(**changed)) >= 1


@pytest.mark.parametrize(
    "changed",
    [
        {"entry_id": "ctlive:2:7"},
        {"entry_bib": "101"},
        {"registration_status": None},
        {"entry_race_age": 0},
        {"athlete_birthdate": None},
        {"athlete_birthdate": date(1980, 5, 18)},
        {"athlete_last_name": "Zoë"},
        {"team_name": "Harriers"},
        {"location": None},
        {"additional_data": None},
        {"additional_data": STORED_ENTRY["additional_data"] | {"note": ""}},
        {"additional_data": STORED_ENTRY["additional_data"] | {"shoe": str(2**70 + 1)}},
    ],
    ids=str,
)
def test_an_entry_that_lost_gained_or_changed_anything_is_told(changed):
    assert len(of_entry(**changed)) >= 1


@pytest.mark.parametrize(
    "changed",
    [
        {"provider_result_id": "8"},
        {"participant_id": None},
        {"result_status": "started"},
        {"chip_time": timedelta(minutes=45)},
        {"gun_time": timedelta(0)},
        {"finish_time": None},
        {"overall_place": 1},
        {"gender_place": None},
        {"gender_place": 4},
        {"division_place": 3},
        {"division": None},
        {"results_primary_bracket_name": "Women"},
        {"split_times": []},
        {"split_times": [STORED_RESULT["split_times"][0] | {"chip_seconds": 600.001}]},
        {"split_times": [STORED_RESULT["split_times"][0] | {"name": "10K"}]},
        {"additional_data": {WITNESS: "w7", "results_gun_time": "late"}},
    ],
    ids=str,
)
def test_a_result_that_lost_gained_or_changed_anything_is_told(changed):
    assert len(of_result(**changed)) >= 1


def test_a_status_is_that_of_the_entry_unless_it_says_only_that_it_is_valid():
    said = statuses(
        [
            sent({"entry_id": "\x007", "entry_status": "DNF"}),
            sent({"entry_id": "8", "entry_status": " Conf "}),
            sent({"race_id": "1", "entry_bib": "9", "athlete_last_name": "Zoë", "entry_status": "DQ"}),
        ]
    )

    assert status_of({"results_entry_id": 7}, said, has_time=True) == "dnf"
    assert status_of({"results_entry_id": "8"}, said, has_time=True) == "finished"
    assert status_of({"results_entry_id": "8"}, said, has_time=False) == "started"
    named = {"results_race_id": "1", "results_bib": "9", "results_last_name": "Zoë"}
    assert status_of(named, said, has_time=True) == "dq"
    assert status_of(named | {"results_entry_id": "9"}, said, has_time=True) == "finished"


def test_a_status_that_no_entry_has_is_told():
    athlete = Athlete(sent(FULL), sent(SPLIT))
    stored = Row(STORED_RESULT | {"result_status": "finished"})

    wrong = list(result_is_wrong(athlete, PLACED, {("7",): "dnf"}, LENGTHS, stored))

    assert wrong == ["result_status is 'finished', not 'dnf'"]


def test_places_are_drawn_of_athletes_with_an_id_and_of_nobody_who_ran():
    dice = Random(5)
    ran = athletes(dice, 1, 400)

    by_gender, by_division = (places(dice, kind, ran) for kind in BRACKETS)

    ids = {who.full.witness: who.full.row["results_entry_id"] for who in ran}
    for drawn in (by_gender, by_division):
        assert drawn.of_nobody
        assert all(row.row["results_entry_id"].startswith("nobody ") for row in drawn.of_nobody)
        assert all(row.row["results_entry_id"] == ids[who] for who, row in drawn.of_athletes.items())
    assert {row.is_clean for row in by_gender.of_athletes.values()} == {True, False}
    assert {row.is_clean for row in by_division.of_athletes.values()} == {True}


def test_numbers_are_the_same_in_any_form_and_other_values_in_their_own_only():
    assert same({"n": [1, 1.0]}, {"n": [1.0, 1]})
    assert not same(True, 1)
    assert not same("1", 1)
    assert not same([1], [1, 1])
    assert not same({"a": 1}, {"b": 1})


def test_what_cannot_be_kept_is_spelt_out_wherever_it_stands():
    assert spelt({"\x00": ["\ud83d", 2**53 + 1, 7, True]}) == {
        "\\u0000": ["\\ud83d", str(2**53 + 1), 7, True]
    }


def test_rows_are_drawn_the_same_again_each_with_a_witness_of_its_own():
    start = datetime.fromisoformat("2026-09-21T14:00:00+00:00")

    def drawn():
        dice = Random(5)
        return events(dice, 200, start), entries(dice, 1, 200), rows_of(athletes(dice, 1, 200))

    first = drawn()
    assert drawn() == first
    for rows in first:
        assert len(rows) == 200
        assert {row.is_clean for row in rows} == {True, False}
        assert all(as_read(row.text) == row.row for row in rows)
    for rows in first[:2]:
        assert len({row.witness for row in rows}) == 200


def test_every_kind_of_value_is_drawn():
    dice = Random(5)
    drawn = [hostile(dice) for _ in range(3_000)]

    assert {type(value) for value in drawn} == {str, int, float, bool, type(None), list, dict}
    assert any(isinstance(value, str) and len(value) == 100_000 for value in drawn)
    assert any(isinstance(value, str) and "\ud800" <= value[:1] <= "\udfff" for value in drawn)
