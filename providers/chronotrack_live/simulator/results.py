"""Results: all marks of an event in numpy columns, so that any list at any instant takes a moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from .ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from .world import Bracket, Entry, Event, Interval, Mark, Race

K = TypeVar("K")
V = TypeVar("V")
RowNumbers: TypeAlias = npt.NDArray[np.intp]

_KEYWORDS = ("SEX", "AGE")
_NEVER = np.iinfo(np.int64).max
_MOST_KEPT = 200  # lists, and contexts, remembered; more than the brackets of any event here


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows of an event a request is about.

    `parent` is the word of the path and `parent_id` its id; `interval` and `bracket` are the query's
    words, empty when absent.
    """

    parent: str
    parent_id: str
    interval: str
    bracket: str

    @property
    def has_keyword(self) -> bool:
        """Whether the bracket is one of the words for a kind, SEX or AGE, and no bracket's name or id."""
        return _bracket_word(self) in _KEYWORDS


@dataclass(frozen=True, slots=True)
class Row:
    """A row's unchanging part."""

    race: Race
    entry: Entry
    mark: Mark


@dataclass(frozen=True, slots=True)
class Context:
    """In which bracket each entry is ranked, None for none; which rows are, and the ranking there."""

    brackets: list[Bracket | None]
    is_member: npt.NDArray[np.bool_]
    ranking: Ranking


class ResultBook:
    """Every result row that an event will ever have, by race, interval and time.

    A row is published from `mark.published_at` on, and ranked until a disqualification. Instants are
    milliseconds since the epoch.
    """

    def __init__(self, event: Event) -> None:
        self.rows = [
            Row(race, entry, mark)
            for race in event.races
            for entry in race.entries
            for mark in sorted(entry.marks, key=lambda mark: mark.interval.order)
        ]
        race_order = {race.race_id: place for place, race in enumerate(event.races)}
        self.rows.sort(
            key=lambda row: (
                race_order[row.race.race_id],
                row.mark.interval.order,
                # the empty rows of those who did not finish come last
                row.mark.chip_ms is None,
                row.mark.chip_ms,
            )
        )
        self._published = _integers(_epoch_ms(row.mark.published_at) for row in self.rows)
        self._ranked_until = _integers(map(_ranked_until, self.rows))
        self._chip = _integers(row.mark.chip_ms or 0 for row in self.rows)
        self._races = _integers(int(row.race.race_id) for row in self.rows)
        self._intervals = _integers(int(row.mark.interval.interval_id) for row in self.rows)
        self._entries = list(dict.fromkeys(row.entry for row in self.rows))
        number_of = {entry: number for number, entry in enumerate(self._entries)}
        self._entry_numbers = _integers(number_of[row.entry] for row in self.rows)
        self._all_intervals = [interval for race in event.races for interval in race.intervals]
        self._lists: dict[Scope, RowNumbers] = {}
        self._contexts: dict[str, Context] = {}

    def published(self, scope: Scope, at: datetime) -> RowNumbers:
        """Return the numbers of the scope's rows that are published at an instant, in the book's order."""
        numbers = self._lists.get(scope)
        if numbers is None:
            numbers = _remember(self._lists, scope, self._list(scope))
        return numbers[self._published[numbers] <= _epoch_ms(at)]

    def ranks(self, scope: Scope, numbers: RowNumbers, at: datetime) -> list[int]:
        """Return the ranks of some rows among what is published at an instant; 0 for the unranked."""
        now = _epoch_ms(at)
        ranked = (self._published <= now) & (now < self._ranked_until)
        return self._context(scope).ranking.ranks(numbers, ranked)

    def brackets(self, scope: Scope, numbers: RowNumbers) -> list[Bracket | None]:
        """Return the bracket in which each of some rows is ranked."""
        brackets = self._context(scope).brackets
        return [brackets[entry] for entry in self._entry_numbers[numbers].tolist()]

    def _list(self, scope: Scope) -> RowNumbers:
        is_wanted = _interval_test(scope)
        wanted = [int(interval.interval_id) for interval in self._all_intervals if is_wanted(interval)]
        is_listed = np.isin(self._intervals, wanted) & self._context(scope).is_member
        if scope.parent == "race":
            is_listed &= self._races == int(scope.parent_id)
        if scope.parent == "entry":
            is_parent = np.array([entry.entry_id == scope.parent_id for entry in self._entries], dtype=bool)
            is_listed &= is_parent[self._entry_numbers]
        return np.flatnonzero(is_listed)

    def _context(self, scope: Scope) -> Context:
        word = _bracket_word(scope)
        return self._contexts.get(word) or _remember(self._contexts, word, self._make_context(word))

    def _make_context(self, word: str) -> Context:
        is_meant = _bracket_test(word)
        brackets = [next(filter(is_meant, entry.brackets), None) for entry in self._entries]
        ids = _integers(int(bracket.bracket_id) if bracket else -1 for bracket in brackets)
        row_ids = ids[self._entry_numbers]
        return Context(brackets, row_ids >= 0, Ranking(self._intervals, row_ids, self._chip))


def _interval_test(scope: Scope) -> Callable[[Interval], bool]:
    word = scope.parent_id if scope.parent == "interval" else scope.interval
    if not word:
        return lambda interval: interval.in_leaderboard
    if word.upper() == "ALL":
        return lambda _: True
    return lambda interval: word in (interval.name, interval.interval_id)


def _bracket_word(scope: Scope) -> str:
    word = scope.parent_id if scope.parent == "bracket" else scope.bracket
    return word.upper() if word.upper() in _KEYWORDS else word


def _bracket_test(word: str) -> Callable[[Bracket], bool]:
    if not word:
        return lambda bracket: bracket.kind == "OTHER"
    if word in _KEYWORDS:
        return lambda bracket: bracket.kind == word and bracket.is_plain
    return lambda bracket: word in (bracket.name, bracket.bracket_id)


def _ranked_until(row: Row) -> int:
    if row.mark.end is None:
        return 0
    verdict = row.entry.verdict
    return _epoch_ms(verdict.at) if verdict and verdict.status == "DQ" else int(_NEVER)


def _integers(values: Iterable[int]) -> npt.NDArray[np.int64]:
    return np.fromiter(values, dtype=np.int64)


def _epoch_ms(instant: datetime) -> int:
    # rounded: a float's milliseconds may fall just short of the whole one
    return round(instant.timestamp() * 1000)


def _remember(kept: dict[K, V], key: K, value: V) -> V:
    """Keep a value, and let go of the one kept longest when there are too many."""
    if len(kept) >= _MOST_KEPT:
        del kept[next(iter(kept))]
    kept[key] = value
    return value
