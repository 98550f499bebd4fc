"""A scenario is played, and what came of it kept, also when it does not come to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from tests.soak.stage import Stage
from tests.soak.trial import Trial


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario that was played: its module's name, what it says it does, and what came of it."""

    name: str
    says: str
    trials: tuple[Trial, ...]


def play(scenario: ModuleType, stage: Stage, tell: Callable[[Trial], None]) -> Played:
    """Play the trials of a scenario; one that ends in an exception is a trial with which something is wrong.

    Args:
        scenario: a module with a function `trials`.
        stage: where it is played.
        tell: told each trial once it is over.
    """
    says = (scenario.__doc__ or "").partition("\n")[0].rstrip(".")
    done: list[Trial] = []

    def keep(trial: Trial) -> None:
        done.append(trial)
        tell(trial)

    began = time.monotonic()
    try:
        for trial in scenario.trials(stage):
            keep(trial)
            began = time.monotonic()
    except Exception as error:  # noqa: BLE001 - whatever it is, the other scenarios' report is not lost
        sentence = f"it could not be played to its end: {type(error).__name__}: {error}"
        keep(Trial(f"the rest of: {says}", 0, 0, (sentence,), time.monotonic() - began))
    return Played(scenario.__name__.rpartition(".")[2], says, tuple(done))
