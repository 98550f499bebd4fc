"""A provider that says what a test tells it to say, reading by reading."""

from __future__ import annotations

from collections import deque

from providers.base_adapter import BaseProviderAdapter
from providers.rate_limit import Limit, RequestBudget
from providers.readings import Snapshot


class ScriptedProvider(BaseProviderAdapter):
    """Answers with the readings that were queued; an exception among them is raised."""

    provider_name = "ChronoTrack Live"

    def __init__(self, credentials, folder, clock):
        super().__init__(credentials, RequestBudget(folder, "scripted", Limit(), clock))
        self.entries = []
        self._results = deque()

    def will_read(self, *readings):
        """Queue readings of results: a list of records for a whole one, a Snapshot, or an error."""
        self._results.extend(readings)

    @property
    def unread(self):
        """How many of the queued readings nobody has asked for."""
        return len(self._results)

    @staticmethod
    def limit(credentials):
        return Limit()

    def authenticate(self):
        pass

    def get_events(self, since, until):
        return Snapshot([], complete=True)

    def get_participants(self, provider_event_id):
        return Snapshot(iter(self.entries), complete=True)

    def get_results(self, provider_event_id):
        reading = self._results.popleft()
        if isinstance(reading, Exception):
            raise reading
        return reading if isinstance(reading, Snapshot) else Snapshot(iter(reading), complete=True)
