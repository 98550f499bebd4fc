"""What the backfill does for one timing partner: its plan, and one event at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from backfill.courtesy import Courtesy, Hub
from backfill.options import Options
from backfill.outcome import End, Outcome
from backfill.plan import Plan, Scope, plan_import
from providers import pacing, past_events, statistics, sync
from providers.base_adapter import BaseProviderAdapter
from providers.clock import Clock, Interrupted
from providers.errors import IntegrationError
from providers.records import Credentials, ProviderEvent
from providers.room import Room


class BackfillStore(sync.Store, Hub, Protocol):
    """What the backfill reads of a store, beyond what the pipeline writes."""

    def credentials(self, provider_name: str, partners: Sequence[int] | None = None) -> list[Credentials]:
        """Return the partners' credentials."""

    def imported_events(self, credentials: Credentials) -> set[str]:
        """Return the API ids of the partner's events that a backfill has brought in."""

    def paused_events(self, credentials: Credentials) -> set[str]:
        """Return the API ids of the partner's events that an operator holds back."""

    def answers(self) -> None:
        """Return when the database answers; raise DatabaseUnavailable when it does not."""

    def tried_imports(self, credentials: Credentials) -> set[str]:
        """Return the keys of the partner's events that a backfill has tried to bring in, well or in vain."""


class PastPartner:
    """One timing partner with working settings; `listed` says that its events could be listed."""

    def __init__(
        self,
        adapter: BaseProviderAdapter,
        store: BackfillStore,
        clock: Clock,
        options: Options,
        room: Room,
        tell: Callable[[str], None],
    ) -> None:
        """Prepare it; nothing is asked yet.

        Args:
            adapter: the partner's.
            store: the hub.
            clock: race time.
            options: how the run goes about.
            room: of the process, for athletes.
            tell: is told what a person should know meanwhile.
        """
        self.adapter = adapter
        self.listed = False
        self._store = store
        self._clock = clock
        self._options = options
        self._room = room
        self._tell = tell
        courtesy = Courtesy(adapter, store, clock, options.share, options.events, tell)
        self._connections = pacing.Connections(courtesy.connections)

    @property
    def timing_partner_id(self) -> int:
        """Return the partner's id."""
        return self.adapter.credentials.timing_partner_id

    @property
    def label(self) -> str:
        """Return the words by which a person knows the partner."""
        return self.adapter.credentials.label

    def stop(self) -> None:
        """Wait for nothing any more; whoever would have to is interrupted."""
        self.adapter.stop()
        self._room.close()

    def plan(self, scope: Scope) -> tuple[Plan, set[str]]:
        """Ask the API for its events; return which to import, and the API ids of those tried before.

        Raises:
            IntegrationError: they cannot be listed.
            Interrupted: it would have to wait, and is to end.
        """
        credentials = self.adapter.credentials
        with self._paced():
            listed = self.adapter.list_events()
            offered = list(listed.records)
        if listed.rejected:
            self._tell(
                f"{self.label}: {len(listed.rejected)} events of the list cannot be understood and are left "
                f"out, the first because of this: {listed.rejected[0].reason}."
            )
        if listed.complete is False:
            self._tell(
                f"{self.label}: the list of events moved while it was read; the next run may find more."
            )
        imported, paused = self._store.imported_events(credentials), self._store.paused_events(credentials)
        plan = plan_import(offered, imported, scope, paused)
        tried = self._store.tried_imports(credentials)
        return plan, {
            event.provider_event_id
            for event in plan.chosen
            if credentials.key(event.provider_event_id) in tried
        }

    def do(self, event: ProviderEvent, *, again: bool) -> Outcome:
        """Import an event, or see what a run would do with it; raises nothing of ours."""
        with self._paced():
            if self._options.dry_run:
                return self._look_at(event)
            report = past_events.import_past_event(
                self.adapter, self._store, self._clock, event, again=again, admit=self._room.admit
            )
        return Outcome.of_report(event, report)

    def _look_at(self, event: ProviderEvent) -> Outcome:
        partner, began = self.timing_partner_id, time.monotonic()
        with statistics.measured() as cost:
            try:
                found = past_events.look_at_past_event(
                    self.adapter, self._store, self._clock, event, self._room.admit
                )
            except Interrupted:
                return Outcome.about(partner, event, End.INTERRUPTED)
            except IntegrationError as error:
                outcome = Outcome.of_error(partner, event, error)
            else:
                outcome = Outcome.about(
                    partner, event, End.EXPECTED, entries=found.entries, results=found.result_rows
                )
        return replace(outcome, requests=cost.requests, seconds=time.monotonic() - began)

    def _paced(self) -> AbstractContextManager[None]:
        return pacing.paced(pacing.Pace(self._options.api_delay, self._connections))
