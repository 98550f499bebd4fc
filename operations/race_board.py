"""Shows a race coming in: a table on a terminal, plain lines in a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_low
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from providers.clock import Clock

# Finishers whose freshness is remembered for the median that is shown.
_RECENT = 1_000
# Columns of a terminal on which everything has its place.
_WIDE = 118


@dataclass(frozen=True, slots=True)
class Standing:
    """How one event stands. `leaders` are ready to read."""

    event_name: str
    partner: str
    phase: str
    expected: int
    finished: int
    on_course: int
    others: int
    leaders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """What the board shows at one instant of race time."""

    race_time: datetime
    speed: float
    standings: tuple[Standing, ...]
    rows_written: int
    requests: int
    polls: int
    failed: int
    freshness: tuple[timedelta, timedelta] | None


class Freshness:
    """How long after its publishing a finish is to be seen in the database.

    `published` are the instants of race time at which the API could first serve each entry's finish; those
    before now are left out, because nobody was collecting then.
    """

    def __init__(self, published: Mapping[str, datetime], clock: Clock) -> None:
        began = clock.now()
        self._published = {entry: instant for entry, instant in published.items() if instant >= began}
        self._clock = clock
        self._recent: list[tuple[timedelta, timedelta]] = []

    @classmethod
    def of(cls, truths: Iterable[Mapping[str, Any]], clock: Clock) -> Freshness:
        """Make it for the athletes of some ground truths."""
        athletes = [athlete for truth in truths for athlete in truth["athletes"] if athlete["published_at"]]
        return cls({a["entry_id"]: datetime.fromisoformat(a["published_at"]) for a in athletes}, clock)

    def see(self, entry_ids: Iterable[str], at: datetime) -> None:
        """Note that entries are seen as finishers; only an entry's first time counts."""
        for entry_id in entry_ids:
            published = self._published.pop(entry_id, None)
            if published is not None:
                real = self._clock.wall(at) - self._clock.wall(published)
                self._recent.append((real, at - published))
        del self._recent[:-_RECENT]

    def median(self) -> tuple[timedelta, timedelta] | None:
        """Return the median of the latest finishers in real and in race time; None before the first."""
        return median_low(self._recent) if self._recent else None


class RaceBoard:
    """Where moments are shown. Use it as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    @property
    def is_terminal(self) -> bool:
        """Whether moments replace each other, so that many may be shown."""
        return self._live is not None

    def __enter__(self) -> RaceBoard:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, moment: Moment) -> None:
        """Show a moment in place of the one before, or as lines of their own."""
        if self._live:
            self._live.update(_table(moment, self._console.width), refresh=True)
        else:
            self._console.print(_line(moment), soft_wrap=True)


def _table(moment: Moment, width: int) -> Group:
    """Lay a moment out; a narrow terminal gets fewer columns and one leader an event."""
    wide = width >= _WIDE
    title = f"race clock {moment.race_time:%a %H:%M:%S} UTC, {moment.speed:g} times as fast"
    table = Table(title=title, title_justify="left")
    table.add_column("event", no_wrap=True)
    if wide:
        table.add_column("partner", no_wrap=True)
        table.add_column("phase")
    for heading in ("finished", "on course", "dnf, dq") if wide else ("finished", "on course"):
        table.add_column(heading, justify="right")
    table.add_column("leaders" if wide else "leader")
    for s in moment.standings:
        finished, on_course = f"{s.finished:,}/{s.expected:,}", f"{s.on_course:,}"
        leaders = "\n".join(s.leaders if wide else s.leaders[:1])
        if wide:
            table.add_row(s.event_name, s.partner, s.phase, finished, on_course, f"{s.others:,}", leaders)
        else:
            table.add_row(s.event_name, finished, on_course, leaders)
    return Group(Text(_costs(moment)), table)


def _line(moment: Moment) -> str:
    parts = [f"{s.event_name} {s.phase} {s.finished:,}/{s.expected:,}" for s in moment.standings]
    leading = [standing.leaders[0] for standing in moment.standings if standing.leaders]
    parts += [f"leading {leading[0]}"] if leading else []
    return " | ".join([f"{moment.race_time:%a %H:%M:%S}", *parts, _costs(moment)])


def _costs(moment: Moment) -> str:
    fresh = "-"
    if moment.freshness is not None:
        real, race = (part.total_seconds() for part in moment.freshness)
        fresh = f"{real:.1f} s ({race / 60:.1f} min on the race clock)"
    return (
        f"{moment.polls:,} polls, {moment.requests:,} requests, {moment.rows_written:,} rows written, "
        f"{moment.failed} failed, freshness (median) {fresh}"
    )
