"""What the monitor judges of an event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from operations.finding import Finding, State
from operations.reading import AHEAD, WatchedEvent
from operations.thresholds import Thresholds
from providers.records import StoredEvent
from schedulers.windows import Phase, WindowSettings, next_collection, phase, window

_NEVER = datetime.min.replace(tzinfo=UTC)
# Of fewer collections, as those of a standard phase, it says little how many failed.
_ENOUGH = 10


def event_findings(
    event: WatchedEvent, at: datetime, thresholds: Thresholds, windows: WindowSettings
) -> Iterator[Finding]:
    """Judge an event that is to be collected: only the worst that is the matter with it is found."""
    for judged in (_failing, _not_collected, _often_failing, _late, _moving, _without_results, _unread):
        if found := judged(event, at, thresholds, windows):
            yield found
            return


def owed_since(
    event: StoredEvent, last: datetime | None, at: datetime, windows: WindowSettings
) -> datetime | None:
    """Return the first due instant for which no collection has begun; None when all have.

    Args:
        event: whose windows.
        last: when the last collection began (aware), None when there was none.
        at: now: later instants do not count.
        windows: how they lie.
    """
    if last is None:
        span = window(event, windows)
        first = None if span is None else span[0]
    else:
        first = next_collection(event, last, last, windows)
    return first if first is not None and first <= at else None


def since_known(event: WatchedEvent, at: datetime) -> datetime:
    """Return since when (aware) it could be collected: nobody could before it was known, or let go on."""
    known = event.account.known_since
    return _NEVER if known is None or known > at + AHEAD else known


def _failing(
    event: WatchedEvent, _at: datetime, thresholds: Thresholds, _windows: WindowSettings
) -> Finding | None:
    account = event.account
    if account.failures < thresholds.failures:
        return None
    return Finding(
        State.CRITICAL,
        event.key,
        "failing",
        f"{account.failures} collections failed in a row: {account.failure_reason}",
        f"`chronotrack-live events collect {event.key}` tries it now.",
    )


def _not_collected(
    event: WatchedEvent, at: datetime, thresholds: Thresholds, windows: WindowSettings
) -> Finding | None:
    missed = owed_since(event.standing.event.stored, event.account.collected_at, at, windows)
    longest = thresholds.missed_intervals * windows.intensive_interval
    if not _is_intensive(event) or missed is None or at - max(missed, since_known(event, at)) <= longest:
        return None
    return Finding(
        State.CRITICAL,
        event.key,
        "not collected",
        f"not collected in its intensive phase, due since {missed:%Y-%m-%d %H:%M:%S} UTC",
        _log(event),
    )


def _often_failing(
    event: WatchedEvent, _at: datetime, thresholds: Thresholds, _windows: WindowSettings
) -> Finding | None:
    failed, of = event.account.failures_of_hour, event.account.collections_of_hour
    if of < _ENOUGH or 100 * failed <= thresholds.failed_percent * of:
        return None
    return Finding(
        State.WARNING,
        event.key,
        "often failing",
        f"{failed} of {of} collections of the last hour failed",
        _log(event),
    )


def _late(
    event: WatchedEvent, at: datetime, thresholds: Thresholds, windows: WindowSettings
) -> Finding | None:
    # It may begin an interval after its instant (see schedulers.spread), and is accounted for at its end.
    stored, enough = event.standing.event.stored, windows.intensive_interval
    owed, lateness = owed_since(stored, stored.last_tried, at, windows), event.account.lateness or 0
    if owed is not None and at - max(owed, since_known(event, at)) > enough + thresholds.lateness:
        what = f"late: due since {owed:%Y-%m-%d %H:%M:%S} UTC"
    elif _is_intensive(event) and lateness > thresholds.lateness.total_seconds():
        what = f"its last collection began {lateness:.0f} s late"
    else:
        return None
    return Finding(State.WARNING, event.key, "late", what, _log(event))


def _moving(
    event: WatchedEvent, _at: datetime, thresholds: Thresholds, _windows: WindowSettings
) -> Finding | None:
    if event.account.partials < thresholds.partial_collections:
        return None
    return Finding(
        State.WARNING,
        event.key,
        "only partial",
        f"{event.account.partials} collections in a row read lists that were not whole",
        f"{_log(event)} What was read is stored; what ChronoTrack takes away stays until a whole reading.",
    )


def _without_results(
    event: WatchedEvent, at: datetime, thresholds: Thresholds, windows: WindowSettings
) -> Finding | None:
    known = event.standing.event
    began = at - thresholds.no_results
    if (
        known.results
        # It had some that are not published any more.
        or event.account.changed_at is not None
        or not event.account.has_entries
        or not _is_intensive(event)
        or phase(known.stored, began, windows) is not Phase.INTENSIVE
    ):
        return None
    minutes = thresholds.no_results.total_seconds() / 60
    return Finding(
        State.WARNING,
        event.key,
        "no results",
        f"no result was ever seen in {minutes:.0f} minutes of intensive collection, although it has entries",
        "Ask the timing partner whether results are published to this login, and whether the start is right.",
    )


def _unread(
    event: WatchedEvent, _at: datetime, thresholds: Thresholds, _windows: WindowSettings
) -> Finding | None:
    account = event.account
    if account.entry_failures < thresholds.failures:
        return None
    return Finding(
        State.WARNING,
        event.key,
        "entries failing",
        f"its entry list could not be read {account.entry_failures} times in a row: "
        f"{account.entry_failure_reason}",
        f"`chronotrack-live events collect {event.key} --participants` tries it now.",
    )


def _is_intensive(event: WatchedEvent) -> bool:
    return event.standing.phase is Phase.INTENSIVE


def _log(event: WatchedEvent) -> str:
    return f"See what the scheduler's log says of {event.key}."
