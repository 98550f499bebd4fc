"""What the daemon does for one event: the collections of its results, and the readings of its entry list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from providers.accounts import SyncReport
from providers.clock import Clock
from providers.errors import CollectedElsewhere, DatabaseUnavailable
from providers.records import StoredEvent
from schedulers.agenda import Agenda, Due
from schedulers.database_watch import DatabaseWatch
from schedulers.lanes import Job
from schedulers.partner import Partner
from schedulers.roster import Roster
from schedulers.windows import TRY_AGAIN

# While another process has an event, it is looked at again so soon: who had it may have failed or died.
LOOK_AGAIN = timedelta(seconds=10)


class EventJobs:
    """Makes the jobs of the events on the agenda. Each is done once, and then says what comes next."""

    def __init__(
        self,
        roster: Roster,
        agenda: Agenda,
        clock: Clock,
        watch: DatabaseWatch,
        told: Callable[[SyncReport, Partner], SyncReport],
    ) -> None:
        """Make jobs for partners of a roster; `told` is told of each report, and returns it."""
        self._roster = roster
        self._agenda = agenda
        self._clock = clock
        self._watch = watch
        self._told = told

    def of(self, partner_id: int, event_id: str) -> Iterator[tuple[str, Job | None]]:
        """Yield the name of each kind of job that the event may have, with the next one, None for none."""
        yield f"participants {event_id}", self._entry_list(partner_id, event_id)
        yield f"results {event_id}", self._collection(partner_id, event_id)

    def _collection(self, partner_id: int, event_id: str, again: Due | None = None) -> Job | None:
        """Return the job of the event's next collection, or of another look that comes sooner."""
        due = self._agenda.next_collection(event_id, self._clock.now())
        if again is not None and (due is None or again.planned < due.planned):
            due = again
        return None if due is None else self._collection_at(partner_id, event_id, due)

    def _collection_at(self, partner_id: int, event_id: str, due: Due) -> Job:
        return Job(
            f"results {event_id}",
            f"results {partner_id}",
            due.planned,
            lambda: self._do(
                partner_id,
                event_id,
                lambda partner, event: partner.collect(event, due.instant, due.planned),
                lambda report: self._after_collection(partner_id, event_id, due, report),
            ),
        )

    def _after_collection(
        self, partner_id: int, event_id: str, due: Due, report: SyncReport | None
    ) -> Job | None:
        now = self._clock.now()
        if report is None or (self._watch.lost and isinstance(report.error, DatabaseUnavailable)):
            # It stays due: when that is over, all is planned afresh.
            return self._collection_at(partner_id, event_id, Due(due.instant, now + TRY_AGAIN))
        if report.status == "failed":
            self._agenda.failed(event_id, report.started)
            return self._collection(partner_id, event_id)
        self._agenda.collected(event_id, due.planned if report.status == "skipped" else report.started)
        elsewhere = isinstance(report.error, CollectedElsewhere)
        again = Due(due.instant, now + LOOK_AGAIN) if elsewhere else None
        return self._collection(partner_id, event_id, again)

    def _entry_list(self, partner_id: int, event_id: str, not_before: datetime | None = None) -> Job | None:
        """Return the job of the event's next entry list."""
        due = self._agenda.next_entry_list(event_id, self._clock.now())
        if due is None:
            return None
        if not_before is not None:
            due = Due(due.instant, max(due.planned, not_before))
        return Job(
            f"participants {event_id}",
            f"participants {partner_id}",
            due.planned,
            lambda: self._do(
                partner_id,
                event_id,
                lambda partner, event: partner.sync_participants(event, due.instant, due.planned),
                lambda report: self._after_entry_list(partner_id, event_id, report),
            ),
        )

    def _after_entry_list(self, partner_id: int, event_id: str, report: SyncReport | None) -> Job | None:
        now = self._clock.now()
        if report is None or report.status not in ("completed", "partial"):
            # Where another process has read it, or it cannot be had, the hub says so by then.
            return self._entry_list(partner_id, event_id, now + TRY_AGAIN)
        if report.statistics.get("complete") is False:
            self._agenda.entries_moved(event_id, report.started, now)
        else:
            self._agenda.entries_read(event_id, report.started)
        return self._entry_list(partner_id, event_id)

    def _do(
        self,
        partner_id: int,
        event_id: str,
        work: Callable[[Partner, StoredEvent], SyncReport],
        following: Callable[[SyncReport | None], Job | None],
    ) -> Job | None:
        """Do the work, if it can be done now; return the job that follows its report, or that it has none."""
        report = None
        with self._roster.at_work(partner_id) as partner:
            event = self._agenda.event(event_id)
            if partner is None or event is None:
                return None
            if not (partner.refused or self._watch.lost):
                report = self._told(work(partner, event), partner)
        return following(report)
