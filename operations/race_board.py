"""Shows a race coming in: a table on a terminal, plain lines in a pipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

# Finishers whose freshness is remembered for the median that is shown.
_RECENT = 1_000


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
    freshness: timedelta | None


@dataclass(slots=True)
class Freshness:
    """How long after its publishing a finish was to be seen in the database, in race time.

    `published` are the instants at which the API could first serve each entry's finish.
    """

    published: Mapping[str, datetime]
    _seen: set[str] = field(default_factory=set)
    _recent: list[timedelta] = field(default_factory=list)

    def see(self, entry_id: str, at: datetime) -> None:
        """Note that an entry is seen as a finisher; only the first time counts."""
        if entry_id in self._seen or entry_id not in self.published:
            return
        self._seen.add(entry_id)
        self._recent.append(at - self.published[entry_id])
        del self._recent[:-_RECENT]

    def median(self) -> timedelta | None:
        """Return the median of the latest finishers, None before the first."""
        return median(self._recent) if self._recent else None


class RaceBoard:
    """Where moments are shown. Use it as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

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
            self._live.update(_table(moment), refresh=True)
        else:
            self._console.print(_line(moment), soft_wrap=True)


def _table(moment: Moment) -> Group:
    table = Table(title=f"race clock {moment.race_time:%a %H:%M:%S} UTC, {moment.speed:g} times as fast")
    for heading, justify in (
        ("event", "left"),
        ("partner", "left"),
        ("phase", "left"),
        ("finished", "right"),
        ("on course", "right"),
        ("dnf, dq", "right"),
        ("leaders", "left"),
    ):
        table.add_column(heading, justify="left" if justify == "left" else "right")
    for standing in moment.standings:
        table.add_row(
            standing.event_name,
            standing.partner,
            standing.phase,
            f"{standing.finished:,} of {standing.expected:,}",
            f"{standing.on_course:,}",
            f"{standing.others:,}",
            "\n".join(standing.leaders),
        )
    return Group(table, Text(_costs(moment)))


def _line(moment: Moment) -> str:
    events = "; ".join(
        f"{s.event_name} ({s.partner}) {s.phase} {s.finished} of {s.expected} finished"
        + (f", first {s.leaders[0]}" if s.leaders else "")
        for s in moment.standings
    )
    return (
        f"{moment.race_time:%a %H:%M:%S} | {events or 'waiting for the first collection'} | {_costs(moment)}"
    )


def _costs(moment: Moment) -> str:
    fresh = moment.freshness
    said = (
        "-"
        if fresh is None
        else f"{fresh.total_seconds() / moment.speed:.1f} s ({fresh.total_seconds():.0f} s of race time)"
    )
    return (
        f"{moment.polls:,} polls, {moment.requests:,} requests, {moment.rows_written:,} rows written, "
        f"{moment.failed} failed, freshness (median) {said}"
    )
