"""What a piece of a contender's work takes: of its own, of PostgreSQL, of the disk and of the API."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from tests.benchmarks import race_day_processes as processes
from tests.benchmarks.peers.contenders import Contender, Took
from tests.benchmarks.peers.hubs import Hubs

# How long the server is listened to while nobody works, in seconds.
_IDLE = 3.0
# How long the server may take to see that a client has gone, in seconds.
_GONE = 10.0


@dataclass(frozen=True, slots=True)
class Spent:
    """What a piece of work took.

    Attributes:
        wall: seconds.
        cpu: seconds of the contender and its children.
        postgres: seconds of CPU of PostgreSQL.
        wal: bytes of write-ahead log.
        rows: inserted, updated or deleted in the tables that are the purpose; None when not asked.
        aside: likewise in staging tables and accounts.
        requests: that the API answered.
        memory: the contender's largest resident memory, in bytes.
    """

    wall: float
    cpu: float
    postgres: float
    wal: float
    rows: int | None
    aside: int | None
    requests: int
    memory: int


def middle(all_of: Sequence[Spent]) -> Spent:
    """Return the medians, and the largest memory."""

    def of(name: str) -> float | None:
        values = [getattr(spent, name) for spent in all_of]
        return None if None in values else median(values)

    names = ("wall", "cpu", "postgres", "wal", "rows", "aside", "requests")
    return Spent(**{name: of(name) for name in names}, memory=max(spent.memory for spent in all_of))  # type: ignore[arg-type]


class Gauge:
    """Measures the contenders' work, one at a time.

    The server makes a little write-ahead log of its own; it is listened to beforehand, and that is taken off.
    """

    def __init__(self, hubs: Hubs, contender: Contender) -> None:
        """Listen to the server, by way of any contender's database."""
        self._hubs = hubs
        self._postgres = processes.parent(hubs.ask(contender, "server")[0]["pid"])
        hubs.ask(contender, "checkpoint")
        before = self._wal(contender)
        time.sleep(_IDLE)
        self._noise = (self._wal(contender) - before) / _IDLE

    def command(self, contender: Contender) -> Spent:
        """Measure its command; the rows that it writes are those of connections that have ended."""
        hubs = self._hubs
        return self._measured(
            contender,
            lambda: contender.run(hubs.environment(contender), hubs.log(contender)),
            counts_rows=True,
        )

    def process(self, contender: Contender, work: Callable[[], Took]) -> Spent:
        """Measure what its process does when it is asked."""
        return self._measured(contender, work, counts_rows=False)

    def _measured(self, contender: Contender, work: Callable[[], Took], *, counts_rows: bool) -> Spent:
        hubs = self._hubs
        rows = self._rows(contender) if counts_rows else None
        hubs.ask(contender, "checkpoint")
        account, cpu, wal = hubs.api.account(), self._cpu(), self._wal(contender)
        took = work()
        wal_after, cpu_after, account_after = self._wal(contender), self._cpu(), hubs.api.account()
        rows_after = self._rows(contender) if counts_rows else None
        return Spent(
            wall=took.wall,
            cpu=took.cpu,
            postgres=cpu_after - cpu,
            wal=max(0.0, wal_after - wal - self._noise * took.wall),
            rows=rows_after[0] - rows[0] if rows and rows_after else None,
            aside=rows_after[1] - rows[1] if rows and rows_after else None,
            requests=account_after.requests - account.requests,
            memory=took.memory,
        )

    def _cpu(self) -> float:
        return processes.family_cpu_seconds(self._postgres)

    def _wal(self, contender: Contender) -> int:
        return int(self._hubs.ask(contender, "wal")[0]["bytes"])

    def _rows(self, contender: Contender) -> tuple[int, int]:
        deadline = time.monotonic() + _GONE
        while self._hubs.ask(contender, "others_connected")[0]["others"] and time.monotonic() < deadline:
            time.sleep(0.02)
        [row] = self._hubs.ask(contender, "rows_written")
        return row["rows"], row["aside"]
