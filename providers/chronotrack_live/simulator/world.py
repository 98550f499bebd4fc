"""The simulated world: events, races and athletes, and the instant at which each fact is published.

Nothing here changes while the simulator runs. What a request sees follows from the world and an instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta

    from .accounts import Account


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """A timed stretch of a race's course.

    `order` is its place in course order, from 0; the full course comes last. `in_leaderboard` puts it
    among the results that a request gets without naming intervals.
    """

    interval_id: str
    race_id: str
    name: str
    distance_m: int
    order: int
    is_full: bool
    in_leaderboard: bool


@dataclass(frozen=True, slots=True, eq=False)
class Bracket:
    """A group of a race's athletes who are ranked among themselves.

    `is_plain` tells Overall, Female, Male and the age groups from the organiser's own brackets.
    """

    bracket_id: str
    race_id: str
    name: str
    kind: str  # OTHER, SEX or AGE
    tag: str
    min_age: int | None
    max_age: int | None
    is_plain: bool


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """A group of a race's athletes with a gun of its own, fired at `gun` (UTC)."""

    wave_id: str
    race_id: str
    name: str
    gun: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Athlete:
    """A person, who may have entered several races."""

    athlete_id: str
    first_name: str
    last_name: str
    sex: str
    birthdate: date
    email: str
    home_phone: str
    mobile_phone: str
    street: str
    city: str
    state: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """An athlete's time over one interval, public from `published_at` on.

    Times are whole milliseconds. `begin` is None without a start mat's read. A mark without `end` and
    times is the empty full-course row that some who did not finish have.
    """

    interval: Interval
    begin: datetime | None
    end: datetime | None
    chip_ms: int | None
    gun_ms: int | None
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """The timer's decision on an entry, DNF or DQ, in force from `at` on."""

    status: str
    at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An athlete's place in a race; `bib` is empty for none, `age` is that of race day."""

    entry_id: str
    external_id: str
    race_id: str
    athlete: Athlete
    bib: str
    tag: str
    age: int
    wave: Wave
    brackets: tuple[Bracket, ...]
    division: Bracket
    team_id: str
    team_name: str
    answer: str
    is_test: bool
    marks: tuple[Mark, ...]
    verdict: Verdict | None

    def status(self, at: datetime) -> str:
        """Return the entry's status code at an instant."""
        return self.verdict.status if self.verdict and self.verdict.at <= at else "CONF"


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """A race of an event; intervals stand in course order."""

    race_id: str
    name: str
    distance_m: int
    start: datetime
    end: datetime
    intervals: tuple[Interval, ...]
    brackets: tuple[Bracket, ...]
    waves: tuple[Wave, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Delay:
    """A start put off: until `told_at` every planned instant of the event is given as `by` earlier."""

    told_at: datetime
    by: timedelta


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """An event with its races; `end` may be unknown, `zone` is the place's IANA time zone.

    One with `listed_from` is not listed before that instant. `start` and `end` are those after a delay.
    """

    event_id: str
    name: str
    start: datetime
    end: datetime | None
    city: str
    state: str
    country: str
    zone: str
    is_published: bool
    is_archived: bool
    races: tuple[Race, ...]
    listed_from: datetime | None = None
    delay: Delay | None = None

    def is_listed(self, at: datetime) -> bool:
        """Tell whether the event is among its account's at an instant."""
        return self.listed_from is None or self.listed_from <= at

    def planned(self, instant: datetime, at: datetime) -> datetime:
        """Return what is given for an instant of the event's plan at an instant."""
        return instant - self.delay.by if self.delay and at < self.delay.told_at else instant


@dataclass(frozen=True, slots=True)
class World:
    """All that the simulator knows."""

    events: tuple[Event, ...]
    accounts: tuple[Account, ...]

    def event(self, name: str) -> Event:
        """Return the event of that name.

        Raises:
            KeyError: there is none.
        """
        for event in self.events:
            if event.name == name:
                return event
        raise KeyError(name)
