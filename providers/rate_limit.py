"""The request budget of one partner, shared by every process and thread of this host.

ChronoTrack Live allows a partner 1500 requests in any 60 seconds and 90,000 in any hour (the
integration's specification, "Rate Limiting"). The account of spent requests is a small SQLite file
in the state folder, so that daemon, backfill and checks draw from one budget.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyrate_limiter import Rate, RateItem, SQLiteBucket

from providers.clock import Clock
from providers.errors import RetryLater, SettingsInvalid

REQUESTS_PER_MINUTE = 1500
REQUESTS_PER_HOUR = 90_000

# Requests bunch on their way: two that left 60.0 s apart may arrive 59.9 s apart. A window that is a
# second longer here keeps the count right at the server.
_MARGIN_MS = 1_000
_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000
# So many windows of a minute touch an hour's: when all of them together hold no more, the hour is implied.
_MINUTES_AN_HOUR = -(-(_HOUR_MS + _MARGIN_MS) // (_MINUTE_MS + _MARGIN_MS))
_TABLE = "requests"
# Under what requests are accounted for, unless somebody is to leave room (see `leave_room`).
_NAME = "request"
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
        if minute.limit * _MINUTES_AN_HOUR <= hour.limit:
            return [minute]
        if hour.limit <= minute.limit:
            return [hour]
        if hour.limit / hour.interval > minute.limit / minute.interval:
            # The hour binds by a hair, which the library takes for a mistake: the minute gives way.
            return [Rate(hour.limit // _MINUTES_AN_HOUR, minute.interval)]
        return [minute, hour]


class RequestBudget:
    """The budget of one partner at one provider."""

    def __init__(self, folder: Path, name: str, limit: Limit, clock: Clock) -> None:
        """Open the account `name` in `folder`, making both when they do not exist yet.

        Raises:
            SettingsInvalid: the folder or the account cannot be used; the message says why.
        """
        self.limit = limit
        self._clock = clock
        self._path = folder / f"{name}.sqlite"
        self._lock_path = folder / f"{name}.sqlite.lock"
        rates = limit.rates()
        self._longest_ms = max(rate.interval for rate in rates)
        try:
            with self._alone():
                self._bucket = SQLiteBucket.init_from_file(rates, table=_TABLE, db_path=str(self._path))
                # No request waits for the disk.
                self._bucket.conn.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
                # A short-lived process never comes to the regular clean-up.
                self._bucket.leak(_milliseconds(clock))
        except (OSError, sqlite3.Error) as error:
            raise SettingsInvalid(
                f"The account of requests {self._path} cannot be opened ({error}): let this user write "
                "to the state folder, or remove the file if it is damaged."
            ) from error
        self._taken = 0
        self._name = _NAME
        self._share: Callable[[], float] = lambda: 1.0

    def leave_room(self, name: str, share: Callable[[], float]) -> None:
        """Keep what is taken from now on within a share of the limit, which leaves the rest to others.

        Args:
            name: under which it is accounted for; all processes that take under one name have one share.
            share: asked before each request: 0.5 for half of the limit, 1.0 for no bound.
        """
        self._name, self._share = name, share

    def take(self, stopping: threading.Event | None = None) -> float:
        """Take one request from the budget, waiting until it has one.

        Returns:
            How long it waited, in seconds of race time.

        Raises:
            RetryLater: the account cannot be written at present.
            Interrupted: it would have to wait, and `stopping` is set.
        """
        waited = 0.0
        # The share is asked for while the account is not held: its answer may take a while.
        while (wait := self._try_to_take(self._share())) > 0:
            self._clock.sleep(wait, stopping)
            waited += wait
        return waited

    def used(self) -> int:
        """Return how many requests were made in the last 60 seconds, by all processes of this host.

        Raises:
            RetryLater: the account cannot be read at present, or is closed.
        """
        since = _milliseconds(self._clock) - _MINUTE_MS
        with self._account():
            if self._bucket.conn is None:
                raise RetryLater(f"The account of requests {self._path} is closed.")
            (count,) = self._bucket.conn.execute(
                f"SELECT count(*) FROM '{_TABLE}' WHERE item_timestamp > ?",  # noqa: S608 - our own constant
                (since,),
            ).fetchone()
        return int(count)

    def _try_to_take(self, share: float) -> float:
        """Take a request and return 0, or return the seconds until one will be free."""
        with self._account():
            # Asked only now: another process may have held the account for a while.
            item = RateItem(self._name, _milliseconds(self._clock))
            self._taken += 1
            if self._taken % _LEAK_EVERY == 0:
                self._bucket.leak(item.timestamp)
            wait_ms = 0 if share >= 1 else self._wait_for_share(share, item.timestamp)
            if wait_ms == 0:
                if self._bucket.put(item):
                    return 0.0
                answer = self._bucket.waiting(item)
                if not isinstance(answer, int):
                    raise TypeError("A SQLite bucket answers at once.")
                wait_ms = answer
            if wait_ms > self._longest_ms + 1:
                # Nothing is due that late, unless the clock was set back since (or a rehearsal's was ahead).
                self._forget_later_than(item.timestamp)
                wait_ms = 0
        return max(wait_ms, 1) / 1000

    def _wait_for_share(self, share: float, timestamp: int) -> int:
        """Return the milliseconds until one more request under our name lies within a share of the limit."""
        waits = [0]
        for rate in self._bucket.rates:
            allowed = max(1, int(rate.limit * share))
            # The request that is so many requests ago has to leave the window first.
            row = self._bucket.conn.execute(
                f"SELECT item_timestamp FROM '{_TABLE}' WHERE name = ? AND item_timestamp >= ?"  # noqa: S608 - ours
                " ORDER BY item_timestamp DESC LIMIT 1 OFFSET ?",
                (self._name, timestamp - rate.interval, allowed - 1),
            ).fetchone()
            if row is not None:
                waits.append(int(row[0]) + rate.interval + 1 - timestamp)
        return max(waits)

    @contextmanager
    def _account(self) -> Iterator[None]:
        """Hold the account against every other thread and process."""
        try:
            with self._bucket.lock, self._alone():
                yield
        except (OSError, sqlite3.Error) as error:
            raise RetryLater(f"The account of requests {self._path} cannot be used: {error}.") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the other processes out.

        The lock is the one that the library would take, without what it does around it at each request. Where
        somebody has removed the folder, requests go on.
        """
        self._lock_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock_path.open("ab", buffering=0) as lock:
            # The system lets go of it when the file is closed, or with a process that is killed.
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _forget_later_than(self, timestamp: int) -> None:
        self._bucket.conn.execute(
            f"DELETE FROM '{_TABLE}' WHERE item_timestamp > ?",  # noqa: S608 - our own constant
            (timestamp,),
        )
        self._bucket.conn.commit()

    def close(self) -> None:
        """Close the account's file."""
        self._bucket.close()  # type: ignore[no-untyped-call]  # the library's method is untyped


def _milliseconds(clock: Clock) -> int:
    return round(clock.now().timestamp() * 1000)
