"""The weekend's report, in Markdown."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from providers.chronotrack_live.simulator.weekend import Weekend
from tests.benchmarks.weekend_checks import DISCOVERY_LATE, Check
from tests.benchmarks.weekend_clock import OPERATIONS_A_SECOND, SHORTEST_INTERVAL, RaceClock
from tests.benchmarks.weekend_knowledge import FOLLOWED_WITHIN, Done

# So many faults of a check are written out.
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Measured:
    """All that a run has found; `begin` and `end` are race time."""

    weekend: Weekend
    command: str
    begin: datetime
    end: datetime
    clock: RaceClock
    account: Sequence[Done]
    checks: Sequence[Check]

    def faults(self) -> list[str]:
        """Return a sentence for each promise that was broken."""
        return [fault for check in self.checks for fault in check.faults]


def markdown(measured: Measured) -> str:
    """Return the report."""
    speeds = [speed for _, speed in measured.clock.speeds]
    real = measured.clock.real_seconds(measured.begin, measured.end)
    parts = [
        "# A whole weekend",
        f"Written by `{measured.command}` on {datetime.now(UTC):%Y-%m-%d}: "
        f"{measured.weekend.partners} partners with {measured.weekend.events} events; scheduler, simulator "
        f"and PostgreSQL share {os.cpu_count()} cores.",
        f"{_hours(measured)} hours of race time in {real / 60:.1f} minutes, {min(speeds):g} to "
        f"{max(speeds):g} times as fast as real time: no more than {OPERATIONS_A_SECOND:g} operations are "
        "due in a real second, and two due instants of an event are "
        f"{SHORTEST_INTERVAL:g} real seconds apart or more, but for the last one of a window.",
        "## What was checked",
        _table(("check", "times", "faults"), map(_check, measured.checks)),
        *(f"- {fault}" for check in measured.checks for fault in check.faults[:_SHOWN]),
        "## How it was checked",
        _METHOD,
        "## What was done",
        "Lateness in real milliseconds, from when the operation was planned.",
        _table(("operation", "status", "count", "p50", "p99", "max"), _operations(measured)),
    ]
    return "\n\n".join(parts) + "\n"


_METHOD = (
    "Every row of `sync_history` is copied as it is written, because the scheduler folds those of two days "
    "ago. A collection answers for the due instant at or before `sync_time` - lateness, and is planned no "
    "later after it than an event's offset may be: a second for each event, an interval at most. So it does "
    "not matter how late a collection is, but one that is later than the next due instant has left one out, "
    "which is a fault. What the daemon must know follows from its discoveries: between the beginning of one "
    f"and {FOLLOWED_WITHIN:g} real seconds after its end, an event that is new or has moved may be collected "
    "by what was known or by what is. An entry list is due by what `schedulers.windows` says after the one "
    "before. Discovery and the test before it are one job, which plans the next one when it ends; it may be "
    f"{DISCOVERY_LATE:g} real seconds late."
)


def _hours(measured: Measured) -> str:
    return f"{(measured.end - measured.begin).total_seconds() / 3600:.0f}"


def _check(check: Check) -> tuple[str, ...]:
    faults = f"**{len(check.faults):,}**" if check.faults else "0"
    return check.what, f"{check.checked:,}", faults


def _operations(measured: Measured) -> Iterable[tuple[str, ...]]:
    kinds = sorted({(done.sync_type, done.status) for done in measured.account})
    for kind in kinds:
        rows = [done for done in measured.account if (done.sync_type, done.status) == kind]
        planned = [(done.planned, done.at) for done in rows if done.planned is not None]
        late = sorted(1000 * measured.clock.real_seconds(*instants) for instants in planned)
        shown = [f"{late[len(late) * share // 100]:,.0f}" for share in (50, 99)] if late else ["-", "-"]
        yield *kind, f"{len(rows):,}", *shown, f"{late[-1]:,.0f}" if late else "-"


def _table(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
