"""Keeps events apart that are due at the same instant: each starts a little after it, at its own place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_LARGEST_SPACING = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Place:
    """An event's number, and the window during which it has it, both ends included."""

    number: int
    begin: datetime
    end: datetime


class Spread:
    """Numbers events from 0 on; an event starts its number times the spacing after its due instants.

    Events whose windows touch have different numbers, and an event keeps its number while it is followed.
    The spacing is a second, or less where there are so many numbers that they would not fit into an
    interval. So one event alone starts exactly at its due instants, and nobody starts an interval late.
    """

    def __init__(self, interval: timedelta) -> None:
        """Make a spread over an interval: that between two due instants of an event."""
        self._interval = interval
        self._places: dict[str, _Place] = {}

    def follow(self, event_id: str, begin: datetime, end: datetime) -> None:
        """Give an event a number for its window: the one that it has, while that is free, or the smallest."""
        taken = {
            other.number
            for other_id, other in self._places.items()
            if other_id != event_id and other.begin <= end and begin <= other.end
        }
        known = self._places.get(event_id)
        if known is not None and known.number not in taken:
            number = known.number
        else:
            number = next(free for free in range(len(taken) + 1) if free not in taken)
        self._places[event_id] = _Place(number, begin, end)

    def leave(self, event_id: str) -> bool:
        """Let an event's number go; return whether it had one."""
        return self._places.pop(event_id, None) is not None

    def offset(self, event_id: str) -> timedelta:
        """Return how long after its due instants an event starts; 0 for one that is not followed."""
        place = self._places.get(event_id)
        if place is None:
            return timedelta(0)
        numbers = 1 + max(other.number for other in self._places.values())
        return place.number * min(_LARGEST_SPACING, self._interval / numbers)
