"""The ground truth: what every athlete of an event ends up with, once all is published and judged.

Worked out in plain Python from the world alone. It shares no code with what the API publishes,
because it is what that is measured against.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .world import Entry, Event, Mark, Race

Place = tuple[str, str]  # an interval's id, and the group within which one is ranked
Times = dict[Place, list[int]]


def ground_truth(event: Event, time_step: int = 1) -> dict[str, Any]:
    """Return the truth about an event, ready for JSON; test entries are left out.

    Seconds are numbers to the millisecond, instants ISO 8601 in UTC, and None stands for what there is not.

    Args:
        event: the event.
        time_step: the milliseconds below which the API cuts off the times that it publishes. Places are
            those of the uncut times.
    """
    return {
        "event_id": event.event_id,
        "event_name": event.name,
        "start_time": event.start.isoformat(),
        "athletes": [athlete for race in event.races for athlete in _race_truth(race, time_step)],
    }


def _race_truth(race: Race, time_step: int) -> list[dict[str, Any]]:
    times = _ranked_times(race)
    return [_athlete_truth(entry, times, time_step) for entry in race.entries if not entry.is_test]


def _ranked_times(race: Race) -> Times:
    """Return the chip times that count, sorted, for all ranked groups; the disqualified do not count."""
    times: Times = defaultdict(list)
    for entry in race.entries:
        if _status(entry) == "dq":
            continue
        for mark in entry.marks:
            if mark.chip_ms is not None:
                for group in ("", entry.athlete.sex, entry.division.name):
                    times[mark.interval.interval_id, group].append(mark.chip_ms)
    for group_times in times.values():
        group_times.sort()
    return times


def _athlete_truth(entry: Entry, times: Times, time_step: int) -> dict[str, Any]:
    status = _status(entry)
    finish = next((mark for mark in entry.marks if mark.interval.is_full and mark.end), None)

    def rank(mark: Mark | None, group: str) -> int | None:
        """Those with an equal time share the better rank."""
        if mark is None or mark.chip_ms is None or status == "dq":
            return None
        return bisect_left(times[mark.interval.interval_id, group], mark.chip_ms) + 1

    def seconds(milliseconds: int | None) -> float | None:
        return None if milliseconds is None else milliseconds // time_step * time_step / 1000

    return {
        "entry_id": entry.entry_id,
        "race_id": entry.race_id,
        "bib": entry.bib or None,
        "first_name": entry.athlete.first_name,
        "last_name": entry.athlete.last_name,
        "sex": entry.athlete.sex,
        "status": status,
        "chip_seconds": seconds(finish.chip_ms) if finish else None,
        "gun_seconds": seconds(finish.gun_ms) if finish else None,
        "overall_place": rank(finish, ""),
        "gender_place": rank(finish, entry.athlete.sex),
        "division_place": rank(finish, entry.division.name),
        "division": entry.division.name,
        "published_at": finish.published_at.isoformat() if finish else None,
        "splits": [
            {
                "interval_id": mark.interval.interval_id,
                "name": mark.interval.name,
                "chip_seconds": seconds(mark.chip_ms),
                "gun_seconds": seconds(mark.gun_ms),
                "rank": rank(mark, ""),
            }
            for mark in sorted(entry.marks, key=lambda mark: mark.interval.order)
            if not mark.interval.is_full
        ],
    }


def _status(entry: Entry) -> str | None:
    if not entry.marks:
        return None
    return entry.verdict.status.lower() if entry.verdict else "finished"
