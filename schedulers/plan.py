"""What is to be done when: windows laid out ahead. No clock, no network, no database, as in `windows`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from providers.records import StoredEvent
from schedulers.windows import (
    DEFAULT,
    Phase,
    WindowSettings,
    next_collection,
    next_due,
    next_participant_sync,
    phase,
    starts,
)


@dataclass(frozen=True, slots=True)
class Run:
    """Things to be done in one rhythm: the first instant, the last one, how many, how far apart.

    `what` is the phase, "entry list" or "discovery". What is overdue comes first, at the instant of the
    asking. The last one of a window, 72 hours after the start, may follow sooner than `every`.
    """

    what: str
    first: datetime
    last: datetime
    count: int
    every: timedelta


def collections(
    event: StoredEvent, at: datetime, until: datetime, settings: WindowSettings = DEFAULT
) -> list[Run]:
    """Return when an event's results are collected from `at` to `until`, both included: a run a phase.

    What is tried again after the window's last instant counts to its last phase.
    """
    intervals = {Phase.INTENSIVE: settings.intensive_interval, Phase.STANDARD: settings.standard_interval}

    def next_one(last: datetime | None, now: datetime) -> datetime | None:
        if last == event.last_tried:
            return next_due(event, now, settings)
        return next_collection(event, last, now, settings)

    due_instants = _due_instants(next_one, event.last_tried, at, until)
    phases = (
        (Phase.INTENSIVE if phase(event, due, settings) is Phase.INTENSIVE else Phase.STANDARD, instant)
        for due, instant in due_instants
    )
    return _runs((str(its), intervals[its], instant) for its, instant in phases)


def entry_lists(
    event: StoredEvent, at: datetime, until: datetime, settings: WindowSettings = DEFAULT
) -> list[Run]:
    """Return when an event's entry list is read from `at` to `until`: before its start, and from it on."""
    due_instants = _due_instants(
        lambda last, now: next_participant_sync(event, last, now, settings),
        event.last_participant_sync,
        at,
        until,
    )
    return _runs(
        (
            "entry list",
            settings.participants_interval if due < starts(event)[0] else settings.participants_race_interval,
            instant,
        )
        for due, instant in due_instants
    )


def discoveries(at: datetime, until: datetime, interval: timedelta) -> list[Run]:
    """Return when a scheduler that starts at `at` looks for a partner's new events up to `until`."""
    due_instants = _due_instants(
        lambda before, now: now if before is None else before + interval, None, at, until
    )
    return _runs(("discovery", interval, instant) for _, instant in due_instants)


def _due_instants(
    next_one: Callable[[datetime | None, datetime], datetime | None],
    last: datetime | None,
    at: datetime,
    until: datetime,
) -> Iterator[tuple[datetime, datetime]]:
    """Yield each due instant with the instant at which it is done: one that has passed, at once."""
    while (due := next_one(last, at)) is not None:
        at = max(due, at)
        if at > until:
            return
        yield due, at
        last = at


def _runs(planned: Iterable[tuple[str, timedelta, datetime]]) -> list[Run]:
    """Return what follows each other in the same rhythm as one."""
    runs: list[Run] = []
    for what, every, instant in planned:
        if runs and (runs[-1].what, runs[-1].every) == (what, every):
            runs[-1] = replace(runs[-1], last=instant, count=runs[-1].count + 1)
        else:
            runs.append(Run(what, instant, instant, 1, every))
    return runs
