"""The brackets of an event by themselves: where places come from when a bracket type is not understood.

`bracket=SEX` and `bracket=AGE` give the places of all brackets of a type at once, but not every server
knows them, and not for every race (fact sheet, section 6). Each bracket's own list always has its ranks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.parse import RowReader


class BracketType(NamedTuple):
    """A type of brackets: the word that asks for all of them, the types that count, and the place's field."""

    keyword: str
    types: tuple[str, ...]
    field: str


# "GENDER" is only guarded for by one client (fact sheet, section 5.4).
GENDER = BracketType("SEX", ("SEX", "GENDER"), "gender_place")
DIVISION = BracketType("AGE", ("AGE",), "division_place")

# The bracket of everybody is of type OTHER and known by its name alone.
_OTHER, _OVERALL = "OTHER", "overall"


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracket of the event. `race_id` is None where the API does not say whose it is."""

    bracket_id: str
    name: str
    kind: str
    race_id: str | None

    @property
    def path(self) -> str:
        """Return the path of its results."""
        return f"bracket/{quote(self.bracket_id, safe='')}/results"

    def is_of(self, wanted: BracketType, races: Collection[str]) -> bool:
        """Say whether it gives places of a type to athletes of these races, by their ids."""
        return self.kind in wanted.types and (self.race_id is None or self.race_id in races)

    def is_custom(self, divisions: Collection[str]) -> bool:
        """Say whether it is a custom bracket of one of these names."""
        return self.kind == _OTHER and self.name.lower() != _OVERALL and self.name in divisions


def bracket_of(row: Row) -> Bracket | None:
    """Read a bracket; None for a row without id or name."""
    read = RowReader(row)
    bracket_id, name = read.text("bracket_id"), read.text("bracket_name")
    if bracket_id is None or name is None:
        return None
    kind = read.text("bracket_type") or ""
    return Bracket(bracket_id, name, kind.upper(), read.text("race_id") or read.text("bracket_race_id"))
