"""The calendar: which events the simulated world has, relative to the start of the big race."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from .courses import DUATHLON, FIVE_KILOMETRES, HALF_MARATHON, MILE, TEN_KILOMETRES, TEN_MILES, Course

MARATHON_NAME = "Harbour City Marathon"


@dataclass(frozen=True, slots=True)
class PlannedRace:
    """A race of a planned event; `returning` of its athletes also run the event's first race."""

    name: str
    course: Course
    athletes: int
    after: timedelta = timedelta(0)
    length: timedelta = timedelta(hours=4)
    returning: int = 0


@dataclass(frozen=True, slots=True)
class PlannedDelay:
    """A start put off by `by`; that is told `told_after` the start that was planned first."""

    by: timedelta
    told_after: timedelta


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """An event, `after` the big race's start, seen by the accounts in `seen_by` (1, 2).

    One with `listed_after` is listed only so long after its start. `after` is the start after a delay.
    """

    name: str
    after: timedelta
    seen_by: tuple[int, ...]
    races: tuple[PlannedRace, ...]
    city: str = "Harbour City"
    state: str = "MA"
    zone: str = "America/New_York"
    is_published: bool = True
    is_archived: bool = False
    has_end: bool = True
    is_run: bool = True
    listed_after: timedelta | None = None
    delay: PlannedDelay | None = None


_LAKESIDE = ("Lakeside", "WI", "America/Chicago")

# The marathon itself stands apart, in build.py: its athletes are the carried ones, mishaps and all.
# Oldest first, because ids grow with time.
PAST = (
    PlannedEvent(
        "Founders Mile",
        timedelta(days=-5 * 365),
        (1,),
        (PlannedRace("Mile", MILE, 300),),
        is_archived=True,
    ),
    PlannedEvent(
        "Old Mill 10K",
        timedelta(days=-500),
        (1,),
        (PlannedRace("10K", TEN_KILOMETRES, 400),),
        has_end=False,
    ),
    PlannedEvent("Spring Ten Miler", timedelta(days=-200), (1,), (PlannedRace("Ten Miles", TEN_MILES, 600),)),
    PlannedEvent(
        "Lakeside Winter 10K",
        timedelta(days=-60),
        (2,),
        (PlannedRace("10K", TEN_KILOMETRES, 400),),
        *_LAKESIDE,
    ),
    PlannedEvent("Autumn Duathlon", timedelta(days=-30), (1,), (PlannedRace("Duathlon", DUATHLON, 500),)),
    PlannedEvent("Harbour City 5K", timedelta(hours=-2), (1, 2), (PlannedRace("5K", FIVE_KILOMETRES, 1500),)),
)
FUTURE = (
    PlannedEvent(
        "Lakeside Half Marathon",
        timedelta(minutes=30),
        (2,),
        (
            PlannedRace("Half Marathon", HALF_MARATHON, 2000),
            # late enough for those who run both
            PlannedRace("10K", TEN_KILOMETRES, 600, after=timedelta(hours=3), returning=60),
        ),
        *_LAKESIDE,
    ),
    PlannedEvent(
        "Club Championship",
        timedelta(days=3),
        (1,),
        (PlannedRace("10K", TEN_KILOMETRES, 300),),
        is_published=False,
        is_run=False,
    ),
    PlannedEvent(
        "Winter Trail Run",
        timedelta(days=10),
        (1,),
        (PlannedRace("Trail 10K", TEN_KILOMETRES, 400),),
        is_run=False,
    ),
)
