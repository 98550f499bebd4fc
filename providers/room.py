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
    """Lets events in as long as there is room; one that is larger than all of it comes in alone.

    An owner's events come in their order. One comes in when there is room for it, when its owner's share of
    the room would hold it, or when it is of usual size and nothing of its owner is inside: so nobody waits
    for whatever keeps another one's events from coming to an end.
    """

    def __init__(self, size: int = ROOM, patience: float | None = None) -> None:
        """Make room.

        Args:
            size: in athletes.
            patience: who has waited for so many seconds comes in at any rate, one at a time: where there is
                too much to do, more at once would take more memory and no less time. None: nobody does.
        """
        self._size = size
        self._patience = patience
        # By owner: the room that is taken.
        self._taken = Counter[object]()
        # The owners of those who wait, by their tickets.
        self._queue: dict[object, object] = {}
        self._change = threading.Condition()
        # Whether somebody is inside for having been patient.
        self._has_guest = False
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
            Interrupted: the room was closed, or `stopping` is set.
        """
        weight = min(weight_of(announced), self._size)
        ticket, is_guest = object(), False

        def may_come() -> bool:
            return self._ends(stopping) or self._is_next(ticket, owner, weight)

        with self._change:
            self._queue[ticket] = owner
            try:
                if not self._change.wait_for(may_come, self._patience):
                    self._change.wait_for(lambda: may_come() or not self._has_guest)
                    is_guest = not may_come()
                if self._ends(stopping):
                    raise Interrupted("An event is not read: this process is to end.")
                self._taken[owner] += weight
                self._has_guest |= is_guest
            finally:
                del self._queue[ticket]
                self._change.notify_all()
        try:
            yield
        finally:
            with self._change:
                self._taken[owner] -= weight
                self._has_guest &= not is_guest
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
        # In the order of coming, or an owner's large event would wait for ever behind small ones.
        if ticket is not next(waiting for waiting, whose in self._queue.items() if whose == owner):
            return False
        taken = self._taken[owner]
        owners = {*self._queue.values(), *(whose for whose, room in self._taken.items() if room)}
        return (
            self._taken.total() + weight <= self._size
            or taken + weight <= self._size // len(owners)
            or (not taken and weight <= weight_of(USUAL))
        )


# For an event that nobody has read yet.
USUAL = Announced(entries=2_000, result_rows=16_000)
# Of this process, for whatever is collected: memory is the process's. What many partners are let in beyond
# it goes into as much again. An event that is due waits for a third of an interval, unless many do.
MEMORY = Room(size=15_000, patience=30.0)
