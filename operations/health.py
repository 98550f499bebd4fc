"""What the monitor judges: pure functions of what was read. No clock, no network, no database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from database.monitoring import OperationCount, PartnerAccount
from operations.reading import Reading, WatchedEvent
from operations.service_unit import UNIT
from operations.thresholds import Thresholds
from providers.records import StoredEvent
from schedulers.settings import SchedulerSettings
from schedulers.windows import TRY_AGAIN, Phase, WindowSettings, next_collection, window

# Findings of a partner that say nothing of whether it is collected.
SET_ASIDE, SHOWN_TWICE = "set aside", "shown twice"

_NEVER = datetime.min.replace(tzinfo=UTC)


class State(IntEnum):
    """How things are; the exit codes of a Nagios plugin."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        state: how bad that is.
        about: what it is about.
        kind: what is the matter, in words that stay the same, without counts and times.
        what: what is the matter, for a person.
        remedy: what to do.
    """

    state: State
    about: str
    kind: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.about}: {self.what}"


@dataclass(frozen=True, slots=True)
class Health:
    """What was read, and what is to be said of it, the worst first."""

    reading: Reading
    findings: Sequence[Finding]

    @property
    def state(self) -> State:
        """Return how things are as a whole."""
        return max((finding.state for finding in self.findings), default=State.OK)

    @property
    def errors(self) -> list[OperationCount]:
        """Return what failed in the last 24 hours, the most frequent first."""
        failed = [count for count in self.reading.operations if count.status == "failed"]
        return sorted(failed, key=lambda count: -count.operations)


def judge(reading: Reading, thresholds: Thresholds, settings: SchedulerSettings) -> Health:
    """Judge what was read.

    What follows from something else is not found as well: where a partner is refused, his events are no
    findings; nor are those that are paused, that stand aside for TCP's or whose partner has no credentials.
    """
    found = list(_findings(reading, thresholds, settings))
    return Health(reading, sorted(found, key=lambda finding: -finding.state))


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


def _findings(reading: Reading, thresholds: Thresholds, settings: SchedulerSettings) -> Iterator[Finding]:
    owed = _owed_longest(reading, settings)
    yield from _of_service(reading, owed, thresholds)
    if reading.away is not None:
        yield Finding(
            State.UNKNOWN,
            "database",
            "away",
            reading.away.rstrip("."),
            "Check DATABASE_URL or the PG* variables, and that the role has what "
            "`chronotrack-live migrate --roles` grants to chronotrack_live_monitor.",
        )
        return
    yield from _of_migrations(reading)
    if reading.not_migrated:
        return
    for number in reading.without_credentials:
        yield Finding(
            State.UNKNOWN,
            f"partner {number}",
            "without credentials",
            "has no credentials for ChronoTrack Live",
            "`chronotrack-live credentials list` shows who has some.",
        )
    if not reading.partners and not reading.without_credentials:
        yield Finding(
            State.WARNING,
            "partners",
            "none",
            "no timing partner has credentials, so nothing is collected",
            "`chronotrack-live credentials set PARTNER --principal LOGIN` gives one some.",
        )
    for partner in reading.partners:
        yield from _of_partner(partner, reading, thresholds, settings)
    for event in reading.events:
        if event.is_judged:
            yield from _of_event(event, reading.at, thresholds, settings.windows)


def _of_service(
    reading: Reading, owed: tuple[datetime, str] | None, thresholds: Thresholds
) -> Iterator[Finding]:
    """Judge the scheduler by its unit, and by what it accounts for while something is owed."""
    start = f"`systemctl status {UNIT}` says why; `systemctl start {UNIT}` starts it."
    unit = reading.unit
    if unit is not None and unit.active in ("failed", "inactive"):
        state = State.CRITICAL if unit.active == "failed" or owed is not None else State.WARNING
        yield Finding(state, "service", unit.active, f"systemd says {unit.active} ({unit.sub})", start)
    if owed is None:
        return
    since, what = owed
    if min(reading.at - since, reading.at - (reading.last_sign or _NEVER)) > thresholds.silence:
        silent = f"since {reading.last_sign:%Y-%m-%d %H:%M:%S} UTC" if reading.last_sign else "ever"
        yield Finding(
            State.CRITICAL,
            "service",
            "silent",
            f"no sign of life {silent}, while {what} is due",
            start if unit is not None else "Start `chronotrack-live scheduler`, and see what it logs.",
        )


def _of_migrations(reading: Reading) -> Iterator[Finding]:
    for pending in reading.pending:
        state = State.CRITICAL if pending.applied is None or reading.not_migrated else State.WARNING
        kind = f"{pending.name} pending"
        yield Finding(state, "migrations", kind, f"pending: {pending}", "Run `chronotrack-live migrate`.")
    if reading.not_migrated and not reading.pending:
        yield Finding(
            State.CRITICAL,
            "migrations",
            "incomplete",
            "the ledger has them all, but tables or columns are missing",
            "Run `chronotrack-live migrate` again: it makes what is missing.",
        )


def _of_partner(
    partner: PartnerAccount, reading: Reading, thresholds: Thresholds, settings: SchedulerSettings
) -> Iterator[Finding]:
    number = partner.timing_partner_id
    test = f"`chronotrack-live credentials test {number}` asks the API now"
    if partner.refused:
        yield Finding(
            State.CRITICAL,
            partner.label,
            "refused",
            "the API refuses its credentials, so nothing of it is collected",
            f"{test}; `chronotrack-live credentials set {number}` changes them.",
        )
    else:
        since = max(partner.discovered_at or _NEVER, partner.changed_at or _NEVER)
        if reading.at - since > thresholds.missed_discoveries * settings.discovery_interval:
            last = f"since {partner.discovered_at:%Y-%m-%d %H:%M} UTC" if partner.discovered_at else "ever"
            yield Finding(
                State.WARNING,
                partner.label,
                "not discovered",
                f"no discovery {last}: new events are not known",
                "See that the scheduler runs and what its log says of this partner.",
            )
        if partner.failures >= thresholds.failures:
            yield Finding(
                State.WARNING,
                partner.label,
                "discovery fails",
                f"{partner.failures} looks for events failed in a row: {partner.failure_reason}",
                f"{test}.",
            )
    rejected, twice = reading.set_aside(number), reading.shown_twice(number)
    if rejected >= thresholds.rejected_rows:
        yield Finding(
            State.WARNING,
            partner.label,
            SET_ASIDE,
            f"rows of the API that are set aside: {rejected:,}",
            f"ct_live_rejected_rows has them with the reasons, under timing_partner_id {number}.",
        )
    if len(twice) >= thresholds.duplicates:
        yield Finding(
            State.WARNING,
            partner.label,
            SHOWN_TWICE,
            f"events that are there twice, or seem to be, and are both shown: {len(twice)}",
            f"`chronotrack-live events duplicates --partner {number}` lists them.",
        )


def _of_event(
    event: WatchedEvent, at: datetime, thresholds: Thresholds, windows: WindowSettings
) -> Iterator[Finding]:
    """Judge an event: only the worst that is the matter with it."""
    stored, account, about = event.standing.event.stored, event.account, event.key
    log = f"See what the scheduler's log says of {about}."
    if account.failures >= thresholds.failures:
        yield Finding(
            State.CRITICAL,
            about,
            "failing",
            f"{account.failures} collections failed in a row: {account.failure_reason}",
            f"`chronotrack-live events collect {about}` tries it now.",
        )
        return
    is_intensive = event.standing.phase is Phase.INTENSIVE
    # Nobody could collect it before it was known.
    known = account.known_since or _NEVER
    missed = owed_since(stored, account.collected_at, at, windows)
    longest = thresholds.missed_intervals * windows.intensive_interval
    if is_intensive and missed is not None and at - max(missed, known) > longest:
        yield Finding(
            State.CRITICAL,
            about,
            "not collected",
            f"not collected in its intensive phase, due since {missed:%Y-%m-%d %H:%M:%S} UTC",
            log,
        )
        return
    # It may begin an interval after its instant (see schedulers.spread), and is accounted for at its end.
    owed, enough = owed_since(stored, stored.last_tried, at, windows), windows.intensive_interval
    if owed is not None and at - max(owed, known) > enough + thresholds.lateness:
        yield Finding(State.WARNING, about, "late", f"late: due since {owed:%Y-%m-%d %H:%M:%S} UTC", log)
    elif is_intensive and (account.lateness or 0) > thresholds.lateness.total_seconds():
        late = f"its last collection began {account.lateness:.0f} s late"
        yield Finding(State.WARNING, about, "late", late, log)


def _owed_longest(reading: Reading, settings: SchedulerSettings) -> tuple[datetime, str] | None:
    """Return since when something is due that the scheduler is to do, and what; None when nothing is."""
    owed: list[tuple[datetime, str]] = []
    for event in (event for event in reading.events if event.is_judged):
        stored = event.standing.event.stored
        due = owed_since(stored, stored.last_tried, reading.at, settings.windows)
        owed += [(due, event.key)] if due is not None else []
    for partner in reading.partners:
        if partner.refused:
            due = (partner.tested_at or _NEVER) + TRY_AGAIN
            owed.append((due, f"the test of the credentials of {partner.label}"))
        else:
            looked = [partner.discovered_at + settings.discovery_interval] if partner.discovered_at else []
            due = max([*looked, partner.changed_at or _NEVER])
            owed.append((due, f"the discovery of {partner.label}"))
    return min(((since, what) for since, what in owed if since <= reading.at), default=None)
