"""The pipeline: what an adapter says becomes what the store keeps, one operation at a time.

Scheduler and backfill both call these functions; none of them raises for what may happen on a race day.
Each returns a `SyncReport`, which also stands in the history: completed, partial, failed or skipped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from structlog.contextvars import bound_contextvars

from providers import statistics
from providers.base_adapter import BaseProviderAdapter
from providers.clock import Clock
from providers.errors import CredentialsRefused, IntegrationError, SkipThis
from providers.records import (
    Credentials,
    ProviderEvent,
    ProviderParticipant,
    ProviderResult,
    Snapshot,
    Stored,
    StoredEvent,
    SyncReport,
)

# A reading that misses no more than this share of an event's results is repeated at once.
_SMALL_LOSS = 0.05

# Discovery looks forward from so long ago; older events are the backfill's (design, decision 12).
DISCOVERY_LOOKS_BACK = timedelta(hours=72)

Account = Callable[[Stored], SyncReport]


class Store(Protocol):
    """The few things that the pipeline wants of a store; see `database.store.Store`."""

    def claim(self, credentials: Credentials, provider_event_id: str) -> AbstractContextManager[None]:
        """Hold an event against every other process, or raise CollectedElsewhere."""

    def save_events(
        self, credentials: Credentials, snapshot: Snapshot[ProviderEvent], account: Account, at: datetime
    ) -> SyncReport:
        """Store a discovery and its account in one transaction."""

    def save_participants(
        self,
        credentials: Credentials,
        provider_event_id: str,
        snapshot: Snapshot[ProviderParticipant],
        account: Account,
        at: datetime,
    ) -> SyncReport:
        """Store an entry list and its account in one transaction."""

    def save_results(
        self,
        credentials: Credentials,
        provider_event_id: str,
        snapshot: Snapshot[ProviderResult],
        account: Account,
        at: datetime,
    ) -> SyncReport:
        """Store a poll of results and its account in one transaction.

        `vanished_share` among the notes is the part of the event's results that a whole reading misses and
        that the one before it did not miss; they are as good as there until the next whole one.
        """

    def refuse_duplicate(self, credentials: Credentials, event: ProviderEvent) -> None:
        """Raise DuplicateEvent when the hub has the event from another source."""

    def save_past_event(
        self,
        credentials: Credentials,
        event: ProviderEvent,
        participants: Snapshot[ProviderParticipant],
        results: Snapshot[ProviderResult],
        account: Account,
        at: datetime,
    ) -> SyncReport:
        """Store an event whole, with its account, in one transaction; raise DuplicateEvent if TCP has it."""

    def note(self, credentials: Credentials, report: SyncReport) -> None:
        """Keep the account of an operation that stored nothing."""


def authenticate(adapter: BaseProviderAdapter, store: Store, clock: Clock) -> SyncReport:
    """Ask the API whether the partner's credentials work."""

    def work(operation: _Operation) -> SyncReport:
        adapter.authenticate()
        report = operation.report("completed")
        store.note(adapter.credentials, report)
        return report

    return _Operation("authentication", adapter, store, clock).run(work)


def discover_events(adapter: BaseProviderAdapter, store: Store, clock: Clock) -> SyncReport:
    """List the partner's events from 72 hours ago on and keep the published ones."""

    def work(operation: _Operation) -> SyncReport:
        found = adapter.get_events(since=operation.started - DISCOVERY_LOOKS_BACK, until=None)
        published = replace(found, records=(event for event in found.records if event.is_published))
        return store.save_events(adapter.credentials, published, operation.stored, clock.now())

    return _Operation("events", adapter, store, clock).run(work)


def sync_participants(
    adapter: BaseProviderAdapter, store: Store, clock: Clock, event: StoredEvent, due: datetime | None = None
) -> SyncReport:
    """Read an event's entry list; `due` is when that was to happen."""

    def work(operation: _Operation) -> SyncReport:
        with store.claim(adapter.credentials, event.provider_event_id):
            entries = adapter.get_participants(event.provider_event_id)
            return store.save_participants(
                adapter.credentials, event.provider_event_id, entries, operation.stored, clock.now()
            )

    return _Operation("participants", adapter, store, clock, event.event_id, due).run(work)


def collect_results(
    adapter: BaseProviderAdapter, store: Store, clock: Clock, event: StoredEvent, due: datetime | None = None
) -> SyncReport:
    """Poll an event's results; `due` is when that was to happen.

    What a whole reading misses is removed only when the next whole one misses it too. So that this does not
    have to wait until the next collection is due, a reading that misses few is followed by a second one at
    once, with an account of its own; a great loss is left to the next collection.

    Returns:
        The report of the reading that was due.
    """

    def work(operation: _Operation) -> SyncReport:
        with store.claim(adapter.credentials, event.provider_event_id):
            results = adapter.get_results(event.provider_event_id)
            return store.save_results(
                adapter.credentials, event.provider_event_id, results, operation.stored, clock.now()
            )

    report = _Operation("results", adapter, store, clock, event.event_id, due).run(work)
    if _misses_few(report):
        _Operation("results", adapter, store, clock, event.event_id).run(work)
    return report


