"""Published results at any instant, against counting by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from providers.chronotrack_live.simulator.build import build_world
from providers.chronotrack_live.simulator.ranking import Ranking
from providers.chronotrack_live.simulator.results import ResultBook, Scope

START = datetime(2026, 5, 3, 13, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def marathon():
    return build_world(START, 200, 7).event("Harbour City Marathon")


@pytest.fixture(scope="module")
def book(marathon):
    return ResultBook(marathon)


def counts(entry, mark, at):
    is_out = entry.verdict and entry.verdict.status == "DQ" and entry.verdict.at <= at
    return mark.published_at <= at and mark.end and not is_out


def rank_by_hand(row, at, is_rival):
    if not counts(row.entry, row.mark, at):
        return 0
    return 1 + sum(
        mark.chip_ms < row.mark.chip_ms
        for entry in row.race.entries
        if is_rival(entry)
        for mark in entry.marks
        if mark.interval is row.mark.interval and counts(entry, mark, at)
    )


@pytest.mark.parametrize("minutes", [0, 17, 95, 180, 211, 260, 345, 600])
@pytest.mark.parametrize("bracket", ["", "sex", "AGE", "Female Locals"])
def test_ranks_at_an_instant_count_only_what_is_published_then(minutes, bracket, marathon, book):
    at = START + timedelta(minutes=minutes)
    scope = Scope("event", marathon.event_id, "all", bracket)
    numbers = book.published(scope, at)
    ranks = book.ranks(scope, numbers, at)
    groups = book.brackets(scope, numbers)
    for number, rank, group in zip(numbers.tolist(), ranks, groups, strict=True):
        row = book.rows[number]
        assert rank == rank_by_hand(row, at, lambda entry, group=group: group in entry.brackets)


@pytest.mark.parametrize("minutes", [0, 95, 211, 600])
def test_a_list_holds_every_published_row_once(minutes, marathon, book):
    at = START + timedelta(minutes=minutes)
    numbers = book.published(Scope("event", marathon.event_id, "ALL", ""), at).tolist()
    listed = {(book.rows[n].entry.entry_id, book.rows[n].mark.interval.interval_id) for n in numbers}
    assert len(listed) == len(numbers)
    assert listed == {
        (entry.entry_id, mark.interval.interval_id)
        for race in marathon.races
        for entry in race.entries
        for mark in entry.marks
        if mark.published_at <= at
    }


def test_a_disqualification_empties_the_ranks_and_moves_everyone_behind_up(book):
    row = next(
        r for r in book.rows if r.entry.verdict and r.entry.verdict.status == "DQ" and r.mark.interval.is_full
    )
    verdict = row.entry.verdict.at
    scope = Scope("race", row.race.race_id, row.mark.interval.interval_id, "")

    def ranks(at):
        numbers = book.published(scope, at)
        entries = [book.rows[n].entry for n in numbers.tolist()]
        return dict(zip(entries, book.ranks(scope, numbers, at), strict=True))

    before, after = ranks(verdict - timedelta(milliseconds=1)), ranks(verdict)
    place = before.pop(row.entry)
    assert place > 0
    assert after.pop(row.entry) == 0
    behind = {entry: rank for entry, rank in before.items() if rank > place}
    assert all(after[entry] == rank - 1 for entry, rank in behind.items())


def test_equal_times_share_a_rank():
    ranking = Ranking(np.array([1, 1, 1, 1, 2]), np.array([9, 9, 9, 9, 9]), np.array([30, 20, 20, 10, 5]))
    assert ranking.ranks(np.arange(5), np.array([True, True, True, False, True])) == [3, 1, 1, 0, 1]


def test_an_event_without_results_has_an_empty_book():
    event = build_world(START, 20, 7).event("Winter Trail Run")
    empty = ResultBook(event)
    scope = Scope("event", event.event_id, "ALL", "SEX")
    numbers = empty.published(scope, START + timedelta(days=30))
    assert numbers.tolist() == empty.ranks(scope, numbers, START) == []
