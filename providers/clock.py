"""One clock for the whole software: real time in production, a faster race time in rehearsals.

Windows, request budget and simulator all ask this clock, so a rehearsal runs every part of a race
day faster together. Only waiting needs real time again, and `wall` and `sleep` translate.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dateutil.parser import isoparse


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span of race time that runs at one speed, from `race` (seen at `wall`) on."""

    wall: datetime
    race: datetime
    speed: float


class Clock:
    """Tells race time, which is real time unless stretches say otherwise.

    The text form, as in the setting CHRONOTRACK_LIVE_CLOCK, is `WALL=RACE@SPEED[,RACE@SPEED...]`:
    at the real instant WALL it is RACE, and race time runs SPEED times as fast from there on; each
    further part changes the speed when race time reaches its instant. Instants are ISO 8601, UTC.
    """

    def __init__(self, stretches: tuple[Stretch, ...] = ()) -> None:
        self._stretches = stretches

    @classmethod
    def running(cls, wall: datetime, *speeds: tuple[datetime, float]) -> Clock:
        """Make a clock that shows the first pair's race instant at the real instant `wall`.

        Args:
            wall: the real instant, aware.
            speeds: (race instant, speed from there on), in order of time.

        Raises:
            ValueError: a naive instant, a speed that is not positive, instants out of order.
        """
        stretches: list[Stretch] = []
        for race, speed in speeds:
            if race.tzinfo is None or wall.tzinfo is None:
                raise ValueError("A clock takes aware instants only (end them with Z).")
            if speed <= 0:
                raise ValueError(f"A clock's speed must be positive, not {speed}.")
            if stretches:
                before = stretches[-1]
                if race <= before.race:
                    raise ValueError("A clock's stretches must be in order of time.")
                wall = before.wall + (race - before.race) / before.speed
            stretches.append(Stretch(wall, race.astimezone(UTC), speed))
        return cls(tuple(stretches))

    @classmethod
    def parse(cls, text: str) -> Clock:
        """Read the text form; an empty text is the real clock.

        Raises:
            ValueError: a sentence that says what is wrong with the text.
        """
        if not text.strip():
            return cls()
        wall, equals, rest = text.partition("=")
        pairs = [part.rpartition("@") for part in rest.split(",")]
        if not equals or not all(race and speed for race, _, speed in pairs):
            raise ValueError(f"Clock {text!r} is not of the form WALL=RACE@SPEED[,RACE@SPEED...].")
        return cls.running(isoparse(wall), *((isoparse(race), float(speed)) for race, _, speed in pairs))

    def __str__(self) -> str:
        if not self._stretches:
            return ""
        speeds = ",".join(f"{s.race.isoformat()}@{s.speed:g}" for s in self._stretches)
        return f"{self._stretches[0].wall.isoformat()}={speeds}"

    def now(self) -> datetime:
        """Return the present instant of race time, aware UTC."""
        wall = datetime.now(UTC)
        stretch = self._stretch_at(wall)
        return wall if stretch is None else stretch.race + (wall - stretch.wall) * stretch.speed

    @property
    def speed(self) -> float:
        """How many times as fast as real time race time runs at present."""
        stretch = self._stretch_at(datetime.now(UTC))
        return 1.0 if stretch is None else stretch.speed

    def wall(self, instant: datetime) -> datetime:
        """Return the real instant at which `now()` is `instant`, aware UTC."""
        if not self._stretches:
            return instant
        stretch = next((s for s in reversed(self._stretches) if s.race <= instant), self._stretches[0])
        return stretch.wall + (instant - stretch.race) / stretch.speed

    def wall_seconds_until(self, instant: datetime) -> float:
        """Return how many real seconds remain until race time reaches `instant`; 0 when it has."""
        return max(0.0, (self.wall(instant) - datetime.now(UTC)).total_seconds())

    def sleep(self, seconds: float) -> None:
        """Wait `seconds` of race time."""
        time.sleep(self.wall_seconds_until(self.now() + timedelta(seconds=seconds)))

    def _stretch_at(self, wall: datetime) -> Stretch | None:
        """Return the stretch that a real instant lies in; the first one reaches back for ever."""
        if not self._stretches:
            return None
        return next((s for s in reversed(self._stretches) if s.wall <= wall), self._stretches[0])
