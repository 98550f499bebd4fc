"""APScheduler's view of a due instant."""

from __future__ import annotations

from datetime import datetime

from apscheduler.triggers.base import BaseTrigger

from providers.clock import Clock


class DueTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 ships no types
    """Fires once, when the race clock reaches an instant; at once when it has passed it."""

    def __init__(self, due: datetime, clock: Clock) -> None:
        self._due = due
        self._clock = clock

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the real instant of the only firing; None after it."""
        if previous_fire_time is not None:
            return None
        return max(self._clock.wall(self._due), now)
