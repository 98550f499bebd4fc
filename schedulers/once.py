"""One pass: whatever is due now for every partner, and then no more."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from providers.clock import Clock
from providers.records import StoredEvent, SyncReport
from schedulers.partner import Partner
from schedulers.settings import SchedulerSettings
from schedulers.windows import next_collection, next_participant_sync


def run_once(partner: Partner, clock: Clock, settings: SchedulerSettings) -> list[SyncReport]:
    """Test the credentials, look for events, and read the entry lists and results that are due.

    Returns:
        A report of every operation, the test of the credentials first; it alone when that failed.
    """
    tested = partner.authenticate()
    if tested.error is not None:
        return [tested]
    reports = [tested, partner.discover()]
    at = clock.now()
    with ThreadPoolExecutor(settings.max_concurrent_events) as workers:
        for done in workers.map(
            lambda event: list(_what_is_due(partner, event, at, settings)), partner.events()
        ):
            reports += done
    return reports


def _what_is_due(
    partner: Partner, event: StoredEvent, at: datetime, settings: SchedulerSettings
) -> Iterator[SyncReport]:
    due = next_participant_sync(event, event.last_participant_sync, at, settings.windows)
    if due is not None and due <= at:
        yield partner.sync_participants(event, due)
    due = next_collection(event, event.last_collection, at, settings.windows)
    if due is not None and due <= at:
        yield partner.collect(event, due)
