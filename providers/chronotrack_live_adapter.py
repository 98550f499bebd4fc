"""ChronoTrack Live as a provider: events, participants and results from its REST API."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from providers.base_adapter import BaseProviderAdapter, parsed
from providers.chronotrack_live.answers import Reply
from providers.chronotrack_live.client import ChronoTrackLiveClient
from providers.chronotrack_live.entries import read_participants
from providers.chronotrack_live.event_memory import EventMemories
from providers.chronotrack_live.further_lists import first_time, path_of
from providers.chronotrack_live.pages import Reading
from providers.chronotrack_live.parse import parse_event, parse_race
from providers.chronotrack_live.results import ResultsPoll
from providers.chronotrack_live.settings import ChronoTrackLiveSettings
from providers.errors import IntegrationError, RowRejected, SkipThis, StopPartner
from providers.rate_limit import Limit, RequestBudget
from providers.readings import Announced, Snapshot
from providers.recording import Recording
from providers.records import Credentials, ProviderEvent, ProviderParticipant, ProviderRace, ProviderResult

# So long after its end, or its start where it has no end, an event may have a race all the same: stage races
# do, and ends are unreliable. Only the race list tells.
_RACES_GO_ON = timedelta(days=14)


class ChronoTrackLiveAdapter(BaseProviderAdapter):
    """One timing partner's ChronoTrack Live."""

    provider_name = "ChronoTrack Live"

    def __init__(self, credentials: Credentials, budget: RequestBudget) -> None:
        super().__init__(credentials, budget)
        self._client = ChronoTrackLiveClient(ChronoTrackLiveSettings.of(credentials), self.attempt, self.log)
        self._memories = EventMemories()

    @staticmethod
    def limit(credentials: Credentials) -> Limit:
        """Return `rate_limit` of additional_config as the requests in any 60 seconds."""
        return Limit(per_minute=ChronoTrackLiveSettings.of(credentials).rate_limit)

    def authenticate(self) -> None:
        """Ask for the smallest list that there is."""
        self._client.probe()

    def get_events(self, since: datetime | None, until: datetime | None) -> Snapshot[ProviderEvent]:
        """List the events and, for those that touch the span, their races: one more request each."""
        rejected: list[RowRejected] = []
        problems: list[str] = []
        reading = self._event_list()
        found = list(parsed(reading, parse_event, rejected))
        # Read to the end here: whoever iterates the records may hold a transaction open meanwhile.
        candidates = [event for event in found if _may_touch(event, since, until)]
        events = [self._with_races(event, rejected, problems) for event in candidates]
        events = [event for event in events if event.touches(since, until)]
        whole = reading.complete if all(event.races is not None for event in events) else False
        return Snapshot(events, complete=whole, rejected=rejected, problems=problems)

    def list_events(self) -> Snapshot[ProviderEvent]:
        """List all events, without their races."""
        rejected: list[RowRejected] = []
        reading = self._event_list()
        events = [replace(event, races=None) for event in parsed(reading, parse_event, rejected)]
        return Snapshot(events, complete=reading.complete, rejected=rejected)

    def get_races(self, provider_event_id: str) -> Snapshot[ProviderRace]:
        """Read the event's race list."""
        rejected: list[RowRejected] = []
        reading = self._race_list(provider_event_id)
        races = list(parsed(reading, parse_race, rejected))
        return Snapshot(races, complete=reading.complete, rejected=rejected)

    def announced(self, provider_event_id: str) -> Announced | None:
        """Ask for a page of one row of both lists; their headers count the rows."""
        entries = self._client.announced_rows(
            path_of(provider_event_id, "entry"), "event_entry", include_test_entries="false"
        )
        rows = self._client.announced_rows(
            path_of(provider_event_id, "results"), "event_results", interval="ALL"
        )
        return None if entries is None or rows is None else Announced(entries, rows)

    def remembered(self, provider_event_id: str) -> Announced | None:
        """Say how much the event's last poll has read."""
        return self._memories.of(provider_event_id).size

    def get_participants(self, provider_event_id: str) -> Snapshot[ProviderParticipant]:
        """Read the event's whole entry list."""
        return read_participants(self._client, provider_event_id, self._memories.of(provider_event_id))

    def get_results(self, provider_event_id: str) -> Snapshot[ProviderResult]:
        """Read the rows of all intervals, the places and the statuses; see `ResultsPoll`."""
        memory = self._memories.of(provider_event_id)
        return ResultsPoll(self._client, self.log, provider_event_id, memory).read()

    def record_to(self, recording: Recording) -> None:
        """Keep from now on what the API answers."""
        self._client.record_to(recording)

    def close(self) -> None:
        """Close the connections and the budget's account."""
        self._client.close()
        super().close()

    def _event_list(self) -> Reading[Reply]:
        return self._client.listing("event", "event", first_time("event_id"), include_test_events="false")

    def _race_list(self, provider_event_id: str) -> Reading[Reply]:
        return self._client.listing(
            path_of(provider_event_id, "race"),
            "event_race",
            first_time("race_id"),
            include_not_wants_results="true",
        )

    def _with_races(
        self, event: ProviderEvent, rejected: list[RowRejected], problems: list[str]
    ) -> ProviderEvent:
        reading = self._race_list(event.provider_event_id)
        try:
            return replace(event, races=tuple(parsed(reading, parse_race, rejected)))
        except StopPartner:
            raise
        except IntegrationError as reason:
            # The event stands without them, and its neighbours are not concerned.
            self.log.warning("races.skipped", event_id=event.provider_event_id, reason=str(reason))
            if isinstance(reason, SkipThis):
                return event
            problems.append(f"races of {event.name}: {reason}")
            return replace(event, races=None)


def _may_touch(event: ProviderEvent, since: datetime | None, until: datetime | None) -> bool:
    """Whether an event may lie in the span, as far as can be said before its races are known."""
    start = event.start_time or event.end_time
    if start is None or (until is not None and start > until):
        return False
    return since is None or max(start, event.end_time or start) >= since - _RACES_GO_ON
