"""Courses: which intervals a race has, and which carried times a simulated athlete gets there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .world import Interval

if TYPE_CHECKING:
    from random import Random

    from .numbers import Numbers
    from .runners import Runner


@dataclass(frozen=True, slots=True)
class Point:
    """A timing point: the interval that ends there, and the carried mat whose time, times `factor`, counts.

    A leg is timed from the point before, everything else from the start.
    """

    name: str
    distance_m: int
    mat: str
    factor: float = 1.0
    is_leg: bool = False
    in_leaderboard: bool = False
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """Timing points in the order in which athletes pass them; the last is the full course."""

    points: tuple[Point, ...]

    @property
    def distance_m(self) -> int:
        """The length of the whole course in metres."""
        return self.points[-1].distance_m

    @property
    def mats(self) -> set[str]:
        """The carried mats that a runner must have passed to be given a time at every point."""
        return {point.mat for point in self.points}

    def intervals(self, race_id: str, numbers: Numbers) -> tuple[Interval, ...]:
        """Make a race's intervals, in course order; their ids follow the names, so they say nothing of it."""
        ids = {point.name: numbers.next("interval") for point in sorted(self.points, key=lambda p: p.name)}
        return tuple(
            Interval(
                interval_id=ids[point.name],
                race_id=race_id,
                name=point.name,
                distance_m=point.distance_m,
                order=order,
                is_full=point.is_full,
                in_leaderboard=point.in_leaderboard or point.is_full,
            )
            for order, point in enumerate(self.points)
        )

    def elapsed_ms(self, runner: Runner, draw: Random) -> list[int | None]:
        """Return the runner's time since the start at every point, in milliseconds; None if unseen.

        The carried times are multiples of 600 ms. What `draw` adds is less, so points stay in order.
        """
        at: dict[tuple[str, float], int] = {}
        for point in self.points:
            if point.mat in runner.minutes and (point.mat, point.factor) not in at:
                carried = round(runner.minutes[point.mat] * 60_000 * point.factor)
                at[point.mat, point.factor] = carried + int(draw.random() * 600)
        return [at.get((point.mat, point.factor)) for point in self.points]


def road(full: Point, *splits: Point) -> Course:
    """Make a course of splits that are all timed from the start."""
    return Course((*splits, full))


def _full(distance_m: int, mat: str, factor: float = 1.0) -> Point:
    return Point("Full Course", distance_m, mat, factor, is_full=True)


_5K, _10K, _20K = Point("5K", 5000, "5K"), Point("10K", 10000, "10K"), Point("20K", 20000, "20K")

MARATHON = road(
    _full(42195, "Finish"),
    _5K,
    _10K,
    _20K,
    Point("Half", 21098, "Half", in_leaderboard=True),
    Point("25K", 25000, "25K"),
    Point("30K", 30000, "30K", in_leaderboard=True),
    Point("35K", 35000, "35K"),
    Point("40K", 40000, "40K"),
)
HALF_MARATHON = road(_full(21098, "Half"), _5K, Point("10K", 10000, "10K", in_leaderboard=True), _20K)
TEN_MILES = road(_full(16093, "Half", 0.755), _5K, _10K)
TEN_KILOMETRES = road(_full(10000, "10K"), _5K)
FIVE_KILOMETRES = road(_full(5000, "5K"))
MILE = road(_full(1609, "5K", 0.31))
DUATHLON = Course(
    (
        Point("Run 1", 5000, "5K", is_leg=True, in_leaderboard=True),
        Point("T1", 200, "5K", 1.06, is_leg=True),
        Point("Bike", 30000, "30K", is_leg=True, in_leaderboard=True),
        Point("T2", 200, "30K", 1.012, is_leg=True),
        Point("Run 2", 5000, "35K", 1.03, is_leg=True, in_leaderboard=True),
        Point("Finish", 40400, "35K", 1.03, is_full=True),
    )
)
