"""When an event is collected: pure functions of the event and an instant.

No clock, no network, no database. Instants are aware; `None` means that nothing more is to be done.
Source of every number: the specification's `results_config` and `event_config`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from providers.records import StoredEvent

# What failed is tried again so soon, if nothing is due sooner.
TRY_AGAIN = timedelta(minutes=5)
# So long after a window's last instant a collection that was missed, or failed, is still made up for.
GRACE = timedelta(days=1)
# Since when what was never done is due.
SINCE_EVER = datetime.min.replace(tzinfo=UTC)


class Phase(StrEnum):
    """The part of an event's window that an instant lies in."""

    WAITING = "waiting"
    INTENSIVE = "intensive"
    STANDARD = "standard"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSettings:
    """How the windows lie around a start."""

    initial_delay: timedelta = timedelta(minutes=5)
    intensive_interval: timedelta = timedelta(seconds=90)
    intensive_duration: timedelta = timedelta(hours=5)
    standard_interval: timedelta = timedelta(hours=1)
    max_collection: timedelta = timedelta(hours=72)
    participants_interval: timedelta = timedelta(hours=24)
    participants_race_interval: timedelta = timedelta(hours=6)
    stop_after_finish: timedelta = timedelta(hours=1)


DEFAULT = WindowSettings()


def starts(event: StoredEvent) -> tuple[datetime, ...]:
    """Return the instants from which windows count, in UTC: the races' starts, else the event's; in order.

    In a zone of its own Python would add hours by the clock on the wall, and be an hour off where it changes.
    """
    known = event.race_starts or (() if event.start_time is None else (event.start_time,))
    return tuple(start.astimezone(UTC) for start in known)


def window(event: StoredEvent, settings: WindowSettings = DEFAULT) -> tuple[datetime, datetime] | None:
    """Return the first and the last due instant of the event's results; None when it is not collected."""
    stretches = _stretches(event, settings)
    return (stretches[0].begin, stretches[-1].begin) if stretches else None


def phase(event: StoredEvent, at: datetime, settings: WindowSettings = DEFAULT) -> Phase:
    """Return the phase of the event at an instant; an event without any start is over."""
    stretches = _stretches(event, settings)
    if not stretches or at >= stretches[-1].end:
        return Phase.OVER
    if at < stretches[0].begin:
        return Phase.WAITING
    current = next(s for s in reversed(stretches) if s.begin <= at)
    return current.phase


def next_collection(
    event: StoredEvent, last: datetime | None, at: datetime, settings: WindowSettings = DEFAULT
) -> datetime | None:
    """Return when the event's results are due next: after `at`, or before it when one is overdue.

    Due instants lie on the event's own grid. When `last` lies before the latest due instant that has
    passed, that instant is returned: however many were missed, one collection makes up for them.

    Args:
        event: whose windows.
        last: when the last collection began, None when there was none.
        at: now.
        settings: how the windows lie.
    """
    stretches = _stretches(event, settings)
    overdue = max((due for s in stretches if (due := s.latest_due(at)) is not None), default=None)
    if overdue is not None and (last is None or last < overdue):
        return overdue
    return min((due for s in stretches if (due := s.earliest_due(at)) is not None), default=None)


def next_try(event: StoredEvent, settings: WindowSettings = DEFAULT) -> datetime | None:
    """Return when a collection that failed is tried again if nothing is due sooner: 5 minutes after it began.

    None when the last collection did not fail, or the event is not collected. So a failed one, the window's
    last one too, is owed until one goes well, or until a day has passed since the window's last instant.
    """
    its_window = window(event, settings)
    if event.failed is None or its_window is None:
        return None
    again = event.failed + TRY_AGAIN
    return again if again <= its_window[1] + GRACE else None


def next_due(event: StoredEvent, at: datetime, settings: WindowSettings = DEFAULT) -> datetime | None:
    """Return when the event is collected next: when it is due or tried again, whichever comes sooner."""
    again = next_try(event, settings)
    due = next_collection(event, event.last_tried, at, settings)
    return min((instant for instant in (due, again) if instant is not None), default=None)


def next_participant_sync(
    event: StoredEvent, last: datetime | None, at: datetime, settings: WindowSettings = DEFAULT
) -> datetime | None:
    """Return when the event's entry list is due next: after `at`, or before it when it is overdue.

    At once when it was never read; then daily up to the first start, at that start, and every 6 hours
    from it until an hour after the event's end. Without a known end, the end of the last race's
    intensive phase stands for it. A `last` in the future was noted before the clock was set back: it counts
    as now. A superseded event has none, as its results.
    """
    begun = starts(event)
    if not begun or event.superseded:
        return None
    expected_end = begun[-1] + settings.initial_delay + settings.intensive_duration
    stop = max(event.end_time or expected_end, begun[-1]) + settings.stop_after_finish
    if at > max(stop, begun[-1] + settings.max_collection):
        return None
    if last is None:
        return at
    last = min(last, at)
    if last < begun[0]:
        return min(last + settings.participants_interval, begun[0])
    passed = (last - begun[0]) // settings.participants_race_interval
    due = begun[0] + (passed + 1) * settings.participants_race_interval
    return due if due <= stop else None


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of a window with one rhythm: due at begin, begin + step, ... and before end."""

    begin: datetime
    end: datetime
    step: timedelta
    phase: Phase

    def latest_due(self, at: datetime) -> datetime | None:
        """Return the stretch's latest due instant that is not after `at`."""
        if at < self.begin:
            return None
        last = self.begin + (self.end - self.begin - timedelta.resolution) // self.step * self.step
        return min(last, self.begin + (at - self.begin) // self.step * self.step)

    def earliest_due(self, at: datetime) -> datetime | None:
        """Return the stretch's earliest due instant that is after `at`."""
        due = self.begin if at < self.begin else self.begin + ((at - self.begin) // self.step + 1) * self.step
        return due if due < self.end else None


def _stretches(event: StoredEvent, settings: WindowSettings) -> list[_Stretch]:
    """Return the event's window in order: intensive around each start, standard in between and after.

    Races that start close together share one intensive stretch, so one rhythm; the window's last
    instant is due as well.
    """
    begun = starts(event)
    if not begun or event.superseded:
        return []
    final = begun[-1] + settings.max_collection
    intensive: list[tuple[datetime, datetime]] = []
    for start in begun:
        begin = start + settings.initial_delay
        end = begin + settings.intensive_duration
        if intensive and begin <= intensive[-1][1]:
            intensive[-1] = (intensive[-1][0], end)
        else:
            intensive.append((begin, end))
    stretches: list[_Stretch] = []
    nexts = [begin for begin, _ in intensive[1:]] + [final]
    for (begin, end), following in zip(intensive, nexts, strict=True):
        stretches.append(_Stretch(begin, end, settings.intensive_interval, Phase.INTENSIVE))
        stretches.append(_Stretch(end, following, settings.standard_interval, Phase.STANDARD))
    stretches.append(
        _Stretch(final, final + timedelta.resolution, settings.standard_interval, Phase.STANDARD)
    )
    return stretches
