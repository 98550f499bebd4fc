"""What the monitor judges: pure functions of what was read. No clock, no network, no database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from database.monitoring import OperationCount
from operations.finding import Finding, State
from operations.health_events import event_findings
from operations.health_partners import partner_findings
from operations.health_service import service_findings
from operations.reading import Reading
from operations.thresholds import Thresholds
from schedulers.settings import SchedulerSettings


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


def _findings(reading: Reading, thresholds: Thresholds, settings: SchedulerSettings) -> Iterator[Finding]:
    yield from service_findings(reading, thresholds, settings)
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
        yield from partner_findings(partner, reading, thresholds, settings)
    for event in reading.events:
        if event.is_judged:
            yield from event_findings(event, reading.at, thresholds, settings.windows)


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
