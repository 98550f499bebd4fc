"""The hub's other users at work: what each of their statements takes while something else happens."""

from __future__ import annotations

import io
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from database.queries import compose
from providers.errors import DatabaseUnavailable
from tests.benchmarks.host import STATEMENTS, connected, rows

# Between two statements of a worker; all together some hundred statements a second.
_PAUSE = 0.005
_ROWS_OF_A_COPY = 100
# For a worker's first statement, on a machine that is busy.
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Worker:
    """Who executes one named statement over and over. `writes` rows: nobody may keep it waiting."""

    does: str
    statement: str
    writes: bool = True


WORKERS = (
    Worker("insert a result", "insert_result"),
    Worker("copy 100 results", "copy_results"),
    Worker("insert a participant", "insert_participant"),
    Worker("update an event", "update_event"),
    Worker("read an event's unified results", "read_unified_results", writes=False),
)


@dataclass(frozen=True, slots=True)
class Observed:
    """What the workers met with in one stretch of time.

    Attributes:
        what: what happened meanwhile.
        seconds: how long that took.
        latencies: each statement's seconds, by worker.
        failures: how often statements failed, by worker and PostgreSQL's words.
    """

    what: str
    seconds: float
    latencies: Mapping[Worker, list[float]]
    failures: Counter[str]

    def longest_write(self) -> float:
        """Return the seconds of the slowest statement of a writer."""
        return max(max(taken) for worker, taken in self.latencies.items() if worker.writes)


@dataclass(slots=True)
class _Traffic:
    dsn: str
    events: list[dict[str, Any]]
    latencies: dict[Worker, list[float]]
    failures: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def work(self, worker: Worker) -> None:
        statement = compose(worker.statement, STATEMENTS)
        with connected(self.dsn) as cursor:
            for number in count(1):
                values = random.choice(self.events) | {"bib": number, "entry_id": str(uuid.uuid4().int)}
                begun = time.perf_counter()
                try:
                    _execute(cursor, worker, statement, values)
                except psycopg2.Error as error:
                    self.failures[f"{worker.does}: {error.diag.message_primary or error}"] += 1
                self.latencies[worker].append(time.perf_counter() - begun)
                if self.over.wait(_PAUSE):
                    return


def observe(dsn: str, what: str, happening: Callable[[], None]) -> Observed:
    """Let `happening` take place while every worker is at work on the database of `dsn`.

    Every statement that was under way at the end is waited for and counted.
    """
    traffic = _Traffic(dsn, rows(dsn, "recent_tcp_events"), {worker: [] for worker in WORKERS})
    threads = [threading.Thread(target=traffic.work, args=(worker,), daemon=True) for worker in WORKERS]
    for thread in threads:
        thread.start()
    try:
        _await_all(traffic)
        begun = time.perf_counter()
        happening()
        seconds = time.perf_counter() - begun
    finally:
        traffic.over.set()
        for thread in threads:
            thread.join()
    return Observed(what, seconds, traffic.latencies, traffic.failures)


def _await_all(traffic: _Traffic) -> None:
    """Return when every worker has executed a statement."""
    deadline = time.monotonic() + _PATIENCE
    while not all(traffic.latencies.values()):
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(
                f"The benchmark's statements were not answered within {_PATIENCE:.0f} seconds: "
                "run it when the machine is less busy."
            )
        time.sleep(0.01)


def _execute(cursor: RealDictCursor, worker: Worker, statement: sql.Composed, values: dict[str, Any]) -> None:
    if worker.statement != "copy_results":
        cursor.execute(statement, values)
        return
    line = "{event_id},{bib},00:43:12.214,{bib},{partner}\n".format(**values)
    cursor.copy_expert(statement, io.StringIO(line * _ROWS_OF_A_COPY))
