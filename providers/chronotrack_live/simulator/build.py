"""Building the world: the same seed gives the same world, around whatever start is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .accounts import demo_accounts
from .calendar import FUTURE, MARATHON_NAME, PAST, PlannedEvent, PlannedRace
from .courses import MARATHON
from .mishaps import Mishap, draw_mishaps
from .numbers import Numbers, seeded
from .people import make_athlete
from .races import Corral, Starter, make_race
from .runners import Runner, load_runners, spread_with_oddities, straggler
from .world import Delay, Event, World

if TYPE_CHECKING:
    from random import Random

_CORRALS = (
    Corral("Wave 1"),
    Corral("Wave 2", minutes=20, lowest_bib=7_000),
    Corral("Wave 3", minutes=40, lowest_bib=14_000),
)
_WHEELS = (Corral("Wheelchairs"),)
_TEST_ENTRIES = 5
_FEWEST = 20


def build_world(
    race_start: datetime, athletes: int | None, seed: int, *, with_test_results: bool = False
) -> World:
    """Build the world around a marathon that starts at `race_start` (aware).

    Args:
        race_start: the gun of the marathon's first wave; every other event lies relative to it.
        athletes: how many of the carried 16,164 runners the marathon has, evenly spread; None takes
            all. The other events shrink in proportion, to no fewer than 20 athletes.
        seed: decides on ids, mishaps, delays, addresses. Event, race, interval and bracket ids depend on
            it alone.
        with_test_results: whether test entries have results, which are behind everybody else's.

    Raises:
        ValueError: `race_start` is naive, or `athletes` is less than 1.
    """
    if race_start.tzinfo is None:
        raise ValueError("The start of the race must be an aware instant (end it with Z).")
    if athletes is not None and athletes < 1:
        raise ValueError(f"A race needs at least one athlete, not {athletes}.")
    carried = load_runners()
    count = min(athletes or len(carried), len(carried))
    scale = count / len(carried)
    events: list[Event] = []
    seen_by: dict[str, tuple[int, ...]] = {}
    for number, plan in enumerate((*PAST, None, *FUTURE)):
        numbers, draw = Numbers(seed, number), seeded(seed, "event", number)
        if plan is None:
            runners = spread_with_oddities(carried, count)
            event = _marathon(race_start, runners, numbers, draw, with_test_results=with_test_results)
        else:
            event = build_event(plan, race_start, carried, scale, numbers, draw)
        events.append(event)
        seen_by[event.event_id] = plan.seen_by if plan else (1,)
    accounts = demo_accounts(
        *(
            frozenset(event_id for event_id, seers in seen_by.items() if account in seers)
            for account in (1, 2)
        )
    )
    return World(tuple(events), accounts)


def _marathon(
    start: datetime, runners: list[Runner], numbers: Numbers, draw: Random, *, with_test_results: bool
) -> Event:
    event_id = numbers.next("event")
    mishaps = draw_mishaps(runners, draw)
    starters = [
        Starter(runner, make_athlete(runner, start.date(), numbers, draw), runner.bib, mishaps.get(runner))
        for runner in runners
    ]
    on_foot = [starter for starter in starters if not starter.runner.is_wheelchair]
    on_wheels = [starter for starter in starters if starter.runner.is_wheelchair]
    tester, mishap = (straggler(runners), None) if with_test_results else (runners[0], Mishap.DID_NOT_START)
    on_foot += [
        _test_starter(number, start, tester, mishap, numbers, draw) for number in range(_TEST_ENTRIES)
    ]
    length = timedelta(hours=7)
    return Event(
        event_id=event_id,
        name=MARATHON_NAME,
        start=start,
        end=start + length,
        city="Harbour City",
        state="MA",
        country="USA",
        zone="America/New_York",
        is_published=True,
        is_archived=False,
        races=(
            make_race("Marathon", MARATHON, start, length, on_foot, numbers, draw, _CORRALS),
            make_race("Wheelchair Marathon", MARATHON, start, length, on_wheels, numbers, draw, _WHEELS),
        ),
    )


def _test_starter(
    number: int, start: datetime, like: Runner, mishap: Mishap | None, numbers: Numbers, draw: Random
) -> Starter:
    runner = replace(like, bib=str(99_001 + number), first_name="Test", last_name=f"Chip {number + 1}")
    athlete = make_athlete(runner, start.date(), numbers, draw)
    return Starter(runner, athlete, runner.bib, mishap, is_test=True)


def build_event(
    plan: PlannedEvent,
    race_start: datetime,
    carried: list[Runner],
    scale: float,
    numbers: Numbers,
    draw: Random,
) -> Event:
    """Build a planned event around the big race's start, from carried runners; `scale` shrinks its races."""
    event_id = numbers.next("event")
    start, put_off = race_start + plan.after, plan.delay
    races, first = [], list[Starter]()
    for race in plan.races:
        race_begins = start + race.after
        starters = _starters(race, race_begins, first, carried, scale, numbers, draw)
        first = first or starters
        if not plan.is_run:
            starters = [replace(starter, mishap=Mishap.DID_NOT_START) for starter in starters]
        races.append(make_race(race.name, race.course, race_begins, race.length, starters, numbers, draw))
    return Event(
        event_id=event_id,
        name=plan.name,
        start=start,
        end=max(race.end for race in races) if plan.has_end else None,
        city=plan.city,
        state=plan.state,
        country="USA",
        zone=plan.zone,
        is_published=plan.is_published,
        is_archived=plan.is_archived,
        races=tuple(races),
        listed_from=None if plan.listed_after is None else start + plan.listed_after,
        delay=None if put_off is None else Delay(start - put_off.by + put_off.told_after, put_off.by),
    )


def _starters(
    race: PlannedRace,
    start: datetime,
    first: list[Starter],
    carried: list[Runner],
    scale: float,
    numbers: Numbers,
    draw: Random,
) -> list[Starter]:
    """Bibs begin at 1 in every race, so they overlap between the races of an event."""
    mats = race.course.mats
    able = [runner for runner in carried if not runner.is_wheelchair and runner.passed(mats)]
    both = [starter for starter in first if starter.runner.passed(mats)]
    both = both[: max(2, round(race.returning * scale))] if race.returning else []
    count = max(_FEWEST, round(race.athletes * scale)) - len(both)
    taken = {starter.runner for starter in first}
    fresh = draw.sample([runner for runner in able if runner not in taken], count)
    people = [(starter.runner, starter.athlete) for starter in both]
    people += [(runner, make_athlete(runner, start.date(), numbers, draw)) for runner in fresh]
    draw.shuffle(people)
    return [Starter(runner, athlete, str(bib)) for bib, (runner, athlete) in enumerate(people, start=1)]
