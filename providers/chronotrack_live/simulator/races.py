"""Races: waves, brackets and entries around a course and its starters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .brackets import brackets_of, make_brackets
from .marks import Start, befall, make_marks
from .mishaps import Mishap
from .world import Athlete, Bracket, Entry, Interval, Race, Wave

if TYPE_CHECKING:
    from random import Random

    from .courses import Course
    from .numbers import Numbers
    from .runners import Runner

_TEAMS = ("Harbour Harriers", "Mill Road Runners", "Lakeside Striders", "Équipe du Phare", "Night Shift AC")
_SHIRTS = ("S", "M", "L", "XL")


@dataclass(frozen=True, slots=True)
class Starter:
    """One who has entered a race, with the bib handed out for it."""

    runner: Runner
    athlete: Athlete
    bib: str
    mishap: Mishap | None = None
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Corral:
    """A wave as planned: `minutes` after the race's start, for bibs from `lowest_bib` on."""

    name: str
    minutes: int = 0
    lowest_bib: int = 0


ONE_CORRAL = (Corral("All Runners"),)


def make_race(
    name: str,
    course: Course,
    start: datetime,
    length: timedelta,
    starters: list[Starter],
    numbers: Numbers,
    draw: Random,
    corrals: tuple[Corral, ...] = ONE_CORRAL,
) -> Race:
    """Make a race that starts at `start` (UTC) and is planned to be over after `length`."""
    race_id = numbers.next("race")
    intervals = course.intervals(race_id, numbers)
    brackets = make_brackets(race_id, numbers)
    waves = tuple(
        Wave(numbers.next("wave"), race_id, corral.name, start + timedelta(minutes=corral.minutes))
        for corral in corrals
    )
    teams = {team: numbers.next("team") for team in _TEAMS}
    entries = tuple(
        _make_entry(
            starter,
            course,
            race_id,
            intervals,
            brackets,
            _wave_of(starter, corrals, waves),
            teams,
            numbers,
            draw,
        )
        for starter in starters
    )
    return Race(race_id, name, course.distance_m, start, start + length, intervals, brackets, waves, entries)


def _make_entry(
    starter: Starter,
    course: Course,
    race_id: str,
    intervals: tuple[Interval, ...],
    brackets: tuple[Bracket, ...],
    wave: Wave,
    teams: dict[str, str],
    numbers: Numbers,
    draw: Random,
) -> Entry:
    runner = starter.runner
    entry_id = numbers.next("entry")
    began = Start(wave.gun, _delay_ms(runner, draw), has_mat=starter.mishap is not Mishap.WITHOUT_START_MAT)
    marks = make_marks(course, intervals, runner, began, draw)
    marks, verdict = befall(starter.mishap, marks, intervals[-1], draw)
    own = brackets_of(runner, brackets)
    team = draw.choice(_TEAMS) if draw.random() < 0.15 else ""
    return Entry(
        entry_id=entry_id,
        external_id=f"REG-{draw.randrange(16**8):08x}",
        race_id=race_id,
        athlete=starter.athlete,
        bib="" if starter.mishap is Mishap.WITHOUT_BIB else starter.bib,
        tag=f"{draw.randrange(16**6):06X}",
        age=runner.age,
        wave=wave,
        brackets=own,
        division=next(bracket for bracket in own if bracket.kind == "AGE"),
        team_id=teams.get(team, ""),
        team_name=team,
        answer=draw.choice(_SHIRTS) if draw.random() < 0.4 else "",
        is_test=starter.is_test,
        marks=marks,
        verdict=verdict,
    )


def _delay_ms(runner: Runner, draw: Random) -> int:
    # the fastest stand at the line, and every minute of their marathon moves the others back by two seconds
    from_the_front = max(0.0, runner.minutes["Finish"] - 150) * 2_000
    return round(500 + draw.random() * 9_500 + from_the_front * (0.5 + draw.random()))


def _wave_of(starter: Starter, corrals: tuple[Corral, ...], waves: tuple[Wave, ...]) -> Wave:
    # F119 and W7 start in front
    number = int(starter.bib) if starter.bib.isdigit() else 0
    behind = [wave for corral, wave in zip(corrals, waves, strict=True) if number >= corral.lowest_bib]
    return behind[-1]
