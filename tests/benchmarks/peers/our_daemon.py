"""This project within its daemon: a partner and the store, held as the daemon holds them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

from database.connection import Database
from database.store import Store
from providers import sync
from providers.accounts import SyncReport
from providers.clock import Clock
from providers.heap import share_one_heap
from providers.terminal import configure_logs
from schedulers.partner import Partner, open_partners
from tests.benchmarks.peers import protocol

# How many events at once: the scheduler's default.
_SIDE_BY_SIDE = 10


class OurDaemon:
    """Does for a partner what the daemon does when it is due."""

    def __init__(self, partner: Partner, store: Store, clock: Clock) -> None:
        self._partner = partner
        self._store = store
        self._clock = clock
        self._workers = ThreadPoolExecutor(_SIDE_BY_SIDE)

    def load(self) -> None:
        """Look for events, and bring in their entries and results."""
        adapter, store, clock = self._partner.adapter, self._store, self._clock
        _well(sync.discover_events(adapter, store, clock))
        self._events = self._partner.events(timedelta(hours=72))
        for report in self._workers.map(
            lambda event: sync.sync_participants(adapter, store, clock, event), self._events
        ):
            _well(report)
        self.poll()

    def poll(self) -> None:
        """Collect the results of every event that was found."""
        adapter, store, clock = self._partner.adapter, self._store, self._clock
        for report in self._workers.map(
            lambda event: sync.collect_results(adapter, store, clock, event), self._events
        ):
            _well(report)


def _well(report: SyncReport) -> None:
    """Stop when an operation did not go well: what it took means nothing then."""
    if report.status != "completed":
        raise RuntimeError(f"{report.sync_type} of {report.event_id} {report.status}: {report.error}")


def main() -> None:
    """Work for the database's one partner whenever it is asked for."""
    configure_logs(verbose=False)
    share_one_heap()
    clock = Clock()
    with closing(Database(protocol.database())) as database, closing(Store(database)) as store:
        [partner], _ = open_partners(store, protocol.folder(), clock)
        with closing(partner.adapter):
            daemon = OurDaemon(partner, store, clock)
            protocol.serve(daemon.load, daemon.poll)


if __name__ == "__main__":
    main()
