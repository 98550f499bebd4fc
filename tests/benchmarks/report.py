"""The benchmark's report, in Markdown."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks.asking import Answer
from tests.benchmarks.host import Host
from tests.benchmarks.traffic import WORKERS, Observed

# No writer may wait longer; every question is to be answered within.
LONGEST_WAIT = 1.0
MILLISECONDS = 0.010


@dataclass(frozen=True, slots=True)
class Measured:
    """All that a run has found. `before` and `after` are the row counts without and with the live rows."""

    host: Host
    command: str
    server: dict[str, Any]
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    observed: Sequence[Observed]
    answers: Sequence[Answer]

    def faults(self) -> list[str]:
        """Return a sentence for each promise that was broken."""
        faults = []
        for observed in self.observed:
            faults += [
                f"A statement failed during {observed.what}: {failure}." for failure in observed.failures
            ]
            if (longest := observed.longest_write()) > LONGEST_WAIT:
                faults.append(f"A writer waited {longest:.2f} s during {observed.what}.")
        return faults

    def slow(self) -> list[Answer]:
        """Return the answers that took longer than they are to."""
        return [answer for answer in self.answers if answer.median > MILLISECONDS]


def markdown(measured: Measured) -> str:
    """Return the report."""
    host, server = measured.host, measured.server
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    indexes = "without indexes on event_id" if host.bare else "with indexes on event_id"
    parts = [
        "# The database at production size",
        f"Written by `{measured.command}` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, "
        f"{memory:.0f} GiB of memory, PostgreSQL {server['version']} with the settings of the private server "
        f"(shared_buffers {server['shared_buffers']}, fsync and synchronous_commit on), all on one machine. "
        f"The host is of shape {host.shape}, {indexes}, at {host.scale:g} times production's size.",
        *(f"**{fault}**" for fault in measured.faults()),
        "## Rows",
        _table(("table", "rows", "size", "rows with the live ones", "size"), _row_counts(measured)),
        "## What other users wait",
        f"{len(WORKERS)} connections are at work all the time: four write, one reads. What a statement of "
        "theirs takes, its commit included, in milliseconds; no writer's may take longer than "
        f"{LONGEST_WAIT:g} s.",
        *(_observed(observed) for observed in measured.observed),
        "## What the questions take",
        "On the migrated database with the live rows, warm, in milliseconds of "
        f"{len(measured.answers[0].seconds)} runs (fewer of what takes seconds). A median above "
        f"{MILLISECONDS * 1000:g} ms is in bold. Which they are: "
        "`tests/benchmarks/questions.py`, `database/queries.sql`.",
        _table(("asked by", "statement", "rows", "median", "max"), map(_answer, measured.answers)),
        "## Plans",
        *map(_plan, measured.answers),
    ]
    return "\n\n".join(parts) + "\n"


def _row_counts(measured: Measured) -> Iterable[tuple[str, ...]]:
    after = {row["name"]: row for row in measured.after}
    for row in measured.before:
        then = after[row["name"]]
        yield row["name"], f"{row['rows']:,}", row["size"], f"{then['rows']:,}", then["size"]


def _observed(observed: Observed) -> str:
    lines = []
    for worker in WORKERS:
        taken = sorted(observed.latencies[worker])
        lines.append(
            (
                worker.does,
                f"{len(taken):,}",
                _ms(taken[len(taken) // 2]),
                _ms(taken[len(taken) * 99 // 100]),
                _ms(taken[-1]),
            )
        )
    table = _table(("statement", "count", "p50", "p99", "max"), lines)
    return (
        f"### {observed.what.capitalize()}: {observed.seconds:.1f} s\n\n{table}\n\n"
        f"Longest wait of a writer: {_ms(observed.longest_write())} ms."
    )


def _answer(answer: Answer) -> tuple[str, ...]:
    median = _ms(answer.median)
    shown = f"**{median}**" if answer.median > MILLISECONDS else median
    question = answer.question
    return question.asker, f"`{question.statement}`", f"{answer.rows:,}", shown, _ms(max(answer.seconds))


def _plan(answer: Answer) -> str:
    question = answer.question
    return (
        f"<details><summary>{question.asker}: {question.statement}, {_ms(answer.median)} ms</summary>\n\n"
        f"```\n{answer.plan}\n```\n\n</details>"
    )


def _table(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _ms(seconds: float) -> str:
    """Return milliseconds with as many digits as mean something."""
    milliseconds = seconds * 1000
    return f"{milliseconds:,.0f}" if milliseconds >= 100 else f"{milliseconds:.3g}"
