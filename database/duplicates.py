"""Events that the hub has twice: by TCP and through an API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from database.host_tables import database_time
from database.queries import compose, whose
from providers.errors import DuplicateEvent
from providers.records import Credentials, ProviderEvent


def find_duplicate(
    cursor: RealDictCursor, credentials: Credentials, event: ProviderEvent
) -> DuplicateEvent | None:
    """Return the reason not to import an event, when TCP has it."""
    cursor.execute(
        compose("find_duplicate"),
        whose(credentials)
        | {
            "event_name": event.name,
            "start_time": database_time(event.start_time),
            "provider_event_id": event.provider_event_id,
        },
    )
    twin = cursor.fetchone()
    return None if twin is None else duplicate(twin)


def drop_duplicates(cursor: RealDictCursor, staged: sql.Identifier) -> list[dict[str, Any]]:
    """Take the new events that TCP has out of the stage, and return them with their twins."""
    cursor.execute(compose("drop_staged_duplicates", staged=staged))
    return [dict(row) for row in cursor.fetchall()]


def mark_duplicates(
    cursor: RealDictCursor, credentials: Credentials, provider_event_id: str | None, at: datetime
) -> None:
    """Keep `duplicate_of` of one live event, or of all of the partner's, true to what TCP has by now."""
    event_id = provider_event_id and credentials.key(provider_event_id)
    values = whose(credentials) | {"event_id": event_id, "at": database_time(at)}
    cursor.execute(compose("mark_duplicates"), values)


def duplicate(twin: Mapping[str, Any]) -> DuplicateEvent:
    """Return the reason not to import an event whose twin is known."""
    return DuplicateEvent(f"TCP delivered it as event {twin['duplicate_of']} ({twin['reason']}).")
