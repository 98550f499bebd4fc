"""ChronoTrack Live as a provider: events, participants and results from its REST API."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

from providers.base_adapter import BaseProviderAdapter
from providers.chronotrack_live.client import ChronoTrackLiveClient
from providers.chronotrack_live.pages import Reading, Row
from providers.chronotrack_live.parse import RowReader, identity, parse_event, parse_participant, parse_race
from providers.chronotrack_live.results import COLUMNS, PLACE_COLUMNS, Places, ResultAssembly
from providers.chronotrack_live.settings import ChronoTrackLiveSettings
from providers.errors import IntegrationError, RowRejected, SkipThis, StopPartner
from providers.rate_limit import Limit, RequestBudget
from providers.records import (
    Credentials,
    ProviderEvent,
    ProviderParticipant,
    ProviderResult,
    Snapshot,
)

RecordT = TypeVar("RecordT")

# For so long an event without an end may go on after its start; stage races do.
_LONGEST_EVENT = timedelta(days=14)


class ChronoTrackLiveAdapter(BaseProviderAdapter):
    """One timing partner's ChronoTrack Live."""

    provider_name = "ChronoTrack Live"

    def __init__(self, credentials: Credentials, budget: RequestBudget) -> None:
        super().__init__(credentials, budget)
        self._client = ChronoTrackLiveClient(ChronoTrackLiveSettings.of(credentials), self.attempt)

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
        reading = self._client.listing("event", "event", _first_time("event_id"), include_test_events="false")
        found = list(_parsed(reading, parse_event, rejected))
        # Read to the end here: whoever iterates the records may hold a transaction open meanwhile.
        candidates = [event for event in found if _may_touch(event, since, until)]
        events = [self._with_races(event, rejected) for event in candidates]
        events = [event for event in events if since is None or _last_instant(event) >= since]
        whole = reading.complete if all(event.races is not None for event in events) else False
        return Snapshot(events, complete=whole, rejected=rejected)

    def get_participants(self, provider_event_id: str) -> Snapshot[ProviderParticipant]:
        """Read the event's whole entry list."""
        rejected: list[RowRejected] = []
        reading = self._entries(provider_event_id, _first_time("entry_id"))
        participants = list(_parsed(reading, parse_participant, rejected))
        return Snapshot(participants, complete=reading.complete, rejected=rejected)

    def get_results(self, provider_event_id: str) -> Snapshot[ProviderResult]:
        """Read rows of all intervals, then both bracket types and the entries' statuses.

        While nobody has a result yet, the first reading is the only one.
        """
        path, wrapper = _path(provider_event_id, "results"), "event_results"
        assembly, genders, divisions = ResultAssembly(provider_event_id), Places(), Places()
        reading = self._client.listing(
            path, wrapper, assembly.is_new, interval="ALL", columns=",".join(COLUMNS)
        )
        _exhaust(reading)
        statuses: dict[str, str] = {}
        unsure: set[str] = set()
        if len(assembly):
            columns = ",".join(PLACE_COLUMNS)
            for places, bracket, field in (
                (genders, "SEX", "gender_place"),
                (divisions, "AGE", "division_place"),
            ):
                ranks = self._client.listing(path, wrapper, places.is_new, bracket=bracket, columns=columns)
                if not self._is_whole(ranks, field):
                    unsure.add(field)
            if not self._read_statuses(provider_event_id, statuses):
                unsure.add("status")
        return Snapshot(
            assembly.results(statuses, genders, divisions),
            complete=reading.complete,
            rejected=assembly.rejected,
            unsure=frozenset(unsure),
        )

    def close(self) -> None:
        """Close the connections and the budget's account."""
        self._client.close()
        super().close()

    def _is_whole(self, reading: Reading, what: str) -> bool:
        """Read a further list of an event to its end; whether it was whole.

        It never costs the event its results: whatever it is that fails here, the next poll asks again.

        Raises:
            StopPartner: nothing more can be had with these credentials.
        """
        try:
            _exhaust(reading)
        except StopPartner:
            raise
        except IntegrationError as reason:
            self.log.warning("reading.failed", what=what, category=reason.category, reason=str(reason))
            return False
        return reading.complete is not False

    def _read_statuses(self, provider_event_id: str, statuses: dict[str, str]) -> bool:
        """Fill in the entries' statuses; whether the list was whole. It is read twice when it moved."""

        def take(row: Row) -> bool:
            if entry_id := identity(row.get("entry_id")):
                statuses[entry_id] = RowReader(row).text("entry_status") or ""
            return is_new(row)

        for _ in range(2):
            is_new = _first_time("entry_id")
            if self._is_whole(self._entries(provider_event_id, take), "status"):
                return True
        return False

    def _entries(self, provider_event_id: str, is_new: Callable[[Row], bool]) -> Reading:
        return self._client.listing(
            _path(provider_event_id, "entry"), "event_entry", is_new, include_test_entries="false"
        )

    def _with_races(self, event: ProviderEvent, rejected: list[RowRejected]) -> ProviderEvent:
        reading = self._client.listing(
            _path(event.provider_event_id, "race"),
            "event_race",
            _first_time("race_id"),
            include_not_wants_results="true",
        )
        try:
            return replace(event, races=tuple(_parsed(reading, parse_race, rejected)))
        except StopPartner:
            raise
        except IntegrationError as reason:
            # The event stands without them, and its neighbours are not concerned.
            self.log.warning("races.skipped", event_id=event.provider_event_id, reason=str(reason))
            return event if isinstance(reason, SkipThis) else replace(event, races=None)


def _path(provider_event_id: str, what: str) -> str:
    """Return the path of what belongs to an event, whatever characters its id has."""
    return f"event/{quote(provider_event_id, safe='')}/{what}"


def _first_time(name: str) -> Callable[[Row], bool]:
    """Return a judge of rows: whether its id was not met before. A row without one is always new."""
    seen: set[str] = set()

    def is_new(row: Row) -> bool:
        found = identity(row.get(name))
        new = found not in seen
        if found:
            seen.add(found)
        return new

    return is_new


def _parsed(
    rows: Iterable[Row], parse: Callable[[Row], RecordT], rejected: list[RowRejected]
) -> Iterator[RecordT]:
    for row in rows:
        try:
            yield parse(row)
        except RowRejected as error:
            rejected.append(error)


def _exhaust(reading: Reading) -> None:
    """Read to the end, for what the judge of its rows collects."""
    deque(reading, maxlen=0)


def _may_touch(event: ProviderEvent, since: datetime | None, until: datetime | None) -> bool:
    """Whether an event may lie in the span, as far as can be said before its races are known."""
    start = event.start_time or event.end_time
    if start is None or (until is not None and start > until):
        return False
    # Without an end it may have races on days that only the race list tells.
    margin = timedelta(0) if event.end_time else _LONGEST_EVENT
    return since is None or max(start, event.end_time or start) >= since - margin


def _last_instant(event: ProviderEvent) -> datetime:
    known = [event.start_time, event.end_time, *(race.start for race in event.races or ())]
    return max(instant for instant in known if instant is not None)
