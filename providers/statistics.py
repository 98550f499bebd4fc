"""What one operation cost and how it went: counted while it runs, stored with its outcome."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True)
class Statistics:
    """Counts of one operation (a collection, a discovery, ...) for one partner.

    Several threads may count at once. `waited` is in seconds of race time, `bytes_read` counts bodies
    after decompression, `answering` is the real time that the API took, in seconds, over all requests:
    several are under way at once. `errors` counts every request that went wrong, by category, `retries`
    those that were made again because of it.
    """

    requests: int = 0
    bytes_read: int = 0
    rows_read: int = 0
    waited: float = 0.0
    answering: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count_request(self, seconds: float) -> None:
        """Count one request, answered or not, and how long that took."""
        with self._lock:
            self.requests += 1
            self.answering += seconds

    def count_bytes(self, length: int) -> None:
        """Count the body of an answer."""
        with self._lock:
            self.bytes_read += length

    def count_rows(self, rows: int) -> None:
        """Count rows that the API sent."""
        with self._lock:
            self.rows_read += rows

    def count_wait(self, seconds: float) -> None:
        """Count a wait for the request budget."""
        with self._lock:
            self.waited += seconds

    def count_error(self, category: str) -> None:
        """Count a request that went wrong, by the category of its error."""
        with self._lock:
            self.errors[category] += 1

    def count_retry(self, category: str) -> None:
        """Count a request that had to be repeated, by the category of its error."""
        with self._lock:
            self.retries[category] += 1

    def as_dict(self) -> dict[str, object]:
        """Return the counts as JSON-ready values."""
        with self._lock:
            return {
                "requests": self.requests,
                "bytes_read": self.bytes_read,
                "rows_read": self.rows_read,
                "waited_seconds": round(self.waited, 3),
                "answering_seconds": round(self.answering, 3),
                "errors": dict(self.errors),
                "retries": dict(self.retries),
            }


_current: ContextVar[Statistics] = ContextVar("statistics")


def current() -> Statistics:
    """Return the statistics of the running operation; counts outside one go nowhere."""
    return _current.get(None) or Statistics()


@contextmanager
def measured() -> Iterator[Statistics]:
    """Count what happens within, here and in the threads that are given this context."""
    statistics = Statistics()
    token = _current.set(statistics)
    try:
        yield statistics
    finally:
        _current.reset(token)
