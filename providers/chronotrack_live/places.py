"""An athlete's places within brackets: by gender, and by division.

The rank of a row counts within its bracket, so places come from readings of their own: of all brackets of
a type at once, or of each bracket by itself (fact sheet, section 6).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.result_rows import AthleteKey, Intervals, athlete_key, rank_of
from providers.chronotrack_live.values import identity


class Place(NamedTuple):
    """An athlete's place within a bracket of a race; None where there is none."""

    rank: int | None
    bracket: str | None


NO_PLACE = Place(None, None)


@dataclass(slots=True)
class _Bracket:
    """A bracket of a race: how many athletes have a place in it, and how many of them are first."""

    name: str | None
    size: int = 0
    firsts: int = 0


class _Context(NamedTuple):
    """What rows of one interval and one bracket have in common; `bit` stands for them among what was met."""

    bit: int
    is_full: bool
    bracket: _Bracket


class Places:
    """The full-course places of one bracket type.

    Beside the plain brackets of a type an organiser may have made others ("Female Locals", "Clydesdale"),
    so an athlete may have several places, and all of them are kept until one is asked for.
    """

    def __init__(self) -> None:
        self._places: dict[AthleteKey, Place | tuple[Place, ...]] = {}
        self._brackets: dict[tuple[str, str | None], _Bracket] = {}
        self._intervals = Intervals()
        self._contexts: dict[tuple[object, ...], _Context] = {}
        self._bits: dict[tuple[int, str], int] = {}
        self._seen: dict[AthleteKey | None, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def is_new(self, row: Row) -> bool:
        """Take a row in; return whether it is not a repeat."""
        athlete = athlete_key(row)
        bit, is_full, bracket = self._context(row)
        seen = self._seen.get(athlete, 0)
        if seen & bit:
            return False
        self._seen[athlete] = seen | bit
        if athlete is not None and is_full:
            rank = rank_of(row)
            bracket.size += 1
            bracket.firsts += rank == 1
            self._add(athlete, Place(rank, bracket.name))
        return True

    def knows_any(self, athletes: Iterable[AthleteKey]) -> bool:
        """Say whether any of the athletes has a place here."""
        return any(athlete in self._places for athlete in athletes)

    @property
    def brackets(self) -> set[str]:
        """The names of the brackets in which somebody has a place."""
        return {bracket.name for bracket in self._brackets.values() if bracket.name and bracket.size}

    def unnamed_firsts(self, race_id: str) -> int:
        """Return how many athletes of a race are first in a bracket that the API does not name."""
        unnamed = self._brackets.get((race_id, None))
        return unnamed.firsts if unnamed else 0

    def end_reading(self) -> None:
        """Forget which rows were met: the next ones belong to another list."""
        self._seen.clear()

    def of(
        self, athlete: AthleteKey, race_id: str, *, not_in: str | None, rather_in: str | None = None
    ) -> Place:
        """Return an athlete's place, `NO_PLACE` when the athlete has none in this bracket type.

        Args:
            athlete: whose.
            race_id: of the athlete's race.
            not_in: the bracket of the overall ranks: a server that ignores the bracket type answers with it.
            rather_in: the athlete's own division. Without it, or when it has no place, the largest
                bracket counts: those that an organiser adds hold a part of a plain one's athletes.
        """
        found = self._places.get(athlete, ())
        if isinstance(found, Place):
            return found if found.bracket is None or found.bracket != not_in else NO_PLACE
        places = tuple(p for p in found if p.bracket is None or p.bracket != not_in)
        if not places:
            return NO_PLACE
        own = [place for place in places if rather_in is not None and place.bracket == rather_in]
        return own[0] if own else max(places, key=lambda place: self._size(race_id, place.bracket))

    def forget(self, athletes: Iterable[AthleteKey]) -> None:
        """Forget the places of some athletes: they were none."""
        for athlete in athletes:
            self._places.pop(athlete, None)

    def _context(self, row: Row) -> _Context:
        words = (
            row.get("results_interval_id"),
            row.get("results_interval_name"),
            row.get("results_interval_full"),
            row.get("results_bracket_name"),
            row.get("results_race_id"),
        )
        try:
            # A row of other words than texts is met by none that is kept.
            return self._contexts[words]
        except (KeyError, TypeError):
            pass
        interval, name = self._intervals.of(row), identity(words[3])
        bracket = self._brackets.setdefault((identity(words[4]), name or None), _Bracket(name or None))
        bit = 1 << self._bits.setdefault((interval.number, name), len(self._bits))
        context = _Context(bit, interval.is_full, bracket)
        if all(word is None or type(word) is str for word in words):
            self._contexts[words] = context
        return context

    def _add(self, athlete: AthleteKey, place: Place) -> None:
        found = self._places.get(athlete)
        if found is None:
            self._places[athlete] = place
        else:
            self._places[athlete] = (*((found,) if isinstance(found, Place) else found), place)

    def _size(self, race_id: str, name: str | None) -> int:
        bracket = self._brackets.get((race_id, name))
        return bracket.size if bracket else 0
