"""The pipeline: what an adapter says becomes what the store keeps, one operation at a time.

The scheduler calls these functions, and the backfill those of `providers.past_events`; none of them raises
for what may happen on a race day. Each returns a `SyncReport`, which also stands in the history: completed,
partial, failed or skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from providers.accounts import Stored, SyncReport
from providers.base_adapter import BaseProviderAdapter
from providers.clock import Clock
from providers.operation import Operation
from providers.readings import Snapshot
from providers.records import Credentials, ProviderEvent, ProviderParticipant, ProviderResult, StoredEvent

# A reading that misses no more than this share of an event's results is repeated at once.
_SMALL_LOSS = 0.05

# Discovery looks forward from so long ago; older events are the backfill's (design, decision 12).
DISCOVERY_LOOKS_BACK = timedelta(hours=72)

Account = Callable[[Stored], SyncReport]


class Store(Protocol):
    """The few things that the pipeline wants of a store; see `database.store.Store`."""

    def claim(
        self, credentials: Credentials, provider_event_id: str, *kinds: str
    ) -> AbstractContextManager[None]:
        """Hold an event against every other process, or raise CollectedElsewhere.

        `kinds` says for what, "participants" or "results"; for both when none is named.
        """

    def refuse_what_is_done(
        self,
        credentials: Credentials,
        provider_event_id: str,
        kind: str,
        due: datetime,
        now: datetime,
    ) -> None:
        """Raise SkipThis when nothing is to be done for a due instant (aware); asked under the claim.

        So it is when an operator has paused the event, and when an operation of this kind is accounted for
        that was to begin then or later.
        """

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

    def refuse_imported(self, credentials: Credentials, provider_event_id: str) -> None:
        """Raise SkipThis when a backfill has brought the event in; asked under the claim."""

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

    def work(operation: Operation) -> SyncReport:
        adapter.authenticate()
        report = operation.report("completed")
        store.note(adapter.credentials, report)
        return report

    return Operation("authentication", adapter, store, clock).run(work)


def discover_events(adapter: BaseProviderAdapter, store: Store, clock: Clock) -> SyncReport:
    """List the partner's events from 72 hours ago on and keep the published ones."""

    def work(operation: Operation) -> SyncReport:
        found = adapter.get_events(since=operation.started - DISCOVERY_LOOKS_BACK, until=None)
        published = replace(found, records=(event for event in found.records if event.is_published))
        return store.save_events(adapter.credentials, published, operation.stored, clock.now())

    return Operation("events", adapter, store, clock).run(work)


def sync_participants(
    adapter: BaseProviderAdapter,
    store: Store,
    clock: Clock,
    event: StoredEvent,
    due: datetime | None = None,
    planned: datetime | None = None,
) -> SyncReport:
    """Read an event's entry list; `due` and `planned` are as for `collect_results`."""

    def work(operation: Operation) -> SyncReport:
        with adapter.held(event.provider_event_id):
            entries = adapter.get_participants(event.provider_event_id)
            return store.save_participants(
                adapter.credentials, event.provider_event_id, entries, operation.stored, clock.now()
            )

    claim = _claim(adapter, store, clock, event, "participants", due)
    return Operation("participants", adapter, store, clock, event.event_id, planned or due).run(work, claim)


def collect_results(
    adapter: BaseProviderAdapter,
    store: Store,
    clock: Clock,
    event: StoredEvent,
    due: datetime | None = None,
    planned: datetime | None = None,
) -> SyncReport:
    """Poll an event's results.

    What a whole reading misses is removed only when the next whole one misses it too. So that this does not
    have to wait until the next collection is due, a reading that misses few is followed by a second one at
    once, with an account of its own; a great loss is left to the next collection.

    Args:
        adapter: the partner's.
        store: where the results go.
        clock: race time.
        event: which.
        due: the due instant (aware) that this is for. When the event is paused, or a collection for it is
            accounted for already, the report says `skipped` and nothing is done. None collects at any rate.
        planned: when it was to begin (aware), if not at the due instant: the lateness counts from there.

    Returns:
        The report of the reading that was due, and with it that of the second one if there was one.
    """

    def work(operation: Operation) -> SyncReport:
        with adapter.held(event.provider_event_id):
            results = adapter.get_results(event.provider_event_id)
            return store.save_results(
                adapter.credentials, event.provider_event_id, results, operation.stored, clock.now()
            )

    claim = _claim(adapter, store, clock, event, "results", due)
    report = Operation("results", adapter, store, clock, event.event_id, planned or due).run(work, claim)
    if misses_few(report):
        again = _claim(adapter, store, clock, event, "results", None)
        second = Operation("results", adapter, store, clock, event.event_id).run(work, again)
        report = replace(report, second=second)
    return report


@contextmanager
def _claim(
    adapter: BaseProviderAdapter,
    store: Store,
    clock: Clock,
    event: StoredEvent,
    kind: str,
    due: datetime | None,
) -> Iterator[None]:
    """Hold an event for one kind of work, if there is any to do for the due instant; else raise SkipThis."""
    api_id = event.provider_event_id
    with store.claim(adapter.credentials, api_id, kind):
        if due is not None:
            # Only now: whoever had the claim before may just have done it.
            store.refuse_what_is_done(adapter.credentials, api_id, kind, due, clock.now())
        yield


def misses_few(report: SyncReport) -> bool:
    """Return whether a reading left results in doubt, but not many: see `Store.save_results`."""
    share = report.statistics.get("vanished_share")
    return isinstance(share, float) and share <= _SMALL_LOSS
