"""How the requests of one piece of work follow each other, when it is not to be in a hurry.

Whoever is in no hurry says so for a block of work (`paced`); `BaseProviderAdapter.attempt` then makes each
of its requests, and those of the threads that are given its context, in a turn of that pace.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

from providers.clock import Interrupted

# How often a wait for a connection looks whether it is to end, in seconds.
_LOOK = 0.2


class Connections:
    """Requests of several pieces of work that may be under way at once: as many as `allowed` says at present.

    `allowed` answers None when there is no bound.
    """

    def __init__(self, allowed: Callable[[], int | None]) -> None:
        self._allowed = allowed
        self._under_way = 0
        self._change = threading.Condition()

    @contextmanager
    def one(self, stopping: threading.Event) -> Iterator[None]:
        """Hold one for the length of the block.

        Raises:
            Interrupted: it would have to wait, and `stopping` is set.
        """
        while not self._taken(self._allowed()):
            if stopping.is_set():
                raise Interrupted("A request is not made: this process is to end.")
        try:
            yield
        finally:
            with self._change:
                self._under_way -= 1
                self._change.notify()

    def _taken(self, allowed: int | None) -> bool:
        """Take one if there is one, now or in a moment."""
        with self._change:
            if allowed is not None and self._under_way >= allowed:
                self._change.wait(_LOOK)
                if self._under_way >= allowed:
                    return False
            self._under_way += 1
            return True


class Pace:
    """One piece of work's: with a pause between its requests they are made one after the other."""

    def __init__(self, pause: float, connections: Connections) -> None:
        """Prepare it.

        Args:
            pause: seconds of real time from the end of a request to the beginning of the next one; 0 lets
                several be under way at once.
            connections: from which each request takes one.
        """
        self._pause = pause
        self._connections = connections
        self._in_turn = threading.Lock()
        self._next = 0.0

    @contextmanager
    def turn(self, stopping: threading.Event) -> Iterator[None]:
        """Wait until a request may be made, which is to be done within the block.

        Raises:
            Interrupted: it would have to wait, and `stopping` is set.
        """
        if not self._pause:
            with self._connections.one(stopping):
                yield
            return
        with self._in_turn:
            if stopping.wait(max(0.0, self._next - time.monotonic())):
                raise Interrupted("A request is not made: this process is to end.")
            try:
                with self._connections.one(stopping):
                    yield
            finally:
                self._next = time.monotonic() + self._pause


_current: ContextVar[Pace] = ContextVar("pace")


@contextmanager
def paced(pace: Pace) -> Iterator[None]:
    """Make the requests of a block, here and in the threads that are given this context, at a pace."""
    token = _current.set(pace)
    try:
        yield
    finally:
        _current.reset(token)


def turn(stopping: threading.Event) -> AbstractContextManager[None]:
    """Return the turn of a request at the pace of the work that is being done, which may be none."""
    pace = _current.get(None)
    return nullcontext() if pace is None else pace.turn(stopping)
