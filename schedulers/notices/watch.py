"""What the daemon itself meets that people are to know of."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from providers.accounts import SyncReport
from providers.clock import Clock
from providers.errors import CollectedElsewhere
from schedulers.notices.concern import Concern, Look
from schedulers.partner import Partner
from schedulers.windows import Phase

_DATABASE = "database"
# As the monitor has them by default.
FAILURES = 3
LATENESS = timedelta(seconds=45)
# One collection is late that makes up for a lost database, or that begins before the event was known.
_LATE_IN_A_ROW = 2
# A database that is started again is back in less.
_LOST = timedelta(minutes=1)
# An event that was not collected for so long is judged no more: it is paused, or not followed any more.
_UNHEARD_OF = timedelta(days=1)


@dataclass(slots=True)
class _Collections:
    """How an event's last collections went: those in a row that failed, and those that began late."""

    partner_id: int
    at: datetime
    failures: int = 0
    reason: str = ""
    late: int = 0
    lateness: float = 0.0

    def note(self, report: SyncReport) -> None:
        self.at = report.started
        self.failures = self.failures + 1 if report.status == "failed" else 0
        self.reason = str(report.error or "")
        # What is read again at once is due at no certain instant.
        if report.lateness is not None:
            self.lateness = report.lateness
            self.late = self.late + 1 if report.lateness > LATENESS.total_seconds() else 0


class Watch:
    """An observer (see schedulers.observer) that keeps in mind what is the matter at present."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._database_is_there = False
        # When it was first said not to be.
        self._database_away_since: datetime | None = None
        # Of whom it is known whether they are refused.
        self._partners: set[Partner] = set()
        self._events: dict[str, _Collections] = {}

    def done(self, report: SyncReport, partner: Partner) -> None:
        """Take the report of an operation that has ended."""
        with self._lock:
            if partner.refused or report.status in ("completed", "partial"):
                self._partners.add(partner)
            if report.sync_type == "results" and isinstance(report.error, CollectedElsewhere):
                # Another process has it: how it goes there is not known here.
                self._events.pop(report.event_id or "", None)
            elif report.sync_type == "results" and report.event_id and report.status != "skipped":
                known = self._events.setdefault(
                    report.event_id, _Collections(report.timing_partner_id, report.started)
                )
                known.note(report)

    def stands(self, followed: Mapping[Partner, Mapping[Phase, int]], *, database_is_there: bool) -> None:
        """Take who the partners are, and whether the database is there; who has left is judged no more."""
        here = {partner.timing_partner_id for partner in followed}
        now = self._clock.now()
        with self._lock:
            self._database_is_there = database_is_there
            # One in the future was noted before the clock was set back.
            since = min(self._database_away_since or now, now)
            self._database_away_since = None if database_is_there else since
            self._partners &= followed.keys()
            self._events = {
                event: known
                for event, known in self._events.items()
                if known.partner_id in here and known.at > now - _UNHEARD_OF
            }

    def look(self) -> Look:
        """Return how things are now."""
        now = self._clock.now()
        with self._lock:
            judged = {_subject(partner) for partner in self._partners}
            # Of one that has begun to fail, or to be late, nobody can say yet how it is.
            judged |= {event for event, known in self._events.items() if not (known.failures or known.late)}
            if self._database_is_there:
                judged.add(_DATABASE)
            return Look(now, list(self._concerns(now)), judged)

    def _concerns(self, now: datetime) -> Iterator[Concern]:
        away_since = self._database_away_since
        if away_since is not None and now - away_since >= _LOST:
            yield Concern(
                _DATABASE,
                "lost",
                _DATABASE,
                "the scheduler cannot reach it, so nothing is collected",
                "See that PostgreSQL runs and can be reached; the scheduler goes on by itself.",
            )
        yield from (_refused(partner) for partner in self._partners if partner.refused)
        for event, known in self._events.items():
            if known.failures >= FAILURES:
                what = f"{known.failures} collections failed in a row: {known.reason}"
                remedy = f"`chronotrack-live events collect {event}` tries it now."
                yield Concern(event, "failing", event, what, remedy)
            elif known.late >= _LATE_IN_A_ROW:
                what = f"its last collection began {known.lateness:.0f} s late, and so did the one before"
                remedy = "See what the scheduler's log says of it, and how busy this machine is."
                yield Concern(event, "late", event, what, remedy)


def _refused(partner: Partner) -> Concern:
    number = partner.timing_partner_id
    return Concern(
        _subject(partner),
        "refused",
        partner.label,
        "the API refuses its credentials, so nothing of it is collected",
        f"`chronotrack-live credentials test {number}` asks the API now; "
        f"`chronotrack-live credentials set {number}` changes them.",
    )


def _subject(partner: Partner) -> str:
    return f"partner {partner.timing_partner_id}"
