"""What the benchmark of a race day has measured, what it promises, and the report, in Markdown."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from providers.rate_limit import REQUESTS_PER_MINUTE

# The promises: seconds, connections in all, and of these to the database.
LATEST, CONNECTIONS, DATABASE_CONNECTIONS = 1.0, 100, 20
# Who is late enough to miss a due instant is not counted as late: so few may be missing, at the edges.
_HELD = 0.95


@dataclass(frozen=True, slots=True)
class Day:
    """The size of a race day.

    Attributes:
        events: in all, shared evenly by the partners.
        partners: how many.
        athletes: of each event.
        interval: seconds between two due instants of an event.
        seconds: how long it is measured.
    """

    events: int
    partners: int
    athletes: int
    interval: float
    seconds: float

    @property
    def finished(self) -> int:
        """Return how many athletes of each event have finished when the day begins."""
        return self.athletes // 2

    @property
    def pace(self) -> float:
        """Return the seconds between two finishers of an event: one athlete in a hundred an interval."""
        return self.interval / max(1, self.athletes // 100)


@dataclass(slots=True)
class Peaks:
    """The most that was seen of something, looking once a second."""

    api: int = 0
    database: int = 0
    in_all: int = 0
    threads: int = 0

    def take(self, api: int, database: int, threads: int) -> None:
        """Take in what is seen now."""
        self.api, self.database = max(self.api, api), max(self.database, database)
        self.in_all, self.threads = max(self.in_all, api + database), max(self.threads, threads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that a run has found.

    Attributes:
        day: what was run.
        command: that ran it.
        seconds: measured.
        start_seconds: from the daemon's start until every event had been collected once.
        history: the rows of `sync_history` of what began while it was measured.
        cpu: seconds by who used them.
        memory: the daemon's largest resident memory, in bytes.
        start: peaks before it was measured.
        peaks: while it was measured.
        freshness: the seconds from when the API could first serve a finisher's result until it was visible,
            of all who finished in a span as long, an interval earlier; the smallest first.
        missing: how many of them were not visible at the end; they count with what they had waited by then.
        requests: answered by the API meanwhile.
        most_requests: that a partner has made in any 60 seconds, the start included.
        load: the machine's load average over 5 minutes, at the end.
    """

    day: Day
    command: str
    seconds: float
    start_seconds: float
    history: Sequence[Mapping[str, Any]]
    cpu: Mapping[str, float]
    memory: int
    start: Peaks
    peaks: Peaks
    freshness: Sequence[float]
    missing: int
    requests: int
    most_requests: int
    load: float

    @property
    def lateness(self) -> list[float]:
        """The collections' lateness in seconds, the smallest first."""
        return sorted(
            float(row["lateness"])
            for row in self.history
            if row["sync_type"] == "results" and row["lateness"] is not None
        )

    @property
    def due(self) -> int:
        """How many collections were due while it was measured."""
        return round(self.day.events * self.seconds / self.day.interval)

    def faults(self) -> list[str]:
        """Return a sentence for each promise that was broken."""
        faults, lateness = [], self.lateness
        if len(lateness) < _HELD * self.due:
            faults.append(f"{self.due:,} collections were due, and {len(lateness):,} were made.")
        if lateness and (late := share(lateness, 99)) >= LATEST:
            faults.append(f"One collection in a hundred was {late:.2f} s late or more.")
        if self.missing:
            faults.append(f"{self.missing:,} finishers were not visible an interval later.")
        if self.most_requests > REQUESTS_PER_MINUTE:
            faults.append(f"A partner made {self.most_requests:,} requests in 60 seconds.")
        if self.peaks.in_all >= CONNECTIONS:
            faults.append(f"The daemon had {self.peaks.in_all} connections.")
        if self.peaks.database >= DATABASE_CONNECTIONS:
            faults.append(f"The daemon had {self.peaks.database} connections to the database.")
        return faults


