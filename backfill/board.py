"""Shows a run: a table that moves on a terminal, plain lines in a pipe."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from backfill.outcome import End, Outcome
from backfill.partner import PastPartner
from providers.errors import IntegrationError
from providers.terminal import printable, say

# A line in a pipe, a new table on a terminal, and a look at the request budgets for it: so often, in seconds.
_LINE_EVERY = 30.0
_TABLE_EVERY = 0.2
_BUDGET_EVERY = 1.0


class Board:
    """Where a run is shown. Use it as a context manager.

    Events are told of on stdout, failures on stderr; on a terminal both stand above the table. A run does not
    depend on being seen: whoever reads may go away.
    """

    def __init__(self, *, moving: bool) -> None:
        """Prepare it.

        Args:
            moving: whether stdout is a terminal that nobody else writes to.
        """
        self._console = Console() if moving else None
        self._live = Live(console=self._console, auto_refresh=False, transient=True) if moving else None
        self._is_read = True
        self._writing = threading.RLock()
        self._partners: Sequence[PastPartner] = ()
        self._open: dict[int, int] = {}
        self._began = time.monotonic()
        self._every = _TABLE_EVERY if moving else _LINE_EVERY
        self._due = self._began + self._every
        self._budget: tuple[float, str] = 0.0, "-"
        self._limit: int | None = None
        self._expected = self._done = self._athletes = self._rows = self._failed = 0

    def __enter__(self) -> Board:
        if self._live:
            self._write(self._live.start)
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._write(self._live.stop)

    def begin(self, partners: Sequence[PastPartner]) -> None:
        """Say whose events are worked on."""
        self._partners = partners

    def say(self, line: str) -> None:
        """Tell what happened, in one line."""
        console, line = self._console, printable(line)
        self._write(lambda: console.print(Text(line)) if console else click.echo(line))

    def fail(self, line: str) -> None:
        """Tell what went wrong, in one line."""
        console, line = self._console, printable(line)
        if console:
            self._write(lambda: console.print(Text(line, style="red")))
        else:
            with suppress(OSError):
                say(line)

    def close_with(self, text: str) -> None:
        """Show the last of it, on stdout, when the table moves no more."""
        self._write(lambda: click.echo(text, nl=False))

    def expect(self, partner: PastPartner, events: int, limit: int | None) -> None:
        """Note how many of a partner's events are to be worked on, of all partners no more than `limit`."""
        self._open[partner.timing_partner_id] = events
        self._limit = limit
        self._expected += events

    def give_up(self, partner: PastPartner, events: int) -> None:
        """Note that so many of a partner's events are not worked on after all."""
        self._open[partner.timing_partner_id] -= events
        self._expected -= events

    def count(self, outcome: Outcome) -> None:
        """Note what became of an event."""
        self._open[outcome.partner] -= 1
        # With a limit, another event takes the place of one that is left out.
        self._done += self._limit is None or outcome.end is not End.SKIPPED
        self._athletes += outcome.entries
        self._rows += outcome.written
        self._failed += outcome.end is End.FAILED

    def show(self, running: Mapping[int, int]) -> None:
        """Show the whole as it is now; `running` are the events under way, by partner."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + self._every
        if self._live:
            live, table = self._live, self._table(running)
            self._write(lambda: live.update(table, refresh=True))
        else:
            self.say(" | ".join(f"{name} {value}" for name, value in self._numbers(running).items()))

    def restore(self) -> None:
        """Leave the terminal as it was, at an end without a farewell."""
        if self._console:
            self._console.show_cursor()

    def _write(self, show: Callable[[], None]) -> None:
        """Show something on stdout; when nobody can read that any more, say so once and go on."""
        with self._writing:
            try:
                show()
                sys.stdout.flush()
            except OSError as lost:
                if self._is_read:
                    self._is_read = False
                    _silence_stdout()
                    with suppress(OSError):
                        say(f"stdout cannot be written any more ({lost.strerror}); the run goes on.")

    def _table(self, running: Mapping[int, int]) -> Table:
        numbers = self._numbers(running)
        table = Table(*numbers)
        table.add_row(*numbers.values())
        return table

    def _numbers(self, running: Mapping[int, int]) -> dict[str, str]:
        seconds = max(time.monotonic() - self._began, 0.001)
        total = self._expected if self._limit is None else min(self._limit, self._expected)
        left = max(0, total - self._done)
        to_go = str(timedelta(seconds=round(seconds / self._done * left))) if self._done else "-"
        finished = sum(not events for events in self._open.values())
        return {
            "partners": f"{finished}/{len(self._partners)}",
            "events": f"{self._done:,}/{total:,}",
            "athletes": f"{self._athletes:,}",
            "rows/s": f"{self._rows / seconds:,.0f}",
            "requests left": self._requests_left(running),
            "errors": f"{self._failed:,}",
            "to go": to_go,
        }

    def _requests_left(self, running: Mapping[int, int]) -> str:
        """Return what the busiest partner's budget has left of this minute."""
        looked, said = self._budget
        if time.monotonic() - looked >= _BUDGET_EVERY:
            budgets = [p.adapter.budget for p in self._partners if running.get(p.timing_partner_id)]
            try:
                said = f"{min(b.limit.per_minute - b.used() for b in budgets):,}" if budgets else "-"
            except IntegrationError:
                said = "-"
            self._budget = time.monotonic(), said
        return said


def _silence_stdout() -> None:
    """Let what is still to be written to stdout go nowhere: Python writes it when the process ends, too."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def is_moving(*, verbose: bool) -> bool:
    """Return whether a table may move: on a terminal, when no log is written in between."""
    return sys.stdout.isatty() and not verbose
