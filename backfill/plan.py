"""Which events of the past are to be imported: a pure function of what is offered and what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import datetime, timedelta

from providers.records import ProviderEvent

# How far back the backfill looks (specification, "Backfill Scope").
DEFAULT_SPAN = timedelta(days=365)


def plan_import(
    offered: Iterable[ProviderEvent], imported: Set[str], since: datetime, until: datetime
) -> list[ProviderEvent]:
    """Return the events to import, the latest first.

    Args:
        offered: what the API lists.
        imported: API ids of the events that an earlier backfill has brought in.
        since: events that start before are too old.
        until: events that start from here on are the scheduler's.
    """
    chosen = [
        event
        for event in offered
        if event.is_published
        and event.start_time is not None
        and since <= event.start_time < until
        and event.provider_event_id not in imported
    ]
    return sorted(
        chosen, key=lambda event: (event.start_time or since, event.provider_event_id), reverse=True
    )
