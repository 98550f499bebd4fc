"""What the daemon can know of an event when: what the API said of it at the discoveries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from providers.chronotrack_live.simulator.world import Event
from providers.records import StoredEvent
from schedulers.windows import WindowSettings, next_collection, window
from tests.benchmarks.weekend_clock import RaceClock

# Real seconds after a discovery within which its events are followed.
FOLLOWED_WITHIN = 1.0
# The history keeps how long an operation took in whole seconds.
_ROUNDED = 0.5


@dataclass(frozen=True, slots=True)
class Done:
    """A row of the history; `planned` is when it was to begin, None when at no certain instant."""

    number: int
    partner: int
    event_id: str | None
    sync_type: str
    at: datetime
    planned: datetime | None
    status: str
    seconds: int
    reason: str | None

    def __str__(self) -> str:
        return f"{self.sync_type} of {self.event_id or f'partner {self.partner}'} at {self.at}"


@dataclass(frozen=True, slots=True)
class Known:
    """An event as the API told of it, and when the daemon goes by that.

    It may do so from `first` to `last`; from `sure_from` to `sure_until` it must.
    """

    event: StoredEvent
    first: datetime
    sure_from: datetime
    sure_until: datetime
    last: datetime


def told(event: Event, partner: int, at: datetime) -> StoredEvent | None:
    """Return an event as the API tells of it at an instant; None while it is not listed."""
    return _told(event, partner, at) if event.is_listed(at) else None


def _told(event: Event, partner: int, at: datetime) -> StoredEvent:
    return StoredEvent(
        event_id=f"ctlive:{partner}:{event.event_id}",
        timing_partner_id=partner,
        provider_event_id=event.event_id,
        name=event.name,
        start_time=event.planned(event.start, at),
        end_time=event.end and event.planned(event.end, at),
        race_starts=tuple(sorted(event.planned(race.start, at) for race in event.races)),
    )


def all_told(event: Event, partner: int) -> Iterator[StoredEvent]:
    """Yield an event in each way in which the API ever tells of it, in order."""
    if event.delay is not None:
        yield _told(event, partner, event.delay.told_at - timedelta.resolution)
    yield _told(event, partner, event.start)


def known(event: Event, partner: int, discoveries: Sequence[Done], clock: RaceClock) -> list[Known]:
    """Return what the daemon knew of an event after its partner's discoveries, in order of time."""
    seen = []
    for discovery in discoveries:
        read = clock.after(discovery.at, discovery.seconds + _ROUNDED)
        ready = clock.after(read, FOLLOWED_WITHIN)
        seen.append((discovery.at, ready, told(event, partner, discovery.at), told(event, partner, read)))
    never = datetime.max.replace(tzinfo=UTC)
    versions = []
    for version in all_told(event, partner):
        maybe = [at for at, _, before, after in seen if version in (before, after)]
        surely = [ready for _, ready, before, after in seen if version == before == after]
        if not maybe or not surely:
            continue
        until = [at for at, _, *both in seen if at >= surely[0] and both != [version, version]]
        last = [ready for at, ready, *both in seen if at > maybe[0] and version not in both]
        versions.append(
            Known(version, maybe[0], surely[0], until[0] if until else never, last[0] if last else never)
        )
    return versions


def due_instants(event: StoredEvent, settings: WindowSettings) -> list[datetime]:
    """Return every due instant of the event's results, in order."""
    its_window = window(event, settings)
    due = None if its_window is None else next_collection(event, None, its_window[0], settings)
    found = []
    while due is not None:
        found.append(due)
        due = next_collection(event, due, due, settings)
    return found
