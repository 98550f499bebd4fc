"""One poll of an event's results: which lists are read, in which order, and what each is believed.

A further list that fails never costs the event its results: what it would have told is unsure, the store
keeps what it knew, and the next poll asks again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial

import structlog

from providers.chronotrack_live.assembly import ResultAssembly
from providers.chronotrack_live.brackets import DIVISION, GENDER
from providers.chronotrack_live.client import ChronoTrackLiveClient
from providers.chronotrack_live.entries import entries_of
from providers.chronotrack_live.event_memory import EventMemory
from providers.chronotrack_live.fingerprints import StoredReading
from providers.chronotrack_live.further_lists import FurtherLists, first_time, path_of
from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.places import Places
from providers.chronotrack_live.places_poll import PlacesPoll
from providers.chronotrack_live.result_rows import COLUMNS, AthleteKey, entry_key
from providers.chronotrack_live.values import identity
from providers.computing import in_turns
from providers.readings import Announced, Changes, Snapshot
from providers.records import ProviderResult


class ResultsPoll:
    """Reads an event's results once."""

    def __init__(
        self,
        client: ChronoTrackLiveClient,
        log: structlog.typing.FilteringBoundLogger,
        provider_event_id: str,
        memory: EventMemory,
    ) -> None:
        self._client = client
        self._event = provider_event_id
        self._memory = memory
        self._assembly = ResultAssembly(provider_event_id)
        self._further = FurtherLists(client, log, provider_event_id)

    def read(self) -> Snapshot[ProviderResult]:
        """Read the rows of all intervals, then the places of both bracket types and the entries' statuses.

        While nobody has a result yet, the first list is the only one.

        Raises:
            EventArchived, NotFound, CredentialsRefused, AnswerUnusable, RetryLater: the first list failed.
            StopPartner: a further one says that nothing more can be had with these credentials.
        """
        reading = self._client.listing(
            path_of(self._event, "results"),
            "event_results",
            self._assembly.is_new,
            interval="ALL",
            columns=",".join(COLUMNS),
        )
        deque(reading, maxlen=0)
        genders, divisions = Places(), Places()
        if len(self._assembly):
            self._read_further_lists(genders, divisions, reading.count)
        known = self._memory.stored
        changes = None
        if known is not None and known.serves(self._assembly.codebook):
            unchanged: list[str] = []
            changed = self._assembly.changes(genders, divisions, frozenset(known.athletes), unchanged)
            changes = Changes(known.number, in_turns(changed), unchanged)
        return Snapshot(
            in_turns(self._assembly.results(genders, divisions)),
            complete=reading.complete,
            rejected=self._assembly.rejected,
            unsure=frozenset(self._further.unsure),
            problems=sorted(self._further.problems),
            changes=changes,
            stored=partial(self._remember, known if changes else None),
        )

    def _remember(self, before: StoredReading | None, number: int) -> None:
        """Keep what was stored, for the next poll; `before` is the reading since which there were changes."""
        # What is absent because it is unsure may stand in the hub: the next reading is to be compared whole.
        self._memory.stored = (
            None
            if self._further.unsure
            else StoredReading(
                number,
                self._assembly.fingerprints,
                self._assembly.codebook,
                stored_in_full=before.stored_in_full if before else time.monotonic(),
            )
        )

    def _read_further_lists(self, genders: Places, divisions: Places, rows: int) -> None:
        """Read places and statuses side by side: a server that is far away takes its time for each list.

        Args:
            genders: take in the places in the SEX brackets.
            divisions: take in those in the AGE brackets.
            rows: how many the first list had.
        """
        ranked = self._assembly.ranked()
        poll = PlacesPoll(self._further, self._memory, self._assembly)
        with ThreadPoolExecutor(2, thread_name_prefix="chronotrack-live-places") as beside:
            places = [
                beside.submit(copy_context().run, poll.read, wanted, places, ranked)
                for wanted, places in ((GENDER, genders), (DIVISION, divisions))
            ]
            listed = self._read_entries()
            # Asked at once: whoever is entered while the places are read would look like a test entry.
            tests = () if listed is None else self._test_entries(listed)
            for reading in places:
                reading.result()
        self._assembly.leave_out(tests)
        entries = max(len(self._assembly), len(listed or ()))
        self._memory.size = Announced(entries, rows)

    def _read_entries(self) -> Collection[AthleteKey] | None:
        """Give every athlete the status of the entry; the list is read twice when it moved meanwhile.

        It is not read at all when the event's participants were read just before.

        Returns:
            Those whom the list has, where it was whole; None where nobody can tell.
        """
        by_name = self._assembly.goes_by_name
        lately = self._memory.take_statuses()
        # Whoever is not in it may have been entered since.
        if lately.keys() >= self._assembly.athletes:
            for entry, status in lately.items():
                self._assembly.set_status(entry, status)
            return lately.keys()
        for _ in range(2):
            listed: set[AthleteKey] = set()
            is_first = first_time("entry_id")

            def is_new(
                row: Row,
                is_first: Callable[[Row], bool] = is_first,
                listed: set[AthleteKey] = listed,
            ) -> bool:
                new = is_first(row)
                if new:
                    status = identity(row.get("entry_status"))
                    for key in _keys_of(row, by_name=by_name):
                        self._assembly.set_status(key, status)
                        listed.add(key)
                return new

            reading = entries_of(self._client, self._event, is_new)
            if self._further.failure_of(reading, "status") is not None:
                break
            if reading.complete is not False:
                return listed if reading.complete else None
        self._further.unsure.add("status")
        return None

    def _test_entries(self, listed: Collection[AthleteKey]) -> list[AthleteKey]:
        """Return whose results are those of test entries: only the list with test entries has them.

        An entry that no list has is kept: somebody ran, whatever became of the entry since.
        """
        unlisted = self._assembly.athletes.difference(listed)
        unknown = unlisted - self._memory.is_test.keys()
        if unknown:
            with_tests: set[AthleteKey] = set()
            by_name = self._assembly.goes_by_name
            reading = entries_of(self._client, self._event, first_time("entry_id"), tests=True)
            failure = self._further.failure_of(
                reading, "test entries", lambda row: with_tests.update(_keys_of(row, by_name=by_name))
            )
            if failure is None and reading.complete:
                self._memory.is_test.update({athlete: athlete in with_tests for athlete in unknown})
        return [athlete for athlete in unlisted if self._memory.is_test.get(athlete)]


def _keys_of(row: Row, *, by_name: bool) -> Iterator[AthleteKey]:
    """Yield what an entry's athlete may go by among the results."""
    yield identity(row.get("entry_id"))
    if by_name and (named := entry_key(row)):
        yield named
