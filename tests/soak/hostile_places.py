"""The lists of places by gender and by division: of athletes, some with hostile ranks, and of nobody."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.soak.hostile_lists import FULL, Athlete, Row, Sent
from tests.soak.hostile_values import as_read, hostile
from tests.soak.value_truth import reading

# The brackets, by the type that asks for their places.
BRACKETS = {"SEX": "Everybody by gender", "AGE": "Everybody by division"}
_PLACED = 0.7
_HOSTILE_RANK = 0.4
# One row of nobody for so many athletes.
_NOBODY = 4


@dataclass(frozen=True)
class Places:
    """The list of places of one type.

    Attributes:
        of_athletes: a row of an athlete, by which athlete it is: the witness of the full course.
        of_nobody: rows of nobody who ran; nobody's place may come of them.
    """

    of_athletes: dict[str, Sent]
    of_nobody: list[Sent]

    @property
    def rows(self) -> list[Sent]:
        """Return the rows as the API lists them."""
        return [*self.of_nobody, *self.of_athletes.values()]


def places(dice: Random, kind: str, who: Sequence[Athlete]) -> Places:
    """Draw a place for most athletes who have an id; in the list by gender many ranks are hostile."""
    placed = {
        athlete.full.witness: _place(dice, kind, athlete, number)
        for number, athlete in enumerate(who, start=1)
        # Only by an id places are sent here.
        if isinstance(athlete.full.row.get("results_entry_id"), str | int | float)
        and reading(athlete.full.row["results_entry_id"])[0]
        and dice.random() < _PLACED
    }
    return Places(placed, [_of_nobody(dice, kind, number) for number in range(len(who) // _NOBODY)])


def _place(dice: Random, kind: str, athlete: Athlete, number: int) -> Sent:
    row = {name: athlete.full.row.get(name) for name in ("results_entry_id", "results_race_id")}
    is_clean = kind != "SEX" or dice.random() >= _HOSTILE_RANK
    return _sent(kind, row | {"results_rank": str(number) if is_clean else hostile(dice)}, is_clean=is_clean)


def _of_nobody(dice: Random, kind: str, number: int) -> Sent:
    row = {"results_entry_id": f"nobody {number} {hostile(dice)}"[:500]}
    odd = ("results_race_id", "results_rank", "results_bib", "results_first_name", "results_last_name")
    return _sent(kind, row | {name: hostile(dice) for name in odd}, is_clean=False)


def _sent(kind: str, row: Row, *, is_clean: bool) -> Sent:
    text = json.dumps(FULL | {"results_bracket_name": BRACKETS[kind]} | row)
    return Sent(text, as_read(text), is_clean)
