"""Shows what a scheduler will do when: a table on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from database.connection import Database
from database.event_controls import CollectedPartner, EventControls, KnownEvent
from providers.errors import SettingsInvalid
from providers.registry import adapter_class
from schedulers.partner import PROVIDER, followed_since
from schedulers.plan import Run, collections, discoveries, entry_lists
from schedulers.settings import SchedulerSettings

# From so long a plan on, a day of the week may stand for two days.
_WEEK = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class _Line:
    run: Run
    event: str
    partner: str


def show_plan(
    database: Database,
    only: Sequence[int],
    at: datetime,
    ahead: timedelta,
    settings: SchedulerSettings,
) -> None:
    """Print what a scheduler that starts now will do; nothing is collected, and no API is asked.

    Args:
        database: where the events are.
        only: timing_partner_ids to restrict it to; none for all.
        at: now, aware.
        ahead: how far to look.
        settings: how the windows lie.

    Raises:
        SettingsInvalid: none of them has credentials.
    """
    controls = EventControls(database, adapter_class(PROVIDER).provider_name)
    partners = _chosen(controls.partners(), only)
    events = [
        event
        for event in controls.events(followed_since(at, settings.windows.max_collection))
        if event.stored.timing_partner_id in partners
    ]
    until = at + ahead
    lines = [*_of_partners(partners, at, until, settings), *_of_events(events, at, until, settings)]
    lines.sort(key=lambda line: (line.run.first, line.partner, line.event))
    title = f"Planned from {at:%a %d %b %H:%M:%S} to {until:%a %d %b %H:%M} UTC"
    if sys.stdout.isatty():
        _show_table(title, lines, at, ahead)
    else:
        sys.stdout.write(f"{title}\n")
        sys.stdout.writelines(f"{' | '.join(_cells(line, at, ahead))}\n" for line in lines)
    for remark in _remarks(partners, events):
        sys.stdout.write(f"{remark}\n")


def _chosen(partners: Sequence[CollectedPartner], only: Sequence[int]) -> dict[int, CollectedPartner]:
    found = {partner.timing_partner_id: partner for partner in partners}
    chosen = {partner_id: one for partner_id, one in found.items() if not only or partner_id in only}
    if not chosen:
        who = f"None of the timing partners {list(only)}" if only else "No timing partner"
        raise SettingsInvalid(f"{who} has credentials: `chronotrack-live credentials set` gives it some.")
    return chosen


def _of_partners(
    partners: dict[int, CollectedPartner], at: datetime, until: datetime, settings: SchedulerSettings
) -> Iterator[_Line]:
    for partner in partners.values():
        for run in discoveries(at, until, settings.discovery_interval):
            yield _Line(run, "", _label(partner.timing_partner_id, partner.name))


def _of_events(
    events: Sequence[KnownEvent], at: datetime, until: datetime, settings: SchedulerSettings
) -> Iterator[_Line]:
    for event in events:
        if event.pause is None:
            stored = event.stored
            runs = [
                *entry_lists(stored, at, until, settings.windows),
                *collections(stored, at, until, settings.windows),
            ]
            for run in runs:
                yield _Line(run, _name(event), _label(stored.timing_partner_id, event.partner_name))


def _remarks(partners: dict[int, CollectedPartner], events: Sequence[KnownEvent]) -> Iterator[str]:
    """Yield in a line each what keeps some of it from being done, or from being planned."""
    for partner in partners.values():
        if partner.refused:
            who = _label(partner.timing_partner_id, partner.name)
            yield f"{who}: the API refused its credentials; until it takes them, nothing is collected."
    for event in events:
        if event.pause is not None:
            yield f"{_name(event)}: paused since {event.pause.at:%a %d %b %H:%M} UTC by {event.pause.by}."


def _show_table(title: str, lines: Sequence[_Line], at: datetime, ahead: timedelta) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("when (UTC)", "how often", "what", "event", "partner"):
        table.add_column(heading, overflow="fold")
    for line in lines:
        # Text: a name in square brackets is a name, not a style.
        table.add_row(*(Text(cell) for cell in _cells(line, at, ahead)))
    Console().print(table)


def _cells(line: _Line, at: datetime, ahead: timedelta) -> tuple[str, ...]:
    times = "once" if line.run.count == 1 else f"{line.run.count} times"
    return _when(line.run, at, ahead), times, line.run.what, line.event, line.partner


def _when(run: Run, at: datetime, ahead: timedelta) -> str:
    """Return the span of a run: "Sat 08:05 to 13:05 every 90 s"."""
    first = "now" if run.first == at else _instant(run.first, ahead)
    if run.count == 1:
        return first
    same_day = run.first != at and run.first.date() == run.last.date()
    last = _time(run.last) if same_day else _instant(run.last, ahead)
    return f"{first} to {last} every {_interval(run.every)}"


def _instant(instant: datetime, ahead: timedelta) -> str:
    day = f"{instant:%a}" if ahead <= _WEEK else f"{instant:%a %d %b}"
    return f"{day} {_time(instant)}"


def _time(instant: datetime) -> str:
    return f"{instant:%H:%M:%S}" if instant.second else f"{instant:%H:%M}"


def _interval(interval: timedelta) -> str:
    seconds = interval.total_seconds()
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _name(event: KnownEvent) -> str:
    return f"{event.key} {event.stored.name or ''}".rstrip()


def _label(timing_partner_id: int, name: str) -> str:
    return f"partner {timing_partner_id} ({name})"
