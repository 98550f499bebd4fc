"""Ends the wait for a server that does not answer any more.

A statement that takes long is ended by the server, a dead peer is noticed by the network. Neither helps where
something in between, a relay or a firewall, takes what is sent and lets nothing come back.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg2.extensions

# It looks so often, in seconds.
_LOOKS_EVERY = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class _Wait:
    """A wait for a server: on which connection, since when and until when, by the monotonic clock."""

    connection: socket.socket
    began: float
    ends: float


class Watchdog:
    """Shuts connections down on which somebody waits too long: the driver then finds them broken.

    May be used from several threads at once. Its own thread lives while somebody waits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waits: set[_Wait] = set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, connection: psycopg2.extensions.connection, seconds: float) -> Iterator[None]:
        """Let a wait for the server, which is the block, be no longer than so many seconds.

        Raises:
            psycopg2.Error: the connection is closed.
        """
        # A handle of our own: the driver may close its one meanwhile, and another thread be given its number.
        with socket.socket(fileno=os.dup(connection.fileno())) as handle:
            began = time.monotonic()
            wait = _Wait(handle, began, began + seconds)
            with self._lock:
                self._waits.add(wait)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._watch, name="database watchdog", daemon=True)
                    self._thread.start()
            try:
                yield
            finally:
                with self._lock:
                    self._waits.remove(wait)

    def longest_wait(self) -> float:
        """Return for how many seconds the one has waited who waits longest; 0 when nobody does."""
        with self._lock:
            return max((time.monotonic() - wait.began for wait in self._waits), default=0.0)

    def break_off(self, seconds: float) -> None:
        """End every wait that has lasted so long already."""
        with self._lock:
            self._end(wait for wait in self._waits if time.monotonic() - wait.began >= seconds)

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOKS_EVERY)
            with self._lock:
                if not self._waits:
                    self._thread = None
                    return
                self._end(wait for wait in self._waits if time.monotonic() >= wait.ends)

    @staticmethod
    def _end(waits: Iterator[_Wait]) -> None:
        for wait in waits:
            with suppress(OSError):
                wait.connection.shutdown(socket.SHUT_RDWR)
