"""An athlete of one reading of results: the rows as far as they were read, and the places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from providers.chronotrack_live.places import Place
from providers.chronotrack_live.result_rows import AthleteKey


@dataclass(slots=True)
class Athlete:
    """An athlete's rows as far as they were read.

    Attributes:
        person: the row that says who it is, packed: the full course's, else the first that came.
        race_id: of that row.
        seen: a bit for each interval that was met.
        overall: rank and bracket of the full course, None until there is such a row; 0 for no rank.
        division: the main one, as that row names it.
        splits: those of the usual form, packed.
        odd_splits: the rows of all others, packed.
        status: the entry's, as the API spells it.
    """

    person: bytes
    race_id: str
    seen: int = 0
    overall: tuple[int, str | None] | None = None
    division: str | None = None
    splits: bytearray = field(default_factory=bytearray)
    odd_splits: tuple[bytes, ...] = ()
    status: str = ""

    def facts(self) -> tuple[object, ...]:
        """Return all that was read of the athlete, as the packer has packed it."""
        rows = self.person, bytes(self.splits), self.odd_splits
        return *rows, self.race_id, self.overall, self.division, self.status


class Standing(NamedTuple):
    """An athlete with the places by gender and by division."""

    key: AthleteKey
    athlete: Athlete
    gender: Place
    division: Place
