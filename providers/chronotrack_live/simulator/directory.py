"""The directory: every resource of the world by its id, with the event and race that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from .errors import ArchivedError, NotFoundError, UnknownEventError
from .world import Bracket, Entry, Event, Interval, Race, Wave, World

if TYPE_CHECKING:
    from datetime import datetime

    from .accounts import Account

Resource: TypeAlias = Event | Race | Entry | Bracket | Interval | Wave


@dataclass(frozen=True, slots=True)
class Place:
    """A resource, by the path's word for it and its id, and where it belongs: an event to all its races."""

    word: str
    number: str
    resource: Resource
    event: Event
    races: tuple[Race, ...]


class Directory:
    """Finds resources by the path's word for them and their id."""

    def __init__(self, world: World) -> None:
        self._events = world.events
        self._places: dict[tuple[str, str], Place] = {}
        for event in world.events:
            self._places["event", event.event_id] = Place("event", event.event_id, event, event, event.races)
            for race in event.races:
                self._add_race(event, race)

    def events(self, account: Account, at: datetime) -> list[Event]:
        """Return the events that an account may see at an instant, oldest id first."""
        seen = (event for event in self._events if event.event_id in account.event_ids)
        return [event for event in seen if event.is_listed(at)]

    def find(self, word: str, number: str, account: Account) -> Place:
        """Return what an account may see under a word and an id.

        Raises:
            NotFoundError: nothing, or nothing of this account's.
            ArchivedError: it is a part of an archived event.
        """
        place = self._places.get((word, number))
        if place is None or place.event.event_id not in account.event_ids:
            raise UnknownEventError if word == "event" else NotFoundError
        if place.event.is_archived and word != "event":
            raise ArchivedError
        return place

    def enter(self, word: str, number: str, account: Account) -> Place:
        """Return what `find` does, to list what is in it; an archived event is seen, but not entered.

        Raises:
            NotFoundError: as in `find`.
            ArchivedError: it is an archived event, or a part of one.
        """
        place = self.find(word, number, account)
        if place.event.is_archived:
            raise ArchivedError
        return place

    def _add_race(self, event: Event, race: Race) -> None:
        def add(word: str, number: str, resource: Resource) -> None:
            self._places[word, number] = Place(word, number, resource, event, (race,))

        add("race", race.race_id, race)
        for entry in race.entries:
            add("entry", entry.entry_id, entry)
        for bracket in race.brackets:
            add("bracket", bracket.bracket_id, bracket)
        for interval in race.intervals:
            add("interval", interval.interval_id, interval)
        for wave in race.waves:
            add("wave", wave.wave_id, wave)
