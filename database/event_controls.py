"""The live events as an operator sees them, and his hand on them: to hold one back, to let it go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from database.connection import Database
from database.host_tables import database_time
from database.queries import compose
from providers.errors import SettingsInvalid
from providers.records import LiveKey, StoredEvent


@dataclass(frozen=True, slots=True)
class CollectedPartner:
    """A partner that has credentials.

    `refused` says that the API refused the credentials when they were last tested: nothing is collected until
    it takes them again.
    """

    timing_partner_id: int
    name: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Since when (aware) an event is held back, and by which role of the database."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class LastCollection:
    """When (aware) the last collection of an event's results began, and how it went as the history says."""

    at: datetime
    status: str
    category: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEvent:
    """A live event with what an operator asks about it.

    `superseded_by` is the TCP event for which it stands aside by now; `results` counts those that the API
    still publishes.
    """

    stored: StoredEvent
    partner_name: str
    superseded_by: str | None
    pause: Pause | None
    last_collection: LastCollection | None
    results: int

    @property
    def key(self) -> str:
        """Return the hub's key of the event."""
        return self.stored.event_id


class EventControls:
    """The live events of one provider, known by its name."""

    def __init__(self, database: Database, provider_name: str) -> None:
        self._database = database
        self._provider_name = provider_name

    def partners(self) -> list[CollectedPartner]:
        """Return the partners that have credentials for the provider, by their ids."""
        with self._database.transaction() as cursor:
            cursor.execute(compose("collected_partners"), {"provider_name": self._provider_name})
            return [CollectedPartner(**row) for row in cursor.fetchall()]

    def events(self, since: datetime | None = None, latest: datetime | None = None) -> list[KnownEvent]:
        """Return the live events by their starts.

        Args:
            since: leave out those that start, end and have all races before this instant (aware).
            latest: leave out what is accounted for of their results after this instant (aware).
        """
        return self._events(since=database_time(since), event_ids=None, latest=database_time(latest))

    def named(self, keys: Sequence[LiveKey]) -> list[KnownEvent]:
        """Return the live events of these keys, in the order of the keys.

        Raises:
            SettingsInvalid: the hub does not have one of them.
        """
        wanted = list(dict.fromkeys(key.text for key in keys))
        found = {event.key: event for event in self._events(since=None, event_ids=wanted, latest=None)}
        unknown = [key for key in wanted if key not in found]
        if unknown:
            raise SettingsInvalid(
                f"The hub has no {self._provider_name} event {', '.join(unknown)}; nothing was done: "
                "`chronotrack-live events list --all` lists those that there are."
            )
        return [found[key] for key in wanted]

    def pause(self, events: Sequence[KnownEvent], at: datetime) -> None:
        """Hold events back from an instant (aware) on; one that is held back already stays so as it is."""
        with self._database.transaction() as cursor:
            for event in events:
                cursor.execute(compose("pause_event"), {"event_id": event.key, "at": database_time(at)})

    def resume(self, events: Sequence[KnownEvent], at: datetime) -> None:
        """Let events go on, from their next due instants on, and note at the event when (aware) that was."""
        with self._database.transaction() as cursor:
            for event in events:
                cursor.execute(compose("resume_event"), {"event_id": event.key, "at": database_time(at)})

    def _events(self, **which: object) -> list[KnownEvent]:
        with self._database.transaction() as cursor:
            cursor.execute(compose("event_overview"), which | {"provider_name": self._provider_name})
            return [_known_event(row) for row in cursor.fetchall()]


def _known_event(row: dict[str, Any]) -> KnownEvent:
    paused_at, collected_at = _aware(row["paused_at"]), _aware(row["last_collection"])
    return KnownEvent(
        stored=StoredEvent(
            event_id=row["event_id"],
            timing_partner_id=row["timing_partner_id"],
            provider_event_id=row["provider_event_id"],
            name=row["name"],
            start_time=_aware(row["start_time"]),
            end_time=_aware(row["end_time"]),
            race_starts=tuple(start.replace(tzinfo=UTC) for start in row["race_starts"]),
            superseded=row["superseded_by"] is not None,
            last_collection=None if row["last_status"] == "failed" else collected_at,
            last_failure=collected_at if row["last_status"] == "failed" else None,
            last_participant_sync=_aware(row["last_participant_sync"]),
        ),
        partner_name=row["partner_name"],
        superseded_by=row["superseded_by"],
        pause=None if paused_at is None else Pause(paused_at, row["paused_by"]),
        last_collection=None
        if collected_at is None
        else LastCollection(collected_at, row["last_status"], row["last_category"], row["last_reason"]),
        results=row["results"],
    )


def _aware(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(tzinfo=UTC)
