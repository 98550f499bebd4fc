"""One clock for the whole software: real time in production, a faster race time in rehearsals.

Windows, request budget and simulator all ask this clock, so a rehearsal runs every part of a race
day faster together. Only waiting needs real time again, and `wall` and `sleep` translate.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dateutil.parser import isoparse

from providers.errors import SettingsInvalid


class Interrupted(Exception):
    """A wait was given up because this process is to end.

    No error of the integration: nothing went wrong, and whoever catches those must not take it for one.
    """


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
            ValueError: a naive instant, a speed that is not positive, instants out of order or of reach.
        """
        stretches: list[Stretch] = []
        wall = _aware(wall)
        for race, speed in speeds:
            start = _aware(race)
            if not 0 < speed < math.inf:
                raise ValueError(f"A clock's speed must be a positive number, not {speed}.")
            if stretches:
                before = stretches[-1]
                if start <= before.race:
                    raise ValueError("A clock's stretches must be in order of time.")
                try:
                    wall = before.wall + (start - before.race) / before.speed
                except OverflowError as error:
                    raise ValueError(f"A clock at speed {before.speed} never reaches {start}.") from error
            stretches.append(Stretch(wall, start, float(speed)))
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
        return cls.running(_instant(wall), *((_instant(race), _speed(speed)) for race, _, speed in pairs))

    def __str__(self) -> str:
        if not self._stretches:
            return ""
        speeds = ",".join(f"{s.race.isoformat()}@{repr(s.speed).removesuffix('.0')}" for s in self._stretches)
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
        """Return the real instant at which `now()` is `instant`, aware UTC.

        Raises:
            ValueError: the instant is naive.
        """
        instant = _aware(instant)
        if not self._stretches:
            return instant
        stretch = next((s for s in reversed(self._stretches) if s.race <= instant), self._stretches[0])
        return stretch.wall + (instant - stretch.race) / stretch.speed

    def wall_seconds_until(self, instant: datetime) -> float:
        """Return how many real seconds remain until race time reaches `instant`; 0 when it has."""
        return max(0.0, (self.wall(instant) - datetime.now(UTC)).total_seconds())

    def sleep(self, seconds: float, stopping: threading.Event | None = None) -> None:
        """Wait `seconds` of race time.

        Raises:
            Interrupted: `stopping` was set, before or on the way.
        """
        remaining = self.wall_seconds_until(self.now() + timedelta(seconds=seconds))
        if stopping is None:
            time.sleep(remaining)
        elif stopping.wait(remaining):
            raise Interrupted("A wait was given up: this process is to end.")

    def _stretch_at(self, wall: datetime) -> Stretch | None:
        """Return the stretch that a real instant lies in; the first one reaches back for ever."""
        if not self._stretches:
            return None
        return next((s for s in reversed(self._stretches) if s.wall <= wall), self._stretches[0])


def _aware(instant: datetime) -> datetime:
    """Return an aware instant in UTC; refuse a naive one."""
    if instant.utcoffset() is None:
        raise ValueError(f"A clock takes aware instants only, not {instant} (end them with Z).")
    return instant.astimezone(UTC)


def _instant(text: str) -> datetime:
    try:
        return isoparse(text.strip())
    except ValueError as error:
        raise ValueError(f"A clock cannot read {text!r} as an instant (2025-04-21T14:00:00Z).") from error


def _speed(text: str) -> float:
    sentence = f"A clock's speed must be a positive number, not {text!r}."
    if "_" in text:  # 3_0 is 30 to Python, and a slip of the finger to everybody else
        raise ValueError(sentence)
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(sentence) from error


def clock_of(environ: Mapping[str, str]) -> Clock:
    """Return the clock that CHRONOTRACK_LIVE_CLOCK sets, the real one when it is not set.

    Raises:
        SettingsInvalid: it is no clock; the message says what is wrong.
    """
    try:
        return Clock.parse(environ.get("CHRONOTRACK_LIVE_CLOCK", ""))
    except ValueError as error:
        raise SettingsInvalid(f"CHRONOTRACK_LIVE_CLOCK: {error}") from error
