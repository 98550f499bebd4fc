"""One poll of an event's results: which lists are read, in which order, and what each is believed.

A further list that fails never costs the event its results: what it would have told is unsure, the store
keeps what it knew, and the next poll asks again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from functools import partial
from urllib.parse import quote

import structlog

from providers.chronotrack_live.answers import Reply
from providers.chronotrack_live.assembly import ResultAssembly
from providers.chronotrack_live.brackets import DIVISION, GENDER, Bracket, BracketType, bracket_of
from providers.chronotrack_live.client import ChronoTrackLiveClient
from providers.chronotrack_live.event_memory import EventMemory
from providers.chronotrack_live.fingerprints import StoredReading
from providers.chronotrack_live.pages import Reading, Row
from providers.chronotrack_live.places import Places
from providers.chronotrack_live.result_rows import COLUMNS, PLACE_COLUMNS, AthleteKey, entry_key
from providers.chronotrack_live.values import identity
from providers.computing import in_turns
from providers.errors import IntegrationError, NotFound, RetryLater, StopPartner
from providers.readings import Announced, Changes, Snapshot
from providers.records import ProviderResult

# After so many brackets in a row that cannot be read at present, the others are not tried.
_BAD_BRACKETS = 3


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
        self._memory.size = Announced(len(self._assembly), reading.count)
        genders, divisions = Places(), Places()
        if len(self._assembly):
            self._read_places(GENDER, genders)
            self._read_places(DIVISION, divisions)
            self._read_entries()
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
            unsure=frozenset(self._unsure),
            problems=self._problems,
            changes=changes,
            stored=partial(self._remember, known if changes else None),
        )

    def _remember(self, before: StoredReading | None, number: int) -> None:
        """Keep what was stored, for the next poll; `before` is the reading since which there were changes."""
        # What is absent because it is unsure may stand in the hub: the next reading is to be compared whole.
        self._memory.stored = (
            None
            if self._unsure
            else StoredReading(
                number,
                self._assembly.fingerprints,
                self._assembly.codebook,
                stored_in_full=before.stored_in_full if before else time.monotonic(),
            )
        )

    def _read_places(self, wanted: BracketType, places: Places) -> None:
        """Read the places of a bracket type: all at once, and bracket by bracket where that says nothing."""
        ranked = self._assembly.ranked()
        failure, whole = None, True
        if not self._memory.is_in_vain(wanted, ranked):
            failure, whole = self._read_keyword(wanted, places)
            self._memory.failed[wanted] = self._memory.failed[wanted] + 1 if failure else 0
            if isinstance(failure, RetryLater) and self._memory.failed[wanted] == 1:
                # It may be a bad moment, in which the brackets' own lists would go no better.
                self._unsure.add(wanted.field)
                return
        lacking = {
            race: who for race, who in ranked.items() if not self._assembly.any_placed(race, who, places)
        }
        for athletes in lacking.values():
            places.forget(athletes)
        # An athlete's main division may be a custom bracket, which the keyword leaves out.
        customs = self._assembly.divisions - places.brackets if wanted is DIVISION else set()
        if lacking or customs:
            nothing_else = len(lacking) == len(ranked)
            whole = self._read_brackets(wanted, places, lacking, customs) and (whole or nothing_else)
        for race, athletes in ranked.items():
            in_vain = race in lacking and (places.knows_any(athletes) or self._has_none(wanted, race))
            self._memory.in_vain[wanted, race] = self._memory.in_vain[wanted, race] + 1 if in_vain else 0
            # That nobody has a place is known only when all was asked for, and nothing refused.
            whole &= in_vain or race not in lacking or failure is None
        if not whole or (len(places) and not places.knows_any(self._assembly.athletes)):
            self._unsure.add(wanted.field)

    def _read_keyword(self, wanted: BracketType, places: Places) -> tuple[IntegrationError | None, bool]:
        """Read all brackets of a type at once; return what went wrong, and whether the list was whole."""
        ranks = self._client.listing(
            path_of(self._event, "results"),
            "event_results",
            places.is_new,
            bracket=wanted.keyword,
            columns=",".join(PLACE_COLUMNS),
        )
        failure = self._failure_of(ranks, wanted.field)
        places.end_reading()
        return failure, failure is None and ranks.complete is not False

    def _read_brackets(
        self, wanted: BracketType, places: Places, races: Collection[str], customs: Collection[str]
    ) -> bool:
        """Read the own lists of some races' brackets and of custom divisions; whether all were whole."""
        brackets, whole = self._all_brackets()
        bad = 0
        for bracket in brackets:
            if bad == _BAD_BRACKETS or not (bracket.is_of(wanted, races) or bracket.is_custom(customs)):
                continue
            ranks = self._client.listing(
                bracket.path,
                "bracket_results",
                partial(_is_new_place, places, bracket.name),
                columns=",".join(PLACE_COLUMNS),
            )
            failure = self._failure_of(ranks, f"{wanted.field} in {bracket.name}")
            places.end_reading()
            bad = bad + 1 if isinstance(failure, RetryLater) else 0
            # A bracket that is gone by now has no places.
            whole &= isinstance(failure, NotFound) or (failure is None and ranks.complete is not False)
        return whole

    def _has_none(self, wanted: BracketType, race: str) -> bool:
        """Say whether the event's brackets are known, and none of a type is the race's."""
        brackets, whole = self._all_brackets()
        return whole and bool(brackets) and not any(b.is_of(wanted, [race]) for b in brackets)

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
        by_name = self._assembly.goes_by_name
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
            if self._failure_of(reading, "status") is not None:
                break
            if reading.complete is not False:
                if reading.complete:
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
            if failure is None and reading.complete:
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
