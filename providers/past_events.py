"""The pipeline of the past: an event whole, as the backfill brings it in.

As in `providers.sync`, neither function raises for what may happen: a report says how it went.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

from providers.accounts import SyncReport
from providers.base_adapter import BaseProviderAdapter
from providers.clock import Clock
from providers.errors import NotFound, RowRejected, SkipThis
from providers.operation import Operation
from providers.readings import Announced
from providers.records import ProviderEvent
from providers.sync import DISCOVERY_LOOKS_BACK, Store, misses_few

# Told how much an event has (None when nobody knows): waits until there is room for it, and holds that.
Admit = Callable[[Announced | None], AbstractContextManager[None]]


def import_past_event(
    adapter: BaseProviderAdapter,
    store: Store,
    clock: Clock,
    event: ProviderEvent,
    *,
    again: bool = False,
    admit: Admit | None = None,
) -> SyncReport:
    """Bring in an event of the past with its entries and results.

    One that the hub has already, from a collection or from an import whose lists moved, may miss results: as
    in `sync.collect_results`, few are looked for again at once. After a great loss the event does not count
    as imported: the next backfill asks again.

    Args:
        adapter: the partner's.
        store: where it goes.
        clock: race time.
        event: which, as `list_events` or `get_events` of the adapter gave it.
        again: also when a backfill has brought it in already, which is asked once it is held.
        admit: told how much the event has, lets it in when there is room, until it is stored.

    Returns:
        The report of the first reading, and with it that of the second one if there was one.
    """

    def work(operation: Operation) -> SyncReport:
        whole, rejected = _judged(adapter, store, clock, event)
        with admit(adapter.announced(event.provider_event_id)) if admit else nullcontext():
            entries = adapter.get_participants(event.provider_event_id)
            results = adapter.get_results(event.provider_event_id)
            entries.rejected.extend(rejected)
            return store.save_past_event(
                adapter.credentials, whole, entries, results, operation.stored, clock.now()
            )

    def reading() -> SyncReport:
        claim = _claim_import(adapter, store, event, again=again)
        event_id = adapter.credentials.key(event.provider_event_id)
        return Operation("backfill", adapter, store, clock, event_id).run(work, claim)

    report = reading()
    if misses_few(report):
        report = replace(report, second=reading())
    return report


def look_at_past_event(
    adapter: BaseProviderAdapter, store: Store, clock: Clock, event: ProviderEvent, admit: Admit
) -> Announced:
    """Ask whatever decides whether `import_past_event` brings an event in; store nothing, claim nothing.

    Returns:
        How much it has: as the provider announces it; where it does not, what a reading found.

    Raises:
        SkipThis: it would be left out, with the reason.
        IntegrationError: it would fail.
    """
    _judged(adapter, store, clock, event)
    announced = adapter.announced(event.provider_event_id)
    if announced is not None:
        return announced
    with admit(None):
        entries = sum(1 for _ in adapter.get_participants(event.provider_event_id).records)
        return Announced(entries, sum(1 for _ in adapter.get_results(event.provider_event_id).records))


def _judged(
    adapter: BaseProviderAdapter, store: Store, clock: Clock, event: ProviderEvent
) -> tuple[ProviderEvent, list[RowRejected]]:
    """Return an event of the past with its races, and those that could not be understood.

    Raises:
        SkipThis: it is not to be imported: TCP has it, or a late race makes it the scheduler's.
    """
    store.refuse_duplicate(adapter.credentials, event)
    rejected: list[RowRejected] = []
    if event.races is None:
        try:
            found = adapter.get_races(event.provider_event_id)
            event = replace(event, races=tuple(found.records))
            rejected = found.rejected
        except NotFound:
            # The event stands without them; whether it is there at all, its entry list tells.
            event = replace(event, races=())
    if event.touches(clock.now() - DISCOVERY_LOOKS_BACK, None):
        raise SkipThis("A race of it is not 72 hours past: the scheduler collects it.")
    return event, rejected


@contextmanager
def _claim_import(
    adapter: BaseProviderAdapter, store: Store, event: ProviderEvent, *, again: bool
) -> Iterator[None]:
    """Hold an event as a whole, unless it was imported by whoever held it before; then raise SkipThis."""
    with store.claim(adapter.credentials, event.provider_event_id):
        if not again:
            store.refuse_imported(adapter.credentials, event.provider_event_id)
        yield
