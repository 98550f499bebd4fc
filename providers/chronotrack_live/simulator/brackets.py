"""Brackets: the groups in which the athletes of a race are ranked."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .world import Bracket

if TYPE_CHECKING:
    from .numbers import Numbers
    from .runners import Runner

_LOCAL_STATE = "MA"


def make_brackets(race_id: str, numbers: Numbers) -> tuple[Bracket, ...]:
    """Make a race's brackets: Overall, Female, Male, the age groups, and a custom one of type SEX."""

    def bracket(
        name: str, kind: str, tag: str, low: int | None = None, high: int | None = None, *, plain: bool = True
    ) -> Bracket:
        return Bracket(numbers.next("bracket"), race_id, name, kind, tag, low, high, plain)

    groups = [(0, 19), *((low, low + 4) for low in range(20, 80, 5)), (80, None)]
    return (
        bracket("Overall", "OTHER", "O"),
        bracket("Female", "SEX", "F"),
        bracket("Male", "SEX", "M"),
        *(
            bracket(f"{sex} {_group_name(low, high)}", "AGE", f"{sex}{low}", low, high)
            for sex in ("F", "M")
            for low, high in groups
        ),
        bracket("Female Locals", "SEX", "F", plain=False),
    )


def brackets_of(runner: Runner, brackets: tuple[Bracket, ...]) -> tuple[Bracket, ...]:
    """Return those of a race's brackets that the runner is in."""
    return _brackets_of(runner.sex, runner.age, runner.state == _LOCAL_STATE, brackets)


@cache
def _brackets_of(
    sex: str,
    age: int,
    is_local: bool,  # noqa: FBT001 - what the cache goes by
    brackets: tuple[Bracket, ...],
) -> tuple[Bracket, ...]:
    def is_in(bracket: Bracket) -> bool:
        if bracket.kind == "OTHER":
            return True
        if bracket.kind == "SEX":
            return bracket.tag == sex and (bracket.is_plain or is_local)
        low, high = bracket.min_age or 0, bracket.max_age or age
        return bracket.name[0] == sex and low <= age <= high

    return tuple(filter(is_in, brackets))


def _group_name(low: int, high: int | None) -> str:
    if low == 0:
        return f"{high} & Under"
    return f"{low}+" if high is None else f"{low}-{high}"
