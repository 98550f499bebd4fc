"""The request budget of one partner, shared by every process and thread of this host.

ChronoTrack Live allows a partner 1500 requests in any 60 seconds and 90,000 in any hour (the
integration's specification, "Rate Limiting"). The account of spent requests is a small SQLite file
in the state folder, so that daemon, backfill and checks draw from one budget.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from pyrate_limiter import Rate, RateItem, SQLiteBucket

from providers.clock import Clock

REQUESTS_PER_MINUTE = 1500
REQUESTS_PER_HOUR = 90_000

# Requests bunch on their way: two that left 60.0 s apart may arrive 59.9 s apart. A window that is a
# second longer here keeps the count right at the server.
_MARGIN_MS = 1_000
_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000
# How many requests pass between two clean-ups of the account.
_LEAK_EVERY = 500


@dataclass(frozen=True, slots=True)
class Limit:
    """How many requests a partner may make in any 60 seconds and in any hour."""

    per_minute: int = REQUESTS_PER_MINUTE
    per_hour: int = REQUESTS_PER_HOUR

    def rates(self) -> list[Rate]:
        """Return the sliding windows that bind: the library refuses one that another implies."""
        minute = Rate(self.per_minute, _MINUTE_MS + _MARGIN_MS)
        hour = Rate(self.per_hour, _HOUR_MS + _MARGIN_MS)
        if hour.limit / hour.interval >= minute.limit / minute.interval:
            return [minute]
        return [hour] if hour.limit <= minute.limit else [minute, hour]


class RequestBudget:
    """The budget of one partner at one provider."""

    def __init__(self, folder: Path, name: str, limit: Limit, clock: Clock) -> None:
        """Open the account `name` in `folder`, making both when they do not exist yet."""
        folder.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._bucket = SQLiteBucket.init_from_file(
            limit.rates(),
            table="requests",
            db_path=str(folder / f"{name}.sqlite"),
            use_file_lock=True,
        )
        # The bucket's file lock is for processes only.
        self._lock = threading.Lock()
        self._taken = 0

    def take(self) -> float:
        """Take one request from the budget, waiting until it has one.

        Returns:
            How long it waited, in seconds of race time.
        """
        waited = 0.0
        while (wait := self._try_to_take()) > 0:
            self._clock.sleep(wait)
            waited += wait
        return waited

    def _try_to_take(self) -> float:
        """Take a request and return 0, or return the seconds until one will be free."""
        item = RateItem("request", round(self._clock.now().timestamp() * 1000))
        with self._lock, self._bucket.lock:
            self._taken += 1
            if self._taken % _LEAK_EVERY == 0:
                self._bucket.leak(item.timestamp)
            if self._bucket.put(item):
                return 0.0
            wait_ms = self._bucket.waiting(item)
        if not isinstance(wait_ms, int):
            raise TypeError("A SQLite bucket answers at once.")
        return max(wait_ms, 1) / 1000

    def close(self) -> None:
        """Close the account's file."""
        with self._lock:
            self._bucket.close()  # type: ignore[no-untyped-call]  # the library's method is untyped
