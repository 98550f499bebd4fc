"""A weekend: many small events of many accounts on two mornings, with all that happens to events."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from .accounts import numbered_account
from .build import build_event
from .calendar import PlannedDelay, PlannedEvent, PlannedRace
from .courses import FIVE_KILOMETRES, MILE, TEN_KILOMETRES
from .numbers import Numbers, seeded
from .runners import load_runners, spread
from .world import World

# Starts lie within so long, on the first day and on the second.
_MORNING = timedelta(hours=4)
_DAY = timedelta(days=1)
_ATHLETES = 20
# So many of the carried runners are enough for small races.
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
    replace(_PLAIN, name="Two Days", races=(_5K, PlannedRace("Mile", MILE, _ATHLETES, after=_DAY))),
    replace(_PLAIN, name="Open End", has_end=False),
    replace(_PLAIN, name="Late Entry", listed_after=timedelta(hours=1)),
    replace(_PLAIN, name="Fog", delay=PlannedDelay(timedelta(hours=2), told_after=timedelta(minutes=30))),
    *[_PLAIN] * 6,
)


@dataclass(frozen=True, slots=True)
class Weekend:
    """How many accounts and events a weekend has; its text form is PARTNERSxEVENTS."""

    partners: int
    events: int

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Read the text form; without one there is no weekend.

        Raises:
            ValueError: it is none, or one of the numbers is 0.
        """
        if text is None:
            return None
        numbers = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", text)
        if numbers is None:
            raise ValueError(f"Write the partners and the events of a weekend as in 13x200, not {text!r}.")
        return cls(*map(int, numbers.groups()))

    def __str__(self) -> str:
        return f"{self.partners}x{self.events}"


def build_weekend(start: datetime, weekend: Weekend, seed: int) -> World:
    """Build the world of a weekend whose first event starts at `start` (aware).

    Events take turns in kind and in account: some have several races or days, no known end, a start that is
    put off when it is due, or are listed only after they began. Half of them start on the second day.

    Raises:
        ValueError: `start` is naive.
    """
    if start.tzinfo is None:
        raise ValueError("The start of the weekend must be an aware instant (end it with Z).")
    carried = spread(load_runners(), _RUNNERS)
    events = [
        build_event(plan, start, carried, 1.0, Numbers(seed, number), seeded(seed, "event", number))
        for number, plan in enumerate(_plans(weekend))
    ]
    ids = [event.event_id for event in events]
    accounts = [
        numbered_account(number, frozenset(ids[number - 1 :: weekend.partners]))
        for number in range(1, weekend.partners + 1)
    ]
    return World(tuple(events), tuple(accounts))


def _plans(weekend: Weekend) -> list[PlannedEvent]:
    on_first_day = -(-weekend.events // 2)
    plans = []
    for number in range(weekend.events):
        kind = _KINDS[number % len(_KINDS)]
        day, place = divmod(number, on_first_day)
        after = day * _DAY + timedelta(minutes=_MORNING // timedelta(minutes=1) * place // on_first_day)
        after += kind.delay.by if kind.delay else timedelta(0)
        plans.append(replace(kind, name=f"{kind.name} {number + 1}", after=after))
    return plans
