"""Whether the database is there, and how long to wait before it is asked again when it is not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from providers.errors import DatabaseUnavailable

FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(seconds=60)

log = structlog.get_logger()


class DatabaseWatch:
    """Knows whether the database is lost; says so once when it is, and once when it is back.

    Operations fail for want of the database for lesser reasons too, such as a lock that another holds: only
    when it does not answer a plain question either is it lost.
    """

    def __init__(self, answers: Callable[[], None]) -> None:
        """Watch the database that `answers` asks: it returns, or raises DatabaseUnavailable."""
        self.lost = False
        self._answers = answers
        self._lock = threading.Lock()
        self._wait = FIRST_WAIT

    def missed(self) -> bool:
        """Ask the database after an operation failed for want of it; return whether it is found lost now."""
        with self._lock:
            if self.lost:
                return False
            try:
                self._answers()
            except DatabaseUnavailable as error:
                self.lost, self._wait = True, FIRST_WAIT
                log.warning("database.lost", reason=str(error))
            return self.lost

    def next_look(self) -> timedelta:
        """Return how long to wait (real time) until it is asked again: from 1 s on, doubled up to 60 s."""
        with self._lock:
            wait, self._wait = self._wait, min(2 * self._wait, LONGEST_WAIT)
            return wait

    def look(self) -> bool:
        """Ask a lost database again; return whether it is back."""
        with self._lock:
            try:
                self._answers()
            except DatabaseUnavailable:
                return False
            self.lost = False
            log.info("database.back")
            return True
