"""Room for athletes: how many of them all workers together may hold in memory at once.

Fifty workers with a marathon each would need gigabytes. With this the process stays below 150 MB.
"""

from __future__ import annotations

import threading
from collections import Counter
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
    """Lets events in, one after the other, as long as there is room; a large one comes in alone.

    Who has nothing inside comes in at any rate: an owner whose events do not come to an end keeps nobody out.
    """

    def __init__(self, size: int = ROOM) -> None:
        """Make room for so many athletes."""
        self._size = size
        # By owner: the room that is taken.
        self._taken = Counter[object]()
        # The owners of those who wait, each with a ticket.
        self._queue: dict[object, object] = {}
        self._change = threading.Condition()
        self._closed = False

    @contextmanager
    def admit(
        self, announced: Announced | None, owner: object = None, stopping: threading.Event | None = None
    ) -> Iterator[None]:
        """Hold the room that an event takes for the length of the block; see `providers.sync.Admit`.

        Args:
            announced: how much the event has, None when nobody knows.
            owner: whose it is; without owners all events are one's.
            stopping: ends the waiting, see `wake`.

        Raises:
            Interrupted: it would have to wait, and the room was closed, or `stopping` is set.
        """
        weight = min(weight_of(announced), self._size)
        ticket = object()
        with self._change:
            self._queue[ticket] = owner
            try:
                self._change.wait_for(lambda: self._ends(stopping) or self._is_next(ticket, owner, weight))
                if self._ends(stopping):
                    raise Interrupted("An event is not read: this process is to end.")
                self._taken[owner] += weight
            finally:
                del self._queue[ticket]
                self._change.notify_all()
        try:
            yield
        finally:
            with self._change:
                self._taken[owner] -= weight
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

    def _is_next(self, ticket: object, owner: object, weight: int) -> bool:
        """Return whether a ticket is next: by the order of coming, or a large event would wait for ever."""
        if not self._taken[owner]:
            return ticket is next(t for t, whose in self._queue.items() if whose == owner)
        return ticket is next(iter(self._queue)) and self._taken.total() + weight <= self._size


# Of this process, for whatever is collected: memory is the process's.
MEMORY = Room()
# For an event that nobody has read yet.
USUAL = Announced(entries=2_000, result_rows=16_000)
