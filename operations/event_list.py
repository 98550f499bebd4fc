"""How events stand, shown as a table or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from rich.text import Text

from database.event_controls import CollectedPartner, KnownEvent
from operations.tables import console, table
from providers.records import StoredEvent
from schedulers.partner import followed_since
from schedulers.windows import Phase, WindowSettings, next_collection, next_due, phase, starts

# In a pipe there is no screen to fit into: no line is broken.


@dataclass(frozen=True, slots=True)
class EventStanding:
    """An event, where in its window it is, and what keeps it from being collected.

    `phase` is what it would be in if nothing kept it. `next_due` (aware) is in the past when a collection is
    overdue; None when none will come.
    """

    event: KnownEvent
    phase: Phase
    next_due: datetime | None
    hindrances: tuple[str, ...]

    @classmethod
    def of(
        cls,
        event: KnownEvent,
        partners: Mapping[int, CollectedPartner],
        now: datetime,
        windows: WindowSettings,
    ) -> EventStanding:
        """Judge an event at an instant; `partners` are those that have credentials."""
        stored, partner = event.stored, partners.get(event.stored.timing_partner_id)
        hindrances = [
            f"paused since {event.pause.at:%Y-%m-%d %H:%M:%S} UTC by {event.pause.by}"
            if event.pause
            else None,
            f"superseded by TCP event {event.superseded_by}" if event.superseded_by else None,
            "its partner has no credentials" if partner is None else None,
            "the API refuses its partner's credentials" if partner is not None and partner.refused else None,
        ]
        return cls(
            event=event,
            phase=phase(replace(stored, superseded=False), now, windows),
            # The due instants of a paused event pass.
            next_due=(
                next_collection(stored, now, now, windows) if event.pause else next_due(stored, now, windows)
            )
            if partner is not None and _is_looked_at(stored, followed_since(now, windows.max_collection))
            else None,
            hindrances=tuple(hindrance for hindrance in hindrances if hindrance),
        )

    @property
    def is_followed(self) -> bool:
        """Return whether its window is not over yet, or something of it is still to be made up for."""
        return self.phase is not Phase.OVER or self.next_due is not None


def as_json(standings: Sequence[EventStanding], partners: Mapping[int, CollectedPartner]) -> str:
    """Return the events as a JSON list; instants in UTC, null for what is not there."""
    rows = [_fields(standing, partners) for standing in standings]
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode()


def as_table(standings: Sequence[EventStanding], now: datetime) -> None:
    """Print the events as a table, and below it in a line each what keeps some from being collected.

    Args:
        standings: in the order of the table.
        now: the instant (aware) by which they were judged.
    """
    shown = console()
    headings = ("event", "partner", "starts (UTC)", "phase", "last collection", "next", "results")
    shown.print(table(headings, (_cells(standing, now) for standing in standings), numbers=("results",)))
    for standing in standings:
        for hindrance in standing.hindrances:
            shown.print(Text(f"{_name(standing.event)}: {hindrance}"), soft_wrap=True)


def _cells(standing: EventStanding, now: datetime) -> tuple[str, ...]:
    event, due, last = standing.event, standing.next_due, standing.event.last_collection
    went = "" if last is None else f"{_instant(last.at, now)} {last.status}"
    return (
        _name(event),
        f"{event.stored.timing_partner_id} {event.partner_name}",
        ", ".join(f"{start:%Y-%m-%d %H:%M}" for start in _starts(event)) or "unknown",
        f"{standing.phase}, but see below" if standing.hindrances else str(standing.phase),
        f"{went} ({last.category})" if last is not None and last.category else went,
        "" if due is None else "now" if due <= now else _instant(due, now),
        f"{event.results:,}",
    )


def _fields(standing: EventStanding, partners: Mapping[int, CollectedPartner]) -> dict[str, object]:
    event, stored = standing.event, standing.event.stored
    last, pause, partner = event.last_collection, event.pause, partners.get(stored.timing_partner_id)
    return {
        "event": event.key,
        "name": stored.name,
        "timing_partner_id": stored.timing_partner_id,
        "partner": event.partner_name,
        "starts": _starts(event),
        "phase": standing.phase,
        "last_collection": last
        and {"at": last.at, "status": last.status, "category": last.category, "reason": last.reason},
        "next_due": standing.next_due,
        "results": event.results,
        "paused": pause and {"at": pause.at, "by": pause.by},
        "superseded_by": event.superseded_by,
        "has_credentials": partner is not None,
        "credentials_refused": partner is not None and partner.refused,
    }


def _is_looked_at(stored: StoredEvent, since: datetime) -> bool:
    """Return whether the scheduler asks about it at all: what was imported from the past is not due."""
    instants = [at for at in (stored.start_time, stored.end_time, *stored.race_starts) if at is not None]
    return any(at >= since for at in instants)


def _starts(event: KnownEvent) -> list[datetime]:
    """Return the starts from which the windows count; races that start together count once."""
    return list(dict.fromkeys(starts(event.stored)))


def _name(event: KnownEvent) -> str:
    return f"{event.key} {event.stored.name or ''}".rstrip()


def _instant(instant: datetime, now: datetime) -> str:
    """Return an instant, without its day when that is today's."""
    return f"{instant:%H:%M:%S}" if instant.date() == now.date() else f"{instant:%Y-%m-%d %H:%M:%S}"
