"""Events that the hub has twice: by TCP and through an API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from database.connection import Database
from database.host_tables import database_time
from database.queries import compose, whose
from providers.errors import DuplicateEvent, SettingsInvalid
from providers.records import Credentials, LiveKey, ProviderEvent


class Duplicates:
    """What is suspicious of being twice, and what an operator says of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def suspicious(self, partner: int | None = None) -> list[dict[str, Any]]:
        """Return the rows of `ct_live_duplicate_audit`, of one partner or of all; its instants are UTC."""
        return self._rows("duplicate_audit", partner)

    def kept_apart(self, partner: int | None = None) -> list[dict[str, Any]]:
        """Return the pairs that an operator said are two events."""
        return self._rows("not_duplicates", partner)

    def keep_apart(self, event: LiveKey, tcp_event_id: str, at: datetime) -> bool:
        """Keep it that a live event and a TCP event are two; return whether that is news.

        A live event that stood aside for that TCP event is shown again at once; one that was left out is
        imported by the next discovery or backfill.

        Raises:
            SettingsInvalid: the hub knows no such event of the partner, or no such twin.
        """
        with self._database.transaction() as cursor:
            values = _pair(event, tcp_event_id) | {"event_id": event.text, "at": database_time(at)}
            cursor.execute(compose("known_pair"), values)
            known: dict[str, Any] = cursor.fetchall()[0]
            for part, called in (("event", event.text), ("twin", tcp_event_id)):
                if not known[part]:
                    raise SettingsInvalid(
                        f"Partner {event.timing_partner_id} has no event {called}: "
                        "`chronotrack-live events duplicates` lists the pairs."
                    )
            cursor.execute(compose("note_not_duplicate"), values)
            is_news = cursor.rowcount > 0
            cursor.execute(compose("release_duplicate"), values)
            return is_news

    def forget(self, event: LiveKey, tcp_event_id: str) -> bool:
        """Take that word back; return whether there was one. The next pass judges the pair by its names."""
        with self._database.transaction() as cursor:
            cursor.execute(compose("forget_not_duplicate"), _pair(event, tcp_event_id))
            return cursor.rowcount > 0

    def _rows(self, query: str, partner: int | None) -> list[dict[str, Any]]:
        with self._database.transaction() as cursor:
            cursor.execute(compose(query), {"partner": partner})
            return [dict(row) for row in cursor.fetchall()]


def find_duplicate(
    cursor: RealDictCursor, credentials: Credentials, event: ProviderEvent
) -> DuplicateEvent | None:
    """Return the reason not to import an event, when TCP has it."""
    cursor.execute(
        compose("find_duplicate"),
        _judged(credentials)
        | {
            "event_name": event.name,
            "start_time": database_time(event.start_time),
            "provider_event_id": event.provider_event_id,
        },
    )
    twin = cursor.fetchone()
    return None if twin is None else duplicate(twin)


def drop_duplicates(
    cursor: RealDictCursor, credentials: Credentials, staged: sql.Identifier
) -> list[dict[str, Any]]:
    """Take the new events that TCP has out of the stage, and return them with their twins."""
    cursor.execute(compose("drop_staged_duplicates", staged=staged), _judged(credentials))
    return [dict(row) for row in cursor.fetchall()]


def similar_events(cursor: RealDictCursor, staged: sql.Identifier) -> list[dict[str, Any]]:
    """Return the staged events whose names are only similar to a TCP event's: reported, and kept."""
    cursor.execute(compose("similar_events", staged=staged))
    return [dict(row) for row in cursor.fetchall()]


def mark_duplicates(
    cursor: RealDictCursor, credentials: Credentials, provider_event_id: str | None, at: datetime
) -> None:
    """Keep `duplicate_of` of one live event, or of all of the partner's, true to what TCP has by now."""
    event_id = provider_event_id and credentials.key(provider_event_id)
    values = _judged(credentials) | {"event_id": event_id, "at": database_time(at)}
    cursor.execute(compose("mark_duplicates"), values)


def duplicate(twin: Mapping[str, Any]) -> DuplicateEvent:
    """Return the reason not to import an event whose twin is known."""
    return DuplicateEvent(f"TCP delivered it as event {twin['duplicate_of']} ({twin['reason']}).")


def _judged(credentials: Credentials) -> dict[str, object]:
    return whose(credentials) | {"similar": credentials.similar_name_is_duplicate}


def _pair(event: LiveKey, tcp_event_id: str) -> dict[str, object]:
    return {
        "partner": event.timing_partner_id,
        "data_source": event.data_source,
        "provider_event_id": event.api_id,
        "tcp_event_id": tcp_event_id,
    }
