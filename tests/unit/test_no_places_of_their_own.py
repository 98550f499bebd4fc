"""Servers that take no notice of a bracket type: overall ranks are never taken for places in it."""

from __future__ import annotations

import pytest

from providers.chronotrack_live.assembly import ResultAssembly
from tests.unit.result_rows import full, only, places, split


def any_placed(rows, bracket_rows):
    assembly = ResultAssembly("5")
    for row in rows:
        assembly.is_new(row)
    [(race_id, athletes)] = assembly.ranked().items()
    return assembly.any_placed(race_id, athletes, places(*bracket_rows))


@pytest.mark.parametrize("name", ["Overall", None])
def test_the_same_ranks_once_more_are_no_places(name):
    rows = [full(str(n), rank=str(n), bracket_name=name) for n in (1, 2, 3)]
    assert not any_placed(rows, rows)


def test_ranks_that_grew_by_a_finish_in_between_are_no_places():
    rows = [full("1", rank="1"), full("2", rank="2")]
    assert not any_placed(rows, [full("3", rank="1"), full("1", rank="2"), full("2", rank="3")])


def test_ranks_that_shrank_by_a_disqualification_in_between_are_no_places():
    rows = [full("1", rank="1"), full("2", rank="2"), full("3", rank="3")]
    assert not any_placed(rows, [full("2", rank="1"), full("3", rank="2")])


def test_two_winners_or_one_named_bracket_are_places():
    rows = [full("1", rank="1", bracket_name="Overall"), full("2", rank="2", bracket_name="Overall")]
    assert any_placed(rows, [full("1", rank="1"), full("2", rank="1")])
    assert any_placed(rows, [full("1", rank="1", bracket_name="Female")])


def test_a_race_without_ranked_athletes_has_nobody_to_place():
    assembly = ResultAssembly("5")
    for row in (full("1", rank="0"), split("901", "20:00", "2")):
        assembly.is_new(row)
    assert assembly.ranked() == {}


def test_who_finishes_between_two_lists_has_no_place_yet():
    ranked = [full(rank="57", bracket_name="Overall")]
    result = only([split("901", "20:00")], genders=ranked, divisions=ranked)
    assert (result.status, result.chip_time) == ("started", None)
    assert (result.overall_place, result.gender_place, result.division_place) == (None, None, None)
