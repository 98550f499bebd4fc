"""Which of the API's rows belong to the same athlete."""

from __future__ import annotations

import pytest

from tests.unit.result_rows import assembled, full, only, split


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
def test_a_row_without_entry_goes_by_event_race_bib_and_name(absent):
    rows = [
        full(absent),
        split("901", "20:00", absent),
        full(absent, race_id="52"),
        full(absent, bib="", last_name="Byron"),
    ]
    results, rejected = assembled(rows)
    assert rejected == []
    assert {key: len(result.splits) for key, result in results.items()} == {
        "5/51/12/Ada/Lovelace": 1,
        "5/52/12/Ada/Lovelace": 0,
        "5/51//Ada/Byron": 0,
    }
    assert all(result.provider_participant_id is None for result in results.values())


def test_the_status_of_an_entry_without_id_belongs_to_nobody():
    assert only([full("")], {"": "DQ"}).status == "finished"


def test_a_slash_in_a_name_makes_no_two_athletes_one():
    rows = [full("", first_name="A/B", last_name="C"), full("", first_name="A", last_name="B/C")]
    assert sorted(assembled(rows)[0]) == ["5/51/12/A%2FB/C", "5/51/12/A/B%2FC"]


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
