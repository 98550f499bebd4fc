"""Which events of the past are to be imported: a pure function of what is offered and what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from providers.records import ProviderEvent

# How far back the backfill looks (specification, "Backfill Scope").
DEFAULT_SPAN = timedelta(days=365)


class Skip(StrEnum):
    """Why an event is left out, in the words of the summary."""

    IMPORTED = "already imported"
    PAUSED = "paused"
    OUTSIDE = "outside the range"
    RECENT = "the scheduler's"
    UNPUBLISHED = "not published"
    TIMELESS = "without a start"
    DUPLICATE = "duplicate"
    ARCHIVED = "archived"
    NOT_FOUND = "not there"
    ELSEWHERE = "worked on elsewhere"
    OTHERWISE = "for another reason"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which events are asked for.

    Attributes:
        since: events that start before are too old (aware); None for no bound.
        until: events that start from here on are too young (aware).
        scheduled_from: events that are not over here are the scheduler's (aware).
        event_ids: the only ones to look at, by their API ids; None for all.
        again: also those that are imported already.
    """

    since: datetime | None
    until: datetime
    scheduled_from: datetime
    event_ids: Set[str] | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An event that is not imported, and why."""

    event: ProviderEvent
    skip: Skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one partner's events; `chosen` has the latest first."""

    chosen: list[ProviderEvent]
    left_out: list[LeftOut]


def plan_import(
    offered: Iterable[ProviderEvent], imported: Set[str], scope: Scope, paused: Set[str] = frozenset()
) -> Plan:
    """Choose the events to import.

    Args:
        offered: what the API lists; one that it lists twice counts once.
        imported: API ids of the events that an earlier backfill has brought in.
        scope: which are asked for.
        paused: API ids of the events that an operator holds back, unless they are named or imported again.
    """
    plan = Plan([], [])
    events = {event.provider_event_id: event for event in offered}
    for event in events.values():
        if scope.event_ids is not None and event.provider_event_id not in scope.event_ids:
            continue
        skip = _reason_to_skip(event, imported, scope, paused)
        if skip is None:
            plan.chosen.append(event)
        else:
            plan.left_out.append(LeftOut(event, skip))
    plan.chosen.sort(key=lambda event: (_start(event), event.provider_event_id), reverse=True)
    plan.left_out.sort(key=lambda left: (left.event.start_time is not None, left.event.provider_event_id))
    return plan


def _reason_to_skip(event: ProviderEvent, imported: Set[str], scope: Scope, paused: Set[str]) -> Skip | None:
    if not event.is_published:
        return Skip.UNPUBLISHED
    start = event.start_time
    if start is None:
        return Skip.TIMELESS
    if event.touches(scope.scheduled_from, None):
        return Skip.RECENT
    if (scope.since is not None and start < scope.since) or start >= scope.until:
        return Skip.OUTSIDE
    if event.provider_event_id in imported and not scope.again:
        return Skip.IMPORTED
    if event.provider_event_id in paused and scope.event_ids is None and not scope.again:
        return Skip.PAUSED
    return None


def _start(event: ProviderEvent) -> datetime:
    if event.start_time is None:
        raise ValueError(f"Event {event.provider_event_id} has no start.")
    return event.start_time