def import_past_event(
    adapter: BaseProviderAdapter, store: Store, clock: Clock, event: ProviderEvent
) -> SyncReport:
    """Bring in an event of the past with its entries and results.

    One that the hub has already, from a collection or from an import whose lists moved, may miss results:
    as in `collect_results`, few are looked for again at once. After a great loss the event does not count as
    imported: the next backfill asks again.

    Returns:
        The report of the first reading.
    """

    def work(operation: _Operation) -> SyncReport:
        with store.claim(adapter.credentials, event.provider_event_id):
            store.refuse_duplicate(adapter.credentials, event)
            entries = adapter.get_participants(event.provider_event_id)
            results = adapter.get_results(event.provider_event_id)
            return store.save_past_event(
                adapter.credentials, event, entries, results, operation.stored, clock.now()
            )

    event_id = adapter.credentials.key(event.provider_event_id)
    report = _Operation("backfill", adapter, store, clock, event_id).run(work)
    if _misses_few(report):
        _Operation("backfill", adapter, store, clock, event_id).run(work)
    return report


def _misses_few(report: SyncReport) -> bool:
    """Return whether a reading left results in doubt, but not many: see `Store.save_results`."""
    share = report.statistics.get("vanished_share")
    return isinstance(share, float) and share <= _SMALL_LOSS


@dataclass(slots=True)
class _Operation:
    """One operation while it runs: its account, its errors, its log."""

    sync_type: str
    adapter: BaseProviderAdapter
    store: Store
    clock: Clock
    event_id: str | None = None
    due: datetime | None = None
    started: datetime = field(init=False)
    _began: float = field(init=False)
    _statistics: statistics.Statistics = field(init=False)

    def run(self, work: Callable[[_Operation], SyncReport]) -> SyncReport:
        """Do the work; whatever it raises of ours becomes a report, noted in the history when possible."""
        self.started, self._began = self.clock.now(), time.monotonic()
        log = self.adapter.log
        # Whatever is logged on the way, in whichever thread, names operation and event.
        event = {"event_id": self.event_id} if self.event_id else {}
        with bound_contextvars(operation=self.sync_type, **event), statistics.measured() as self._statistics:
            try:
                report = work(self)
            except SkipThis as reason:
                report = self._note(self.report("skipped", error=reason))
            except IntegrationError as error:
                report = self._note(self.report("failed", error=error))
            except Exception as fault:
                # A fault of ours in one event must not reach the others.
                log.exception(f"{self.sync_type}.broke")
                said = IntegrationError(
                    f"A fault of this software ({type(fault).__name__}): report it with the log of --verbose."
                )
                report = self._note(self.report("failed", error=said))
            self._tell(report)
        return report

    def stored(self, stored: Stored) -> SyncReport:
        """Return the report of an operation that stored something."""
        whole = (
            stored.complete is not False
            and not stored.rejected
            and not stored.notes.keys() & {"unsure", "repeated"}
        )
        counted = {self.sync_type: stored.seen} if self.sync_type in ("participants", "results") else {}
        return self.report(
            "completed" if whole else "partial",
            seen=stored.seen,
            written=stored.written,
            rejected=stored.rejected,
            notes={"complete": stored.complete, **counted, **stored.notes},
        )

    def report(
        self,
        status: str,
        *,
        error: IntegrationError | None = None,
        seen: int = 0,
        written: int = 0,
        rejected: int = 0,
        notes: Mapping[str, object] | None = None,
    ) -> SyncReport:
        """Return the report as of now."""
        return SyncReport(
            sync_type=self.sync_type,
            timing_partner_id=self.adapter.credentials.timing_partner_id,
            status=status,
            started=self.started,
            seconds=time.monotonic() - self._began,
            event_id=self.event_id,
            seen=seen,
            written=written,
            rejected=rejected,
            lateness=None if self.due is None else (self.started - self.due).total_seconds(),
            error=error,
            statistics={**self._statistics.as_dict(), **(notes or {})},
        )

    def _tell(self, report: SyncReport) -> None:
        log = self.adapter.log
        say = log.info if report.status != "failed" else log.warning
        if isinstance(report.error, CredentialsRefused):
            # Whoever stops the partner because of it says so, once.
            say = log.debug
        say(
            f"{self.sync_type}.{report.status}",
            seen=report.seen,
            written=report.written,
            rejected=report.rejected,
            seconds=round(report.seconds, 3),
            reason=str(report.error) if report.error else None,
            problems=report.problems,
        )

    def _note(self, report: SyncReport) -> SyncReport:
        try:
            self.store.note(self.adapter.credentials, report)
        except IntegrationError as error:
            # Without its table, or a database at all, there is no history; the log has the report.
            self.adapter.log.warning("history.lost", reason=str(error))
        return report
