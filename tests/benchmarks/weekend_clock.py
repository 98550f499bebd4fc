"""How fast the weekend's race time runs: slowly where much is due, fast where little is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from providers.clock import Clock

# One speed for so much race time.
_STRETCH = timedelta(minutes=10)
# What a real second is asked to do, in operations. One takes the daemon some 19 ms of its only CPU at a time,
# so that about 50 are the most.
OPERATIONS_A_SECOND = 40.0
# The shortest interval between two due instants of an event lasts so long, in real seconds.
SHORTEST_INTERVAL = 1.0
# Two discoveries of a partner are so far apart: what they find is to be followed long before the next one.
_DISCOVERIES_APART = 3.0


class RaceClock:
    """A clock whose speeds are known, to go from real seconds to race time and back."""

    def __init__(self, wall: datetime, speeds: tuple[tuple[datetime, float], ...]) -> None:
        """Let the clock show the first speed's instant at the real instant `wall`."""
        self.speeds = speeds
        self.clock = Clock.running(wall, *speeds)

    def after(self, instant: datetime, seconds: float) -> datetime:
        """Return the race instant so many real seconds after another."""
        wall = self.clock.wall(instant) + timedelta(seconds=seconds)
        begun = [(race, speed) for race, speed in self.speeds if self.clock.wall(race) <= wall]
        race, speed = begun[-1] if begun else self.speeds[0]
        return race + (wall - self.clock.wall(race)) * speed

    def real_seconds(self, begin: datetime, end: datetime) -> float:
        """Return how many real seconds lie between two race instants."""
        return (self.clock.wall(end) - self.clock.wall(begin)).total_seconds()


def race_clock(
    wall: datetime, begin: datetime, due: Iterable[tuple[datetime, timedelta]], discovery: timedelta
) -> RaceClock:
    """Return a clock that leaves time for what is due.

    Args:
        wall: the real instant at which it shows `begin`.
        begin: the race instant.
        due: each due instant from then on, with the interval to the next one.
        discovery: the interval between two discoveries.
    """
    load, shortest = Counter[int](), dict[int, timedelta]()
    for instant, interval in due:
        number = (instant - begin) // _STRETCH
        load[number] += 1
        shortest[number] = min(interval, shortest.get(number, interval))
    speeds = []
    for number in range(max(load) + 1):
        fastest = discovery.total_seconds() / _DISCOVERIES_APART
        if number in shortest:
            fastest = min(fastest, shortest[number].total_seconds() / SHORTEST_INTERVAL)
        affordable = OPERATIONS_A_SECOND * _STRETCH.total_seconds() / max(1, load[number])
        speeds.append((begin + number * _STRETCH, round(min(fastest, affordable), 1)))
    return RaceClock(wall, tuple(speeds))
