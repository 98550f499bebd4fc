"""Listings: what is listed in a place, what is told of the place itself, and each row as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .paging import Listing
from .publishing import Publisher
from .results import Scope
from .rows import Rows
from .wire import Spelling, WireRow
from .world import Bracket, Entry, Event, Interval, Race, Wave

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from .directory import Place
    from .variants import Variant


class Listings:
    """Makes the lists of some events, as a variant has them."""

    def __init__(self, events: Iterable[Event], variant: Variant) -> None:
        self._spell = Spelling(variant)
        self._rows = Rows(variant)
        self._publishers = {event: Publisher(event, variant) for event in events}
        self._entries: dict[Entry, bytes] = {}

    def of_events(self, events: list[Event], at: datetime) -> Listing:
        """List events as they are told of at an instant."""
        return self._listing([self._rows.event(event, at) for event in events])

    def inside(self, place: Place, kind: str, query: Mapping[str, str], at: datetime) -> Listing:
        """List what is in a place at an instant.

        Args:
            place: where.
            kind: race, entry, results, bracket, interval or wave.
            query: the request's parameters, those of paging apart.
            at: the instant.

        Raises:
            ApiError: the query is refused.
        """
        if kind == "results":
            scope = Scope(place.word, place.number, query.get("interval", ""), query.get("bracket", ""))
            columns = frozenset(filter(None, query.get("columns", "").split(",")))
            return self._publishers[place.event].listing(scope, columns, at)
        if kind == "entry":
            with_tests = query.get("include_test_entries", "1").lower() in ("1", "true")
            return self._entry_listing(place, at, with_tests=with_tests)
        return self._listing(self._rows_inside(place, kind, at))

    def one(self, place: Place, at: datetime) -> bytes:
        """Tell of a place itself, at an instant."""
        race = place.races[0]
        row: WireRow
        match place.resource:
            case Event() as event:
                row = self._rows.event(event, at)
            case Race():
                row = self._rows.race(race, place.event, at)
            case Entry() as entry:
                row = {**self._rows.entry(entry, race), "entry_status": entry.status(at)}
            case Bracket() as bracket:
                row = self._rows.bracket(bracket)
            case Interval() as interval:
                row = self._rows.interval(interval, race, place.event)
            case Wave() as wave:
                row = self._rows.wave(wave, race)
        return self._spell.json(row)

    def _listing(self, rows: list[WireRow]) -> Listing:
        return Listing.of(rows, self._spell.json)

    def _entry_listing(self, place: Place, at: datetime, *, with_tests: bool) -> Listing:
        entries = [
            (entry, race) for race in place.races for entry in race.entries if with_tests or not entry.is_test
        ]
        return Listing.of(entries, lambda pair: self._entry(*pair, at))

    def _entry(self, entry: Entry, race: Race, at: datetime) -> bytes:
        if entry not in self._entries:
            self._entries[entry] = self._spell.json(self._rows.entry(entry, race))[1:]
        return b'{"entry_status":"%b",%b' % (entry.status(at).encode(), self._entries[entry])

    def _rows_inside(self, place: Place, kind: str, at: datetime) -> list[WireRow]:
        if kind == "race":
            return [self._rows.race(race, place.event, at) for race in place.races]
        if kind == "bracket":
            return [self._rows.bracket(bracket) for race in place.races for bracket in race.brackets]
        if kind == "wave":
            return [self._rows.wave(wave, race) for race in place.races for wave in race.waves]
        intervals = [(interval, race) for race in place.races for interval in race.intervals]
        intervals.sort(key=lambda pair: int(pair[0].interval_id))
        return [self._rows.interval(interval, race, place.event) for interval, race in intervals]