def markdown(measured: Measured) -> str:
    """Return the report."""
    day, memory = measured.day, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    parts = [
        "# A race day",
        f"Written by `{measured.command}` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores and "
        f"{memory:.0f} GiB of memory, which the daemon, PostgreSQL and the API share. {day.events:,} live "
        f"events of {day.athletes} athletes for {day.partners} partners, all with one start, are collected "
        f"every {day.interval:g} s, for {measured.seconds:.0f} s. The API is one of the benchmark's own with "
        "prepared pages on plain HTTP, which takes less of the cores than the simulator would; half of the "
        "athletes have finished, the others follow one by one, one in a hundred an interval.",
        *(f"**{fault}**" for fault in measured.faults()),
        _table(("", "promised", "measured", "at the start"), _promises(measured)),
        "Freshness is the instant a finisher's row is visible in `ct_results` (PostgreSQL's commit timestamp "
        "of its transaction) minus the instant the API could first serve it, of "
        f"{len(measured.freshness):,} finishers; the interval alone makes half of itself of it on average, "
        f"{day.interval / 2:g} s, and all of itself at most.",
        "Lateness is that of `sync_history`: from the due instant and the event's offset to the beginning of "
        "the collection. Connections to the API are the kernel's count, those to the database PostgreSQL's "
        "(they are local sockets), both once a second. The start is the time until every event was "
        f"collected once, {measured.start_seconds:.0f} s with all of them overdue and no entry list read, "
        "and one interval more.",
        "## What was done",
        _table(("operation", "status", "count"), _operations(measured)),
        f"Collections due: {measured.due:,}. Failures: {_failures(measured)}. "
        f"Requests: {measured.requests / measured.seconds:.1f} a second. "
        f"Rows written: {_written(measured):,}.",
        "## What it took",
        _table(("CPU", "seconds", "of one core"), _cpu(measured)),
        f"Load average at the end: {measured.load:.2f}. The daemon's largest resident memory: "
        f"{measured.memory / 2**20:.0f} MiB.",
    ]
    return "\n\n".join(parts) + "\n"


def _promises(measured: Measured) -> list[tuple[str, ...]]:
    lateness, start, peaks = measured.lateness, measured.start, measured.peaks
    late = [f"{1000 * share(lateness, part):,.0f} ms" if lateness else "-" for part in (50, 99, 100)]
    fresh = [
        f"{share(measured.freshness, part):.1f} s" if measured.freshness else "-" for part in (50, 99, 100)
    ]
    return [
        ("freshness, p50", "", fresh[0], ""),
        ("freshness, p99", "", fresh[1], ""),
        ("freshness, maximum", "", fresh[2], ""),
        ("lateness, p50", "", late[0], ""),
        ("lateness, p99", f"< {1000 * LATEST:,.0f} ms", late[1], ""),
        ("lateness, maximum", "", late[2], ""),
        ("requests of a partner in 60 s", f"<= {REQUESTS_PER_MINUTE:,}", f"{measured.most_requests:,}", ""),
        ("connections", f"< {CONNECTIONS}", str(peaks.in_all), str(start.in_all)),
        ("connections to the API", "", str(peaks.api), str(start.api)),
        (
            "connections to the database",
            f"< {DATABASE_CONNECTIONS}",
            str(peaks.database),
            str(start.database),
        ),
        ("threads", "", str(peaks.threads), str(start.threads)),
    ]


def _operations(measured: Measured) -> list[tuple[str, ...]]:
    counted = Counter((str(row["sync_type"]), str(row["status"])) for row in measured.history)
    return [(*kind, f"{count:,}") for kind, count in sorted(counted.items())]


def _failures(measured: Measured) -> int:
    return sum(row["status"] == "failed" for row in measured.history)


def _written(measured: Measured) -> int:
    return sum(row["written"] or 0 for row in measured.history)


def _cpu(measured: Measured) -> list[tuple[str, ...]]:
    return [
        (who, f"{seconds:,.1f}", f"{100 * seconds / measured.seconds:.0f} %")
        for who, seconds in measured.cpu.items()
    ]


def share(ordered: Sequence[float], percent: int) -> float:
    """Return the value that so many percent do not exceed."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _table(heading: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
