"""Faults: what may go wrong with a list, by name, and when.

No dice: each distinct request, which is its path and query without the credentials, is answered wrongly at
its 1st, 3rd, 5th ... asking and rightly at its 2nd, 4th .... Several faults take turns in the order in which
they are given: the 1st asking meets the first, the 3rd the second. The standing faults hold always.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

STANDING = {
    "overlapping": "Each page begins with the last 3 rows of the page before, on top of its own.",
    "doubled": "The last page ends with every row of page 1 once more.",
    "expired_tokens": "Each bearer token is good for 5 requests; then it is refused as an expired one is.",
}
IN_TURN = {
    "server_error": "500 with a body of HTML.",
    "unavailable": "503 with Retry-After: 0.",
    "too_many": "429 without Retry-After.",
    "too_many_seconds": "429 with Retry-After: 0.",
    "too_many_date": "429 with the present date as Retry-After.",
    "html": "200 with a page of HTML.",
    "empty_body": "200 without a body.",
    "truncated": "200 with the first half of the JSON, and a Content-Length that agrees.",
    "broken_off": "The connection closes in the middle of the body.",
    "reset": "The connection closes without an answer.",
    "array": "200 with a JSON array.",
    "error_object": '200 with {"error": ...}.',
    "moving": "From page 2 on, pages lie one row later, as if a row before them had gone; the counts stay.",
    "slow": "The right answer, after so many SECONDS.",
    "trickle": "The right answer, 16 bytes at a time, with so many SECONDS between.",
    "huge": "The right answer behind so many MEGABYTES of blanks, which are valid JSON.",
}
_MEASURES = {"slow": "SECONDS", "trickle": "SECONDS", "huge": "MEGABYTES"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that takes turns; `amount` are its seconds or megabytes, 0 where it has none."""

    name: str
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults of one simulator.

    Attributes:
        standing: the names of those that hold always.
        in_turn: those that take turns, in this order.
        struck: in how many answers each has struck until now, by its name. A fault whose turn has come but
            that changes nothing has not struck: on page 1 no row has moved.
    """

    standing: frozenset[str] = frozenset()
    in_turn: tuple[Fault, ...] = ()
    struck: Counter[str] = field(default_factory=Counter, compare=False)

    @classmethod
    def read(cls, texts: Iterable[str]) -> Faults:
        """Make the faults that texts of the form NAME or NAME=AMOUNT ask for.

        Raises:
            ValueError: a sentence that says what there is instead.
        """
        faults = [_fault(text) for text in texts]
        return cls(
            standing=frozenset(fault.name for fault in faults if fault.name in STANDING),
            in_turn=tuple(fault for fault in faults if fault.name in IN_TURN),
            struck=Counter({fault.name: 0 for fault in faults}),
        )

    def at(self, asking: int) -> Fault | None:
        """Return the fault that a request meets when it is asked for the `asking`-th time, from 1."""
        if not self.in_turn or asking % 2 == 0:
            return None
        return self.in_turn[asking // 2 % len(self.in_turn)]


def faults_help(faults: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return each of IN_TURN or STANDING as NAME or NAME=MEASURE, and what it does."""
    return [(_form(name), says) for name, says in faults.items()]


def _form(name: str) -> str:
    return f"{name}={_MEASURES[name]}" if name in _MEASURES else name


def _fault(text: str) -> Fault:
    name, equals, amount = text.partition("=")
    if name not in {**IN_TURN, **STANDING}:
        there_are = ", ".join(map(_form, {**IN_TURN, **STANDING}))
        raise ValueError(f"There is no fault {name!r}. There are: {there_are}.")
    if name not in _MEASURES:
        if equals:
            raise ValueError(f"The fault {name} takes no value: write {name} alone.")
        return Fault(name)
    try:
        number = float(amount)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ValueError(f"Write {_form(name)} with a number that is not negative, not {text!r}.")
    return Fault(name, number)
