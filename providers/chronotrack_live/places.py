"""An athlete's places within brackets: by gender, and by division.

The rank of a row counts within its bracket, so places come from readings of their own: of all brackets of
a type at once, or of each bracket by itself (fact sheet, section 6).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.parse import RowReader
from providers.chronotrack_live.result_rows import AthleteKey, Intervals, athlete_key
from providers.chronotrack_live.values import identity


class Place(NamedTuple):
    """An athlete's place within a bracket of a race; None where there is none."""

    rank: int | None
    bracket: str | None


NO_PLACE = Place(None, None)


class Places:
    """The full-course places of one bracket type.

    Beside the plain brackets of a type an organiser may have made others ("Female Locals", "Clydesdale"),
    so an athlete may have several places, and all of them are kept until one is asked for.
    """

    def __init__(self) -> None:
        self._places: dict[AthleteKey, Place | tuple[Place, ...]] = {}
        # By race and bracket: how many athletes it holds, and how many of them are first.
        self._sizes: Counter[tuple[str, str | None]] = Counter()
        self._firsts: Counter[tuple[str, str | None]] = Counter()
        self._intervals = Intervals()
        # Interval and bracket -> the bit that stands for them in what was met of an athlete.
        self._contexts: dict[tuple[int, str], int] = {}
        self._seen: dict[AthleteKey | None, int] = {}
        self._names: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._places)

    def is_new(self, row: Row) -> bool:
        """Take a row in; return whether it is not a repeat."""
        athlete, interval = athlete_key(row), self._intervals.of(row)
        bracket = identity(row.get("results_bracket_name"))
        bit = 1 << self._contexts.setdefault((interval.number, bracket), len(self._contexts))
        seen = self._seen.get(athlete, 0)
        if seen & bit:
            return False
        self._seen[athlete] = seen | bit
        if athlete is not None and interval.is_full:
            # One text for all of a bracket's athletes, not one each.
            name = self._names.setdefault(bracket, bracket) or None
            self._add(athlete, self._race(row), Place(RowReader(row).place("results_rank"), name))
        return True

    def knows_any(self, athletes: Iterable[AthleteKey]) -> bool:
        """Say whether any of the athletes has a place here."""
        return any(athlete in self._places for athlete in athletes)

    @property
    def brackets(self) -> set[str]:
        """The names of the brackets in which somebody has a place."""
        return {name for _, name in self._sizes if name is not None}

    def unnamed_firsts(self, race_id: str) -> int:
        """Return how many athletes of a race are first in a bracket that the API does not name."""
        return self._firsts[race_id, None]

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
        places = (found,) if isinstance(found, Place) else found
        places = tuple(p for p in places if p.bracket is None or p.bracket != not_in)
        if not places:
            return NO_PLACE
        own = [place for place in places if rather_in is not None and place.bracket == rather_in]
        return own[0] if own else max(places, key=lambda place: self._sizes[race_id, place.bracket])

    def forget(self, athletes: Iterable[AthleteKey]) -> None:
        """Forget the places of some athletes: they were none."""
        for athlete in athletes:
            self._places.pop(athlete, None)

    def _race(self, row: Row) -> str:
        race_id = identity(row.get("results_race_id"))
        return self._names.setdefault(race_id, race_id)

    def _add(self, athlete: AthleteKey, race_id: str, place: Place) -> None:
        found = self._places.get(athlete)
        if found is None:
            self._places[athlete] = place
        else:
            self._places[athlete] = (*((found,) if isinstance(found, Place) else found), place)
        self._sizes[race_id, place.bracket] += 1
        self._firsts[race_id, place.bracket] += place.rank == 1
