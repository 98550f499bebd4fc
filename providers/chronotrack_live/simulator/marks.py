"""Marks: an athlete's times at the points of a course, and what a mishap leaves of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .mishaps import Mishap
from .world import Interval, Mark, Verdict

if TYPE_CHECKING:
    from random import Random

    from .courses import Course
    from .runners import Runner


@dataclass(frozen=True, slots=True)
class Start:
    """How an athlete got away: the gun (UTC), and the milliseconds from it to the start line."""

    gun: datetime
    delay_ms: int
    has_mat: bool

    @property
    def line(self) -> datetime:
        """The instant at which the athlete crossed the start line."""
        return self.gun + timedelta(milliseconds=self.delay_ms)


def make_marks(
    course: Course, intervals: tuple[Interval, ...], runner: Runner, start: Start, draw: Random
) -> tuple[Mark, ...]:
    """Make the marks of an athlete who finishes, in course order; points that did not see them have none.

    A leg that does not begin at the start line has no gun of its own: its gun time is its chip time.
    """
    marks: list[Mark] = []
    line = start.line
    leg_began = 0
    for point, interval, elapsed in zip(
        course.points, intervals, course.elapsed_ms(runner, draw), strict=True
    ):
        if elapsed is None:
            continue
        began = leg_began if point.is_leg else 0
        from_gun = elapsed - began + (0 if began else start.delay_ms)
        has_begin = start.has_mat or began > 0
        end = line + timedelta(milliseconds=elapsed)
        marks.append(
            Mark(
                interval=interval,
                begin=line + timedelta(milliseconds=began) if has_begin else None,
                end=end,
                chip_ms=elapsed - began if has_begin else from_gun,
                gun_ms=from_gun,
                published_at=end + timedelta(milliseconds=5_000 + int(draw.random() * 35_000)),
            )
        )
        leg_began = elapsed
    return tuple(marks)


def befall(
    mishap: Mishap | None, marks: tuple[Mark, ...], full: Interval, draw: Random
) -> tuple[tuple[Mark, ...], Verdict | None]:
    """Return what a mishap leaves of a finisher's marks, and the timer's verdict when there is one."""
    if mishap is Mishap.DID_NOT_START:
        return (), None
    if mishap is Mishap.DISQUALIFIED:
        return marks, Verdict("DQ", _some_minutes_after(marks[-1].published_at, draw))
    if mishap is Mishap.DID_NOT_FINISH:
        reached = marks[: draw.randrange(1, len(marks))]
        return reached, Verdict("DNF", _some_minutes_after(reached[-1].published_at, draw))
    if mishap is Mishap.DID_NOT_FINISH_BUT_HAS_A_FULL_ROW:
        reached = marks[: draw.randrange(1, len(marks))]
        out = Verdict("DNF", _some_minutes_after(reached[-1].published_at, draw))
        return (*reached, Mark(full, reached[-1].begin, None, None, None, out.at)), out
    return marks, None


def _some_minutes_after(instant: datetime, draw: Random) -> datetime:
    return instant + timedelta(seconds=draw.randrange(300, 2700))
