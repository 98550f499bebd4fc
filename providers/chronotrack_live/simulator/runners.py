"""The results of a large real marathon (2013, names invented): what the simulated races are made of."""

from __future__ import annotations

import csv
import io
import lzma
from collections import Counter
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Set

SOURCES = {
    "5K": "5k_min",
    "10K": "10k_min",
    "20K": "20k_min",
    "Half": "half_min",
    "25K": "25k_min",
    "30K": "30k_min",
    "35K": "35k_min",
    "40K": "40k_min",
    "Finish": "finish_min",
}


@dataclass(frozen=True, slots=True, eq=False)
class Runner:
    """One finisher of the carried marathon; `minutes` holds the times that the mats saw, by mat."""

    bib: str
    first_name: str
    last_name: str
    sex: str
    age: int
    city: str
    state: str
    country: str
    minutes: dict[str, float]

    @property
    def is_wheelchair(self) -> bool:
        """Whether the athlete raced in a wheelchair: bibs W1, W2, ..."""
        return self.bib.startswith("W")

    @property
    def has_plain_name(self) -> bool:
        """Whether the name is all ASCII."""
        return (self.first_name + self.last_name).isascii()

    def passed(self, mats: Set[str]) -> bool:
        """Tell whether every one of `mats` saw the runner."""
        return self.minutes.keys() >= mats


def load_runners() -> list[Runner]:
    """Read all 16,164 runners, in the file's order."""
    packed = resources.files(__package__).joinpath("marathon_2013.csv.xz").read_bytes()
    rows = csv.DictReader(io.StringIO(lzma.decompress(packed).decode("utf-8")))
    return [
        Runner(
            bib=row["bib"],
            first_name=row["first_name"],
            last_name=row["last_name"],
            sex=row["gender"],
            age=int(row["age"]),
            city=row["city"],
            state=row["state"],
            country=row["country"],
            minutes={mat: float(row[column]) for mat, column in SOURCES.items() if row[column]},
        )
        for row in rows
    ]


def repeated_bibs(runners: Iterable[Runner]) -> set[str]:
    """Return the bibs that more than one of `runners` wears."""
    return {bib for bib, count in Counter(runner.bib for runner in runners).items() if count > 1}


def spread(runners: list[Runner], count: int) -> list[Runner]:
    """Take `count` runners, evenly over the list and in its order; all of them when there are not more."""
    if count >= len(runners):
        return list(runners)
    return [runners[place * len(runners) // count] for place in range(count)]


def spread_with_oddities(runners: list[Runner], count: int) -> list[Runner]:
    """Take `count` runners as `spread` does, but never lose what makes the data hard.

    From 100 on there is a wheelchair, a repeated bib, a missing split and a name outside ASCII.
    """
    chosen = spread(runners, count)
    if not 100 <= count < len(runners):
        return chosen
    repeated = repeated_bibs(runners)
    oddities = [
        *[runner for runner in runners if runner.bib in repeated][:2],
        next(runner for runner in runners if runner.is_wheelchair),
        next(runner for runner in runners if not runner.passed(SOURCES.keys())),
        next(runner for runner in runners if not runner.has_plain_name),
    ]
    # dict.fromkeys: some oddities may be among the evenly spread already
    kept = set(list(dict.fromkeys([*oddities, *chosen]))[:count])
    return [runner for runner in runners if runner in kept]


def straggler(runners: list[Runner]) -> Runner:
    """Return a runner who is an hour behind everybody else at every mat."""
    # more than anybody loses between the gun and the start line, which counts where the start mat failed
    behind = 60
    slowest: dict[str, float] = {}
    for runner in runners:
        slowest |= {mat: max(minutes, slowest.get(mat, 0.0)) for mat, minutes in runner.minutes.items()}
    return replace(runners[0], minutes={mat: minutes + behind for mat, minutes in slowest.items()})
