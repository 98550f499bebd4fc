"""Which place of an athlete counts, when there are several."""

from __future__ import annotations

from providers.chronotrack_live.places import Place, Places
from tests.unit.result_rows import full

NOBODY = Place(None, None)


def places(*rows):
    read = Places()
    for entry, bracket, rank in rows:
        read.is_new(full(entry, bracket_name=bracket, rank=rank))
    return read


def test_the_athletes_own_division_counts_whatever_other_age_brackets_there_are():
    read = places(("1", "Masters Challenge", "1"), ("1", "M 30-34", "9"))

    assert read.of("1", "51", not_in="Overall", rather_in="M 30-34") == Place(9, "M 30-34")


def test_the_plain_sex_bracket_counts_and_not_one_that_holds_a_part_of_it():
    read = places(
        ("1", "Female Locals", "1"), ("1", "Female", "30"), ("2", "Female", "1"), ("3", "Female", "2")
    )

    assert read.of("1", "51", not_in="Overall") == Place(30, "Female")


def test_a_server_that_ignores_the_bracket_type_gives_no_places():
    read = places(("1", "Overall", "4"))

    assert read.of("1", "51", not_in="Overall") == NOBODY


def test_an_athlete_who_is_in_no_bracket_has_no_place():
    assert places(("1", "Male", "1")).of("2", "51", not_in="Overall") == NOBODY


def test_a_server_that_names_no_bracket_is_believed():
    assert places(("1", None, "4")).of("1", "51", not_in=None) == Place(4, None)


def test_the_size_of_a_bracket_is_that_of_its_race():
    read = Places()
    for entry in ("1", "2"):
        read.is_new(full(entry, bracket_name="Women", rank=entry))
    read.is_new(full("1", bracket_name="Masters", rank="1"))
    for entry in ("11", "12", "13"):
        read.is_new(full(entry, race_id="52", bracket_name="Masters", rank=entry))

    assert read.of("1", "51", not_in="Overall") == Place(1, "Women")
