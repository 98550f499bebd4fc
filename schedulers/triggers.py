"""APScheduler's view of a due instant."""

from __future__ import annotations

from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger

from providers.clock import Clock

# What could not be handed over to a worker is tried again so soon, in real time.
_AGAIN = timedelta(seconds=10)


class DueTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 ships no types
    """Fires when the race clock reaches an instant, at once when that has passed, until a worker has the job.

    APScheduler only logs that a job could not be handed over, and goes on with what its trigger says then.
    """

    def __init__(self, due: datetime, clock: Clock) -> None:
        self._due = due
        self._clock = clock
        self._handed_over = False

    def handed_over(self) -> None:
        """Fire no more: a worker has the job."""
        self._handed_over = True

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the real instant of the next firing; None when a worker has the job."""
        if self._handed_over:
            return None
        if previous_fire_time is not None:
            return now + _AGAIN
        return max(self._clock.wall(self._due), now)
