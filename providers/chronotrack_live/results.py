"""One poll of an event's results: which lists are read, in which order, and what each is believed.

A further list that fails never costs the event its results: what it would have told is unsure, the store
keeps what it knew, and the next poll asks again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from urllib.parse import quote

import structlog

from providers.chronotrack_live.answers import BadRequest, Reply
from providers.chronotrack_live.assembly import ResultAssembly
from providers.chronotrack_live.brackets import DIVISION, GENDER, Bracket, BracketType, bracket_of
from providers.chronotrack_live.client import ChronoTrackLiveClient
from providers.chronotrack_live.pages import Reading, Row
from providers.chronotrack_live.parse import RowReader
from providers.chronotrack_live.places import Places
from providers.chronotrack_live.result_rows import COLUMNS, PLACE_COLUMNS, AthleteKey, entry_key
from providers.chronotrack_live.values import identity
from providers.errors import IntegrationError, NotFound, RetryLater, StopPartner
from providers.records import ProviderResult, Snapshot

# So many ranked athletes without a place of a type say that its keyword is not understood.
_ENOUGH = 10


def path_of(provider_event_id: str, what: str) -> str:
    """Return the path of what belongs to an event, whatever characters its id has."""
    return f"event/{quote(provider_event_id, safe='')}/{what}"


def first_time(name: str) -> Callable[[Row], bool]:
    """Return a judge of rows: whether its id was not met before. A row without one is always new."""
    seen: set[str] = set()

    def is_new(row: Row) -> bool:
        found = identity(row.get(name))
        new = found not in seen
        if found:
            seen.add(found)
        return new

    return is_new


class EventMemory:
    """What polls of an event have found out about the API, so that later ones need not ask again.

    Attributes:
        not_understood: bracket types whose keyword was refused, or gave no places at all.
        is_test: athletes whom the plain entry list leaves out: whether each is a test entry's.
    """

    def __init__(self) -> None:
        self.not_understood: set[BracketType] = set()
        self.is_test: dict[AthleteKey, bool] = {}


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
        self._log = log
        self._event = provider_event_id
        self._memory = memory
        self._assembly = ResultAssembly(provider_event_id)
        self._unsure: set[str] = set()
        self._problems: list[str] = []
        self._brackets: tuple[list[Bracket], bool] | None = None

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
            self._read_places(GENDER, genders)
            self._read_places(DIVISION, divisions)
            self._read_entries()
        return Snapshot(
            self._assembly.results(genders, divisions),
            complete=reading.complete,
            rejected=self._assembly.rejected,
            unsure=frozenset(self._unsure),
            problems=self._problems,
        )

    def _read_places(self, wanted: BracketType, places: Places) -> None:
        """Read the places of a bracket type: all at once, and bracket by bracket where that says nothing."""
        whole, refused = True, False
        if wanted not in self._memory.not_understood:
            ranks = self._client.listing(
                path_of(self._event, "results"),
                "event_results",
                places.is_new,
                bracket=wanted.keyword,
                columns=",".join(PLACE_COLUMNS),
            )
            failure = self._failure_of(ranks, wanted.field)
            places.end_reading()
            whole, refused = failure is None and ranks.complete is not False, isinstance(failure, BadRequest)
            if isinstance(failure, RetryLater):
                # The brackets' own lists would go no better, and the poll has little time.
                self._unsure.add(wanted.field)
                return
        ranked = self._assembly.ranked()
        lacking = {race: who for race, who in ranked.items() if not self._assembly.any_placed(who, places)}
        for athletes in lacking.values():
            places.forget(athletes)
        says_nothing = len(lacking) == len(ranked)
        if refused or (whole and says_nothing and sum(map(len, ranked.values())) >= _ENOUGH):
            self._memory.not_understood.add(wanted)
        if lacking:
            whole = self._read_brackets(wanted, places, lacking) and (whole or says_nothing)
        if not whole:
            self._unsure.add(wanted.field)

    def _read_brackets(
        self, wanted: BracketType, places: Places, races: Mapping[str, Sequence[AthleteKey]]
    ) -> bool:
        """Read the brackets' own lists for some races; return whether all of them were whole."""
        divisions = self._assembly.divisions() if wanted is DIVISION else set()
        brackets, whole = self._all_brackets()
        for bracket in brackets:
            if not bracket.is_of(wanted, races, divisions):
                continue
            ranks = self._client.listing(
                bracket.path,
                "bracket_results",
                partial(_is_new_place, places, bracket.name),
                columns=",".join(PLACE_COLUMNS),
            )
            failure = self._failure_of(ranks, f"{wanted.field} in {bracket.name}")
            places.end_reading()
            if isinstance(failure, RetryLater):
                return False
            # A bracket that is gone by now has no places.
            whole &= isinstance(failure, NotFound) or (failure is None and ranks.complete is not False)
        return whole

    def _all_brackets(self) -> tuple[list[Bracket], bool]:
        """Return the event's brackets, read once a poll, and whether that list was whole."""
        if self._brackets is None:
            rows: list[Row] = []
            reading = self._client.listing(
                path_of(self._event, "bracket"), "event_bracket", first_time("bracket_id")
            )
            failure = self._failure_of(reading, "brackets", rows.append)
            found = [bracket for row in rows if (bracket := bracket_of(row))]
            self._brackets = found, failure is None and reading.complete is not False
        return self._brackets

    def _read_entries(self) -> None:
        """Give every athlete the status of the entry; the list is read twice when it moved meanwhile."""
        goes_by_name = self._assembly.goes_by_name
        for _ in range(2):
            listed: set[AthleteKey] = set()

            def take(row: Row, listed: set[AthleteKey] = listed) -> None:
                status = RowReader(row).text("entry_status") or ""
                for key in _keys_of(row, by_name=goes_by_name):
                    self._assembly.set_status(key, status)
                    listed.add(key)

            reading = entries_of(self._client, self._event, first_time("entry_id"))
            if self._failure_of(reading, "status", take) is not None:
                break
            if reading.complete is not False:
                self._leave_out_tests(listed)
                return
        self._unsure.add("status")

    def _leave_out_tests(self, listed: Collection[AthleteKey]) -> None:
        """Leave out the results of test entries: those that only the list with test entries has.

        An entry that no list has is kept: somebody ran, whatever became of the entry since.
        """
        unlisted = self._assembly.athletes.difference(listed)
        unknown = unlisted - self._memory.is_test.keys()
        if unknown:
            with_tests: set[AthleteKey] = set()
            by_name = self._assembly.goes_by_name
            reading = entries_of(self._client, self._event, first_time("entry_id"), tests=True)
            failure = self._failure_of(
                reading, "test entries", lambda row: with_tests.update(_keys_of(row, by_name=by_name))
            )
            if failure is None and reading.complete is not False:
                self._memory.is_test.update({athlete: athlete in with_tests for athlete in unknown})
        self._assembly.leave_out(athlete for athlete in unlisted if self._memory.is_test.get(athlete))

    def _failure_of(
        self, reading: Reading[Reply], what: str, take: Callable[[Row], object] | None = None
    ) -> IntegrationError | None:
        """Read a further list of the event to its end; return what went wrong, None when nothing did.

        Args:
            reading: of the list.
            what: it is about, for the log.
            take: told each new row, where the reading's judge has not taken in all that there is.

        Raises:
            StopPartner: nothing more can be had with these credentials.
        """
        try:
            for row in reading:
                if take is not None:
                    take(row)
        except StopPartner:
            raise
        except IntegrationError as reason:
            self._log.warning("reading.failed", what=what, category=reason.category, reason=str(reason))
            self._problems.append(f"{what}: {reason}")
            return reason
        return None


def entries_of(
    client: ChronoTrackLiveClient,
    provider_event_id: str,
    is_new: Callable[[Row], bool],
    *,
    tests: bool = False,
) -> Reading[Reply]:
    """Return a reading of an event's entry list, with or without test entries."""
    return client.listing(
        path_of(provider_event_id, "entry"),
        "event_entry",
        is_new,
        include_test_entries="true" if tests else "false",
    )


def _keys_of(row: Row, *, by_name: bool) -> Iterator[AthleteKey]:
    """Yield what an entry's athlete may go by among the results."""
    yield identity(row.get("entry_id"))
    if by_name and (named := entry_key(row)):
        yield named


def _is_new_place(places: Places, bracket: str, row: Row) -> bool:
    """Take in a row of a bracket's own list, which need not name its bracket."""
    row["results_bracket_name"] = bracket
    return places.is_new(row)
