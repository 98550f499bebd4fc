"""What goes wrong on race day, in the shares of a real marathon."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from .runners import Runner, repeated_bibs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random


class Mishap(Enum):
    """What happened to an athlete whose race was not like the others'."""

    DID_NOT_START = auto()
    DID_NOT_FINISH = auto()
    DID_NOT_FINISH_BUT_HAS_A_FULL_ROW = auto()
    DISQUALIFIED = auto()
    WITHOUT_BIB = auto()
    WITHOUT_START_MAT = auto()


_SHARES = {
    Mishap.DID_NOT_FINISH_BUT_HAS_A_FULL_ROW: 0.002,
    Mishap.DID_NOT_FINISH: 0.018,
    Mishap.DISQUALIFIED: 0.002,
    Mishap.WITHOUT_BIB: 0.003,
    Mishap.WITHOUT_START_MAT: 0.005,
    Mishap.DID_NOT_START: 0.03,
}


def draw_mishaps(runners: Sequence[Runner], draw: Random) -> dict[Runner, Mishap]:
    """Give their share of the runners a mishap each, at least one runner for each kind.

    The carried data's own oddities stay as they are: repeated bibs, names outside ASCII, lost splits.
    """
    repeated = repeated_bibs(runners)
    ordinary = [
        runner
        for runner in runners
        if runner.has_plain_name
        and not runner.is_wheelchair
        and runner.bib not in repeated
        and len(runner.minutes) > 1
    ]
    unlucky = iter(draw.sample(ordinary, len(ordinary)))
    return {
        runner: mishap
        for mishap, share in _SHARES.items()
        for _, runner in zip(range(max(1, round(share * len(runners)))), unlucky, strict=False)
    }
