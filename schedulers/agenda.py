"""What is due when of the events that are followed: the windows, spread so that events do not fire together.

No clock, no network, no database: instants are given, aware race time. May be used from several threads.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from providers.records import StoredEvent
from schedulers.spread import Spread
from schedulers.windows import (
    SINCE_EVER,
    TRY_AGAIN,
    Phase,
    WindowSettings,
    next_collection,
    next_participant_sync,
    next_try,
    phase,
    window,
)


@dataclass(frozen=True, slots=True)
class Due:
    """A due instant, and when the work for it is to begin: later by the event's offset, or on another try."""

    instant: datetime
    planned: datetime


@dataclass(frozen=True, slots=True)
class _Moved:
    """An entry list that moved while it was read from `read` on: it is read `again` after the wait."""

    read: datetime
    again: datetime
    wait: timedelta


class Agenda:
    """The events that are followed, with what was last done for each."""

    def __init__(self, settings: WindowSettings) -> None:
        self._settings = settings
        self._events: dict[str, StoredEvent] = {}
        # By event; it counts until the entry list is read again, by whomever.
        self._moved: dict[str, _Moved] = {}
        self._spread = Spread(settings.intensive_interval)
        self._lock = threading.Lock()

    def go_by(self, settings: WindowSettings) -> list[StoredEvent]:
        """Let windows lie by other settings from now on; return the events that are followed.

        Their offsets are as they were, as far as the new windows and intervals let them.
        """
        with self._lock:
            events = sorted(self._events.values(), key=lambda event: self._spread.offset(event.event_id))
            self._settings, self._spread = settings, Spread(settings.intensive_interval)
            for event in events:
                if its_window := window(event, settings):
                    self._spread.follow(event.event_id, *its_window)
            return events

    def follow(self, event: StoredEvent) -> bool:
        """Take an event as the hub keeps it now; return whether that is news.

        What was last done is the later of what the hub says and what is known here.
        """
        with self._lock:
            known = self._events.get(event.event_id)
            if known is not None:
                event = replace(
                    event,
                    last_collection=_later(event.last_collection, known.last_collection),
                    last_failure=_later(event.last_failure, known.last_failure),
                    last_participant_sync=_later(event.last_participant_sync, known.last_participant_sync),
                )
            self._events[event.event_id] = event
            return event != known

    def leave_all_but(self, timing_partner_id: int, event_ids: Collection[str]) -> list[str]:
        """Follow these events of a partner at most; return those that are left."""
        with self._lock:
            left = [
                event.event_id
                for event in self._events.values()
                if event.timing_partner_id == timing_partner_id and event.event_id not in event_ids
            ]
            for event_id in left:
                del self._events[event_id]
                self._moved.pop(event_id, None)
                self._spread.leave(event_id)
            return left

    def event(self, event_id: str) -> StoredEvent | None:
        """Return an event as it is known, None when it is not followed any more."""
        with self._lock:
            return self._events.get(event_id)

    def collected(self, event_id: str, at: datetime) -> None:
        """Note that a collection of the event's results that began at `at` is done with."""
        self._note(event_id, lambda event: replace(event, last_collection=at))

    def failed(self, event_id: str, at: datetime) -> None:
        """Note that a collection of the event's results that began at `at` failed."""
        self._note(event_id, lambda event: replace(event, last_failure=at))

    def entries_read(self, event_id: str, at: datetime) -> None:
        """Note that the event's entry list was read from `at` on."""
        self._note(event_id, lambda event: replace(event, last_participant_sync=at))

    def entries_moved(self, event_id: str, at: datetime, now: datetime) -> None:
        """Note that the event's entry list moved while it was read, from `at` until `now`.

        It is read again 5 minutes later, if nothing is due sooner: whom it missed does not wait for hours.
        One that moves then as well is read less and less, each time after twice the wait.
        """
        with self._lock:
            event = self._events.get(event_id)
            if event is None:
                return
            before = self._moved.get(event_id)
            wait = TRY_AGAIN
            # Of this reading the hub may have told already.
            if before and before.again <= at and event.last_participant_sync in (before.read, at):
                wait = 2 * before.wait
            self._moved[event_id] = _Moved(at, now + wait, wait)
            self._events[event_id] = replace(event, last_participant_sync=at)

    def next_collection(self, event_id: str, now: datetime) -> Due | None:
        """Return what is due next of an event's results; None when its window is over, or it is not followed.

        The event's grid of due instants is taken as shifted by its offset, and so is what was last done: what
        was missed is planned in the past. One that failed is tried again where that comes sooner, unless one
        that began after it, whoever made it, goes well meanwhile.
        """
        with self._lock:
            event = self._events.get(event_id)
            its_window = None if event is None else window(event, self._settings)
            if event is None or its_window is None:
                self._spread.leave(event_id)
                return None
            self._spread.follow(event_id, *its_window)
            offset = self._spread.offset(event_id)
            # One in the future was noted before the clock was set back.
            last = None if event.last_tried is None else min(event.last_tried, now) - offset
            due = next_collection(event, last, now - offset, self._settings)
            if due is None:
                self._spread.leave(event_id)
            again = next_try(event, self._settings)
            if event.failed and again and (due is None or again < due + offset):
                return Due(event.failed, again)
            return None if due is None else Due(due, due + offset)

    def next_entry_list(self, event_id: str, now: datetime) -> Due | None:
        """Return when the event's entry list is due next; None when never again, or it is not followed.

        One that moved while it was read is due again where that comes sooner, unless it was read meanwhile.
        """
        with self._lock:
            event = self._events.get(event_id)
            if event is None:
                return None
            last = event.last_participant_sync
            due = next_participant_sync(event, last, now, self._settings)
            if last is None:
                # Whoever reads it first, and however long ago: it has been read.
                return None if due is None else Due(SINCE_EVER, due)
            regular = None if due is None else Due(due, due + self._spread.offset(event_id))
            moved = self._moved.get(event_id)
            if moved is None or moved.read != last or window(event, self._settings) is None:
                return regular
            if regular is None or moved.again < regular.planned:
                return Due(last + timedelta.resolution, moved.again)
            return regular

    def _note(self, event_id: str, noted: Callable[[StoredEvent], StoredEvent]) -> None:
        with self._lock:
            event = self._events.get(event_id)
            if event is not None:
                self._events[event_id] = noted(event)

    def phases(self, timing_partner_id: int, now: datetime) -> Counter[Phase]:
        """Return how many events of a partner are in each phase."""
        with self._lock:
            followed = list(self._events.values())
        return Counter(
            phase(event, now, self._settings)
            for event in followed
            if event.timing_partner_id == timing_partner_id
        )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((instant for instant in (one, other) if instant is not None), default=None)
