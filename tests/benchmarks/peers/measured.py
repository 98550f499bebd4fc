"""What a run of the comparison measures: its sizes, its cases, and what it has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.peers.contenders import Contender
from tests.benchmarks.peers.gauge import Spent, middle
from tests.benchmarks.race_day_report import Measured as RaceDay

PLAIN, SLOW, FULL = "as it is", "200 ms a request", "a million rows"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large everything is.

    Attributes:
        events: of the first load.
        slow_events: of the first load at 200 ms a request.
        athletes: of each of them, all of whom have finished.
        field: athletes of the event that is polled, half of whom have finished.
        others: results of other events that are there already, in that case.
        many_events: like those of the first load, for the memory that many results take.
        rounds: of the first load and of the polls; other cases have one.
    """

    events: int
    slow_events: int
    athletes: int
    field: int
    others: int
    many_events: int
    rounds: int

    @classmethod
    def of(cls, scale: float, rounds: int) -> Sizes:
        """Return the sizes at a share of the whole."""

        def part(whole: int, least: int) -> int:
            return max(least, round(whole * scale))

        return cls(
            events=part(20, 2),
            slow_events=part(5, 1),
            athletes=part(5000, 100),
            field=part(10_000, 200),
            others=part(1_000_000, 100),
            many_events=part(200, 4),
            rounds=rounds,
        )

    def api_rows(self, events: int) -> int:
        """Return the rows that the API has of a first load: entries, results and two lists of places."""
        return 4 * events * self.athletes

    @property
    def percent(self) -> int:
        """Return how many more finish when one athlete in a hundred does."""
        return max(1, self.field // 100)


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of poll.

    Attributes:
        setting: PLAIN, SLOW or FULL.
        is_command: a command of its own, not a process that is kept.
        changes: one athlete in a hundred has newly finished.
    """

    setting: str
    is_command: bool
    changes: bool


Medians = Mapping[str, Spent]


@dataclass(slots=True)
class Found:
    """What was found, by contender's key; every list has a value a round.

    Attributes:
        sizes: of the run.
        contenders: who took part.
        command: that ran it.
        server: its version and settings.
        versions: of what is compared.
        loads: of the first load.
        slow_loads: of the first load at 200 ms a request.
        polls: by their case.
        memory: of this project's first load with many events, in bytes.
        race_day: None when it was left out.
        seconds: that it took in all.
    """

    sizes: Sizes
    contenders: Sequence[Contender]
    command: str
    server: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    loads: dict[str, list[Spent]] = field(default_factory=dict)
    slow_loads: dict[str, list[Spent]] = field(default_factory=dict)
    polls: dict[Case, dict[str, list[Spent]]] = field(default_factory=dict)
    memory: int = 0
    race_day: RaceDay | None = None
    seconds: float = 0.0

    def load(self) -> Medians:
        """Return the first load's medians."""
        return _medians(self.loads)

    def slow_load(self) -> Medians:
        """Return those at 200 ms a request."""
        return _medians(self.slow_loads)

    def poll(self, case: Case) -> Medians:
        """Return a poll's medians."""
        return _medians(self.polls.get(case, {}))


def _medians(rounds: Mapping[str, Sequence[Spent]]) -> Medians:
    return {key: middle(all_of) for key, all_of in rounds.items()}
