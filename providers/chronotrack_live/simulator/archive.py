"""An archive: many past events of many accounts over two years, with all that happens to events."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from .accounts import numbered_account
from .build import build_event
from .calendar import PlannedEvent, PlannedRace
from .courses import FIVE_KILOMETRES, MILE, TEN_KILOMETRES
from .numbers import Numbers, seeded
from .runners import load_runners, spread
from .world import World

# How far the events reach back from the given start, and how old the latest one is.
_TWO_YEARS = timedelta(days=730)
_LATEST = timedelta(days=4)
_ATHLETES = 20
# So many of the carried runners are enough for small races; large ones draw from all.
_RUNNERS = 400

_5K = PlannedRace("5K", FIVE_KILOMETRES, _ATHLETES)
_PLAIN = PlannedEvent("Run", timedelta(0), (), (_5K,))
# What events are like, in turn: one of each kind, then as many plain ones.
_KINDS = (
    _PLAIN,
    replace(
        _PLAIN,
        name="Two Races",
        races=(_5K, PlannedRace("10K", TEN_KILOMETRES, _ATHLETES, after=timedelta(hours=3))),
    ),
    replace(
        _PLAIN, name="Two Days", races=(_5K, PlannedRace("Mile", MILE, _ATHLETES, after=timedelta(days=1)))
    ),
    replace(_PLAIN, name="Open End", has_end=False),
    replace(_PLAIN, name="Locked Away", is_archived=True),
    replace(_PLAIN, name="Unpublished", is_published=False),
    replace(_PLAIN, name="Called Off", is_run=False),
    *[_PLAIN] * 7,
)


@dataclass(frozen=True, slots=True)
class Archive:
    """How many accounts and events an archive has, and athletes a race; PARTNERSxEVENTS[xATHLETES]."""

    partners: int
    events: int
    athletes: int = _ATHLETES

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Read the text form; without one there is no archive.

        Raises:
            ValueError: it is none, or one of the numbers is 0.
        """
        if text is None:
            return None
        numbers = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,4})(?:x([1-9]\d{0,3}))?", text)
        if numbers is None:
            raise ValueError(f"Write the partners and the events of an archive as in 13x260, not {text!r}.")
        return cls(*(int(number) for number in numbers.groups() if number))

    def __str__(self) -> str:
        return f"{self.partners}x{self.events}x{self.athletes}"


def build_archive(start: datetime, archive: Archive, seed: int) -> World:
    """Build the world of an archive whose latest event is four days before `start` (aware).

    Events take turns in kind and in account: some have several races or days, no known end, are archived, not
    published or were called off. They lie evenly in the two years before.

    Raises:
        ValueError: `start` is naive.
    """
    if start.tzinfo is None:
        raise ValueError("The start of the archive must be an aware instant (end it with Z).")
    carried = load_runners()
    carried = carried if archive.athletes > _ATHLETES else spread(carried, _RUNNERS)
    scale = archive.athletes / _ATHLETES
    events = [
        build_event(plan, start, carried, scale, Numbers(seed, number), seeded(seed, "event", number))
        for number, plan in enumerate(_plans(archive))
    ]
    ids = [event.event_id for event in events]
    accounts = [
        numbered_account(number, frozenset(ids[number - 1 :: archive.partners]))
        for number in range(1, archive.partners + 1)
    ]
    return World(tuple(events), tuple(accounts))


def _plans(archive: Archive) -> list[PlannedEvent]:
    """Return the events, the oldest first."""
    step = (_TWO_YEARS - _LATEST) / archive.events
    return [
        replace(kind, name=f"{kind.name} {number + 1}", after=-_LATEST - step * (archive.events - 1 - number))
        for number in range(archive.events)
        # Each account is to have every kind.
        for kind in (_KINDS[number // archive.partners % len(_KINDS)],)
    ]
