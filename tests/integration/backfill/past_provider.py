"""A provider with past events, and what came of those of a run."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from providers.readings import Snapshot
from tests.integration.builders import RUN, athlete
from tests.integration.scripted_provider import ScriptedProvider

NOW = datetime.now(UTC)


class PastProvider(ScriptedProvider):
    """Has past events, some of which go wrong; notes how many are read at once."""

    def __init__(self, credentials, folder, clock, events):
        super().__init__(credentials, folder, clock)
        self.events = [
            replace(
                RUN,
                provider_event_id=str(1000 + number),
                name=f"Run {number}",
                start_time=NOW - timedelta(days=10 + number),
                end_time=None,
                races=(),
            )
            for number in range(events)
        ]
        self.wrong, self.moving, self.fields = {}, set(), []
        self.listing_fails = None
        self.listing_waits, self.on_read = None, lambda: None
        self.read, self.most = 0, 0
        self._under_way, self._counting = 0, threading.Lock()

    def get_events(self, since, until):
        if self.listing_fails:
            raise self.listing_fails
        if self.listing_waits:
            assert self.listing_waits.wait(60)
        return Snapshot(iter(self.events), complete=True)

    def get_participants(self, provider_event_id):
        with self._counting:
            self.read += 1
            self._under_way += 1
            self.most = max(self.most, self._under_way)
        try:
            self.on_read()
            if error := self.wrong.get(provider_event_id):
                raise error
            return Snapshot(iter(()), complete=True)
        finally:
            with self._counting:
                self._under_way -= 1

    def get_results(self, provider_event_id):
        if self.fields:
            return Snapshot(iter(self.fields.pop(0)), complete=True)
        found = athlete(int(provider_event_id))
        unsure = frozenset({"gender_place"}) if provider_event_id in self.moving else frozenset()
        return Snapshot(iter([found]), complete=True, unsure=unsure)


def ends(result):
    return [outcome.end for outcome in result.outcomes]
