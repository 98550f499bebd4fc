"""Room for the race: what a backfill uses of a partner's budget and connections while one is run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from providers.base_adapter import BaseProviderAdapter
from providers.clock import Clock
from providers.errors import IntegrationError
from providers.records import Credentials

# From its start to the end of its intensive phase (specification, `results_config`: first collection after 5
# minutes, then 5 hours); and for the minute before, in which the budget's window clears itself.
_RACE_LASTS = timedelta(hours=5, minutes=5)
_MINUTE = timedelta(minutes=1)
# How often the hub is asked, in race time.
_LOOK_AGAIN = timedelta(seconds=15)
# Under which name all backfills account for their requests.
_NAME = "backfill"


class Hub(Protocol):
    """What is asked of a store."""

    def race_under_way(self, credentials: Credentials, since: datetime, until: datetime) -> str | None:
        """Return the name of a live event with a race that starts in a span; None for none."""


class Courtesy:
    """One partner's: tells whether a race is under way, and keeps what is taken meanwhile within a share."""

    def __init__(
        self,
        adapter: BaseProviderAdapter,
        hub: Hub,
        clock: Clock,
        share: float,
        workers: int,
        tell: Callable[[str], None],
    ) -> None:
        """Bind the adapter's budget.

        Args:
            adapter: the partner's.
            hub: knows the live events.
            clock: race time.
            share: what part of budget and connections may be used while a race is under way, up to 1.
            workers: how many connections are used otherwise.
            tell: is told, once, that the backfill holds itself back.
        """
        self._adapter = adapter
        self._hub = hub
        self._clock = clock
        self._wanted_share = share
        self._workers = workers
        self._tell = tell
        self._looking = threading.Lock()
        self._looked: datetime | None = None
        self._race: str | None = None
        self._told = False
        adapter.budget.leave_room(_NAME, self.share)

    def share(self) -> float:
        """Return what part of the budget may be used at present."""
        return self._wanted_share if self._is_race() else 1.0

    def connections(self) -> int | None:
        """Return how many requests may be under way at present; None for any number."""
        return max(1, int(self._workers * self._wanted_share)) if self._is_race() else None

    def _is_race(self) -> bool:
        if self._wanted_share >= 1:
            return False
        with self._looking:
            now = self._clock.now()
            if self._looked is None or abs(now - self._looked) >= _LOOK_AGAIN:
                self._look(now)
                self._looked = now
            return self._race is not None

    def _look(self, now: datetime) -> None:
        credentials = self._adapter.credentials
        try:
            self._race = self._hub.race_under_way(credentials, now - _RACE_LASTS, now + _MINUTE)
        except IntegrationError as error:
            # What was known last holds; whoever stores something meets the trouble as well.
            self._adapter.log.info("race.unknown", reason=str(error))
            return
        if self._race is not None and not self._told:
            self._told = True
            limit = self._adapter.budget.limit.per_minute
            self._tell(
                f"{credentials.label}: a race of {self._race} is under way; the backfill uses at most "
                f"{max(1, int(limit * self._wanted_share)):,} of {limit:,} requests a minute and "
                f"{max(1, int(self._workers * self._wanted_share))} of {self._workers} connections meanwhile."
            )
