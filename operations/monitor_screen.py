"""The one screen of the monitor: a line, what is the matter, and how everything stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from database.monitoring import OperationCount, PartnerAccount, RowCount
from operations.finding import Finding, State
from operations.health import Health
from operations.monitor_report import authentication, first_line, freshness
from operations.reading import Reading, WatchedEvent, age, phases
from operations.tables import table
from schedulers.windows import Phase

_OF_FINDINGS = ("state", "about", "alarm", "what is the matter", "what to do")
_OF_PARTNERS = (
    "partner",
    "credentials",
    "requests (60 s)",
    "last discovery",
    "events",
    "new (24 h)",
    "set aside",
    "shown twice",
    "same name in TCP",
)
_OF_EVENTS = (
    "event",
    "partner",
    "phase",
    "last collection",
    "late by",
    "as of",
    "changed",
    "next",
    "results",
)
_OF_ERRORS = ("partner", "operation", "error of the last 24 hours", "times", "last")
_OF_ROWS = ("table", "data_source", "rows")
# What waits for longer has its line in the JSON alone.
_SOON = timedelta(days=1)
_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.CRITICAL: "red", State.UNKNOWN: "magenta"}


def screen(health: Health) -> Group:
    """Return all that is known, laid out; in a pipe its first line is a Nagios plugin's."""
    return Group(Text(first_line(health), style=f"bold {_COLOURS[health.state]}"), *_tables(health))


def _tables(health: Health) -> Iterator[RenderableType]:
    reading = health.reading
    if health.findings:
        yield table(_OF_FINDINGS, [_finding(found) for found in health.findings])
    yield table(("what", "how it stands"), _standing(reading))
    if reading.partners:
        yield table(_OF_PARTNERS, [_partner(partner, reading) for partner in reading.partners])
    events = [event for event in reading.events if _is_near(event, reading.at)]
    if events:
        rows = [_event(event, reading.at) for event in events]
        yield table(_OF_EVENTS, rows, numbers=("late by", "results"))
    for event in events:
        for hindrance in event.standing.hindrances:
            yield Text(f"{event.key} {event.standing.event.stored.name or ''}: {hindrance}")
    if health.errors:
        errors = [_error(count, reading.at) for count in health.errors]
        yield table(_OF_ERRORS, errors, numbers=("times",))
    if reading.rows:
        yield table(_OF_ROWS, [_rows(count) for count in reading.rows], numbers=("rows",))


def _finding(found: Finding) -> tuple[str, ...]:
    return found.state.name.lower(), found.about, found.kind, found.what, found.remedy


def _standing(reading: Reading) -> Iterator[tuple[str, str]]:
    server = reading.server
    yield "service", _service(reading)
    if reading.away is not None:
        yield "database", reading.away
    if server is not None:
        yield "last sign of life", _ago(reading.last_sign, reading.at) or "none"
        yield (
            "database",
            f"{server.name}, {_size(server.size)}, PostgreSQL {server.version}, as {server.role}; "
            f"connections: {server.connections}, of its server {server.connections_of_server}, "
            f"of which it takes {server.max_connections}",
        )
        pending = ", ".join(str(one) for one in reading.pending)
        yield "migrations", f"pending: {pending}" if pending else "nothing is pending"


def _service(reading: Reading) -> str:
    unit = reading.unit
    if unit is None:
        away = reading.systemd_away
        return "no unit of systemd here" if away is None else f"not known: systemd says nothing ({away})"
    since = "" if unit.seconds is None else f" for {_span(timedelta(seconds=unit.seconds))}"
    return f"{unit.active} ({unit.sub}){since}, started again {unit.restarts} times"


def _partner(partner: PartnerAccount, reading: Reading) -> tuple[str, ...]:
    number = partner.timing_partner_id
    used = reading.budget_used.get(number)
    counted = phases([event for event in reading.events if event.partner_id == number])
    in_hub = [count for count in reading.events_of_partners if count.timing_partner_id == number]
    return (
        f"{number} {partner.name}",
        " ".join((authentication(partner), _ago(partner.tested_at, reading.at))).strip(),
        "not known" if used is None else f"{used:,}",
        _ago(partner.discovered_at, reading.at) or "never",
        ", ".join(f"{count} {phase}" for phase, count in counted.items()) or "none",
        str(sum(count.new for count in in_hub)),
        f"{reading.set_aside(number):,}",
        str(len(reading.shown_twice(number))),
        str(sum(count.also_in_tcp for count in in_hub)),
    )


def _event(event: WatchedEvent, at: datetime) -> tuple[str, ...]:
    standing, account = event.standing, event.account
    known, due = standing.event, standing.next_due
    last = known.last_collection
    went = "" if last is None else f"{_ago(last.at, at)} {last.status}"
    fresh = freshness(event, at)
    return (
        f"{event.key} {known.stored.name or ''}".rstrip(),
        str(event.partner_id),
        f"{standing.phase}, but see below" if standing.hindrances else str(standing.phase),
        f"{went} ({last.category})" if last is not None and last.category else went,
        "" if account.lateness is None else f"{account.lateness:.1f} s",
        "" if fresh is None else f"{_span(fresh)} ago",
        _ago(account.changed_at, at),
        "" if due is None else "now" if due <= at else f"in {_span(due - at)}",
        f"{known.results:,}",
    )


def _is_near(event: WatchedEvent, at: datetime) -> bool:
    """Return whether it has begun, or will soon: those of the weeks to come are only counted."""
    due = event.standing.next_due
    return event.standing.phase is not Phase.WAITING or (due is not None and due - at <= _SOON)


def _error(count: OperationCount, at: datetime) -> tuple[str, ...]:
    times, last = f"{count.operations:,}", _ago(count.last, at)
    return str(count.timing_partner_id), count.sync_type, count.category or "unknown", times, last


def _rows(count: RowCount) -> tuple[str, ...]:
    about = "about " if count.estimated else ""
    rows = "not known" if count.rows is None else f"{about}{count.rows:,}"
    return count.table_name, count.data_source, rows


def _ago(instant: datetime | None, at: datetime) -> str:
    past = age(instant, at)
    return "" if past is None else f"{_span(past)} ago"


def _span(span: timedelta) -> str:
    """Return a span in its largest unit."""
    seconds = round(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _size(size: int) -> str:
    for unit, bytes_of_it in (("GB", 1e9), ("MB", 1e6)):
        if size >= bytes_of_it:
            return f"{size / bytes_of_it:.1f} {unit}"
    return f"{size / 1e3:.0f} kB"
