"""Room for athletes: how many of them all workers together may hold in memory at once.

Fifty workers with a marathon each would need gigabytes. With this the process stays below 150 MB.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from providers.clock import Interrupted
from providers.readings import Announced

# In athletes: an athlete with entry, result and eight splits takes about two kilobytes.
ROOM = 25_000
# Beside its athletes a list holds a few pages of a thousand rows while it is read, as the text that came.
_PAGE = 1_000
# A row of results is a split more often than an athlete.
_ROWS_AN_ATHLETE = 8


def weight_of(announced: Announced | None) -> int:
    """Return how much room an event takes, in athletes; all there is when nobody knows its size."""
    if announced is None:
        return ROOM
    athletes = max(announced.entries, announced.result_rows // _ROWS_AN_ATHLETE)
    return athletes + min(max(announced.entries, announced.result_rows), _PAGE)


class Room:
    """Lets events in, one after the other, as long as there is room; a large one comes in alone."""

    def __init__(self, size: int = ROOM, patience: float | None = None) -> None:
        """Make room.

        Args:
            size: in athletes.
            patience: who has waited for so many seconds comes in at any rate; None: nobody does.
        """
        self._size = size
        self._patience = patience
        self._taken = 0
        self._queue: deque[object] = deque()
        self._change = threading.Condition()
        self._closed = False

    @contextmanager
    def admit(self, announced: Announced | None, stopping: threading.Event | None = None) -> Iterator[None]:
        """Hold the room that an event takes for the length of the block; see `providers.sync.Admit`.

        Raises:
            Interrupted: it would have to wait, and the room was closed, or `stopping` is set (see `wake`).
        """
        weight = min(weight_of(announced), self._size)
        ticket = object()
        with self._change:
            self._queue.append(ticket)
            try:
                # In the order of coming, or a large event would wait for ever behind small ones.
                self._change.wait_for(
                    lambda: self._ends(stopping) or self._is_next(ticket, weight), self._patience
                )
                if self._ends(stopping):
                    raise Interrupted("An event is not read: this process is to end.")
                self._taken += weight
            finally:
                self._queue.remove(ticket)
                self._change.notify_all()
        try:
            yield
        finally:
            with self._change:
                self._taken -= weight
                self._change.notify_all()

    def close(self) -> None:
        """Let nobody in any more."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def wake(self) -> None:
        """Let whoever waits look whether it is to stop."""
        with self._change:
            self._change.notify_all()

    def _ends(self, stopping: threading.Event | None) -> bool:
        return self._closed or (stopping is not None and stopping.is_set())

    def _is_next(self, ticket: object, weight: int) -> bool:
        return self._queue[0] is ticket and self._taken + weight <= self._size


# Of this process, for whatever is collected: memory is the process's. An event that is due does not wait
# longer than half of the specification's interval.
MEMORY = Room(patience=45.0)
# For an event that nobody has read yet.
USUAL = Announced(entries=2_000, result_rows=16_000)
