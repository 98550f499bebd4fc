"""What was promised of the comparison, and what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.peers.contenders import ARROW, BARE, DEFAULT, OURS, TUNED, Contender
from tests.benchmarks.peers.gauge import Spent
from tests.benchmarks.peers.measured import PLAIN, Case, Found, Medians

DAEMON, COMMAND = "within the daemon", "as a command"
_DLT = (DEFAULT, TUNED, ARROW)
# Of this project's memory: the most in any case, in bytes, and what ten times the results may add.
_MEMORY, _FLAT = 150e6, 1.1
_WAL = 16_000


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal, what was measured, and whether that holds it."""

    what: str
    wanted: str
    measured: str
    is_met: bool


def goals(found: Found) -> Iterator[Goal]:
    """Yield every goal that this run has measured."""
    load = found.load()
    for other, wanted in ((DEFAULT, 10), (TUNED, 5), (BARE, 0.8)):
        if other.key in load:
            yield _times("first load", load, other, wanted)
    for is_command, how, wanted in ((False, DAEMON, 8), (True, COMMAND, 4)):
        for changes, what in ((False, "nothing changed"), (True, "1 % changed")):
            case = Case(PLAIN, is_command=is_command, changes=changes)
            if others := [other for other in _DLT if other.key in found.poll(case)]:
                quickest = min(others, key=lambda other: found.poll(case)[other.key].wall)
                for other in dict.fromkeys((DEFAULT, quickest)):
                    yield _times(f"poll, {what}, {how}", found.poll(case), other, wanted)
    yield from _quiet(found)
    yield from _memory(found)


def faster(medians: Medians, other: Contender) -> float:
    """Return how many times as fast as another this project is."""
    return medians[other.key].wall / medians[OURS.key].wall


def _times(what: str, medians: Medians, other: Contender, wanted: float) -> Goal:
    times = faster(medians, other)
    return Goal(
        f"{what}, beside {other.name}", f">= {wanted:g} times as fast", f"{times:.2f} times", times >= wanted
    )


def _quiet(found: Found) -> Iterator[Goal]:
    for is_command, how in ((False, DAEMON), (True, COMMAND)):
        spent = found.poll(Case(PLAIN, is_command=is_command, changes=False))[OURS.key]
        if spent.rows is not None:
            yield Goal(f"poll, nothing changed, {how}: rows written", "0", f"{spent.rows:g}", spent.rows == 0)
        yield Goal(
            f"poll, nothing changed, {how}: write-ahead log",
            f"< {_WAL:,} bytes",
            f"{spent.wal:,.0f} bytes",
            spent.wal < _WAL,
        )


def _memory(found: Found) -> Iterator[Goal]:
    many, few = found.memory, found.load()[OURS.key].memory
    day = found.race_day.memory if found.race_day else 0
    most = max(many, day, *(spent.memory for spent in _all_of_ours(found)))
    yield Goal("memory, the most of all cases", "< 150 MB", f"{most / 1e6:.0f} MB", most < _MEMORY)
    if many:
        measured = f"{few / 1e6:.0f} MB, then {many / 1e6:.0f} MB"
        yield Goal("memory with ten times the results", "flat", measured, many <= _FLAT * few)


def _all_of_ours(found: Found) -> Iterator[Spent]:
    for rounds in (found.loads, found.slow_loads, *found.polls.values()):
        yield from rounds[OURS.key]
