"""Collections that an operator asks for: now, in his own process, whatever the windows say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from database.event_controls import KnownEvent
from database.store import Store
from providers import sync
from providers.accounts import SyncReport
from providers.clock import Clock
from providers.registry import adapter_class, open_adapter
from schedulers.partner import PROVIDER


def collect_now(
    events: Sequence[KnownEvent], store: Store, state: Path, clock: Clock, *, participants: bool
) -> Iterator[SyncReport]:
    """Yield the report of each event's collection, and before it that of its entry list.

    Claims and request budget are those of every other process, so a scheduler may run beside it.

    Args:
        events: which, in this order.
        store: where to.
        state: the state folder, where the request budgets are.
        clock: by which budgets and accounts run.
        participants: read the entry lists as well.

    Raises:
        SettingsInvalid: a partner has no credentials, or impossible ones; nothing was collected of anybody.
    """
    with ExitStack() as opened:
        partners = dict.fromkeys(event.stored.timing_partner_id for event in events)
        credentials = [
            one
            for partner in partners
            for one in store.credentials(adapter_class(PROVIDER).provider_name, [partner])
        ]
        adapters = {}
        for one in credentials:
            adapter = adapters[one.timing_partner_id] = open_adapter(PROVIDER, one, state, clock)
            opened.callback(adapter.close)
        for event in events:
            adapter = adapters[event.stored.timing_partner_id]
            if participants:
                yield sync.sync_participants(adapter, store, clock, event.stored)
            yield sync.collect_results(adapter, store, clock, event.stored)
