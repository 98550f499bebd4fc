"""What the daemon does for its partners, as jobs that follow the agenda."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from providers.clock import Clock
from providers.errors import CollectedElsewhere, DatabaseUnavailable, IntegrationError
from providers.records import SyncReport
from schedulers.agenda import Agenda, Due
from schedulers.database_watch import DatabaseWatch
from schedulers.lanes import Job, Lanes
from schedulers.observer import Nobody, Observer
from schedulers.partner import Partner, SchedulerStore
from schedulers.roster import Roster
from schedulers.settings import SchedulerSettings
from schedulers.windows import Phase

# What is not about one partner is done here, one after the other; the signs of life wait for nobody.
HOUSE, BEAT = "house", "beat"

# After one that failed, the next discovery, entry list or collection comes so soon, if not sooner.
_AGAIN = timedelta(minutes=5)
# While another process has an event, it is looked at again so soon: who had it may have failed or died.
_LOOK_AGAIN = timedelta(seconds=10)
# Entry lists of a partner that are read side by side.
_ENTRY_LISTS = 2
# The account of frequent polls is folded so often, as far as it is older than this.
_FOLD_EVERY, _FOLD_AFTER = timedelta(days=1), timedelta(hours=48)

log = structlog.get_logger()


class ChronoTrackLiveScheduler:
    """Runs discovery, entry lists and collections of partners as APScheduler jobs.

    A job is done once, when the agenda says so, and then says what comes next. So a collection never overlaps
    itself, and however many due instants pass meanwhile, one makes up for them. Each partner has lanes of
    workers of its own: a slow one delays nobody else. What is due follows from the hub alone (`ct_events`,
    `sync_history`), which is read again once an interval: it does not matter which process did what.
    """

    def __init__(
        self,
        partners: Iterable[Partner],
        store: SchedulerStore,
        clock: Clock,
        settings: SchedulerSettings,
        observer: Observer | None = None,
    ) -> None:
        self.roster = Roster(partners)
        self.lanes = Lanes(clock)
        self._store = store
        self._clock = clock
        self._settings = settings
        self._observer = observer or Nobody()
        self._agenda = Agenda(settings.windows)
        self._watch = DatabaseWatch(store.answers)
        self._seen = clock.now()

    def start(self) -> None:
        """Start with a discovery of every partner."""
        self.lanes.open({HOUSE: 1, BEAT: 1})
        for partner in self.roster:
            self._let_in(partner.timing_partner_id)
        self.lanes.plan(self._reading_of_the_hub())
        self.lanes.plan(Job("fold", HOUSE, self._clock.now(), self._fold))
        self.lanes.start()

    def stop(self) -> None:
        """Start nothing more, wait for nothing more, and return when what runs has ended."""
        self.lanes.halt()
        self.roster.stop()
        self.lanes.wait()

    def admit(self, partner: Partner) -> None:
        """Work for a partner from now on, in place of one of the same id but for what is under way."""
        self.roster.put(partner)
        self._let_in(partner.timing_partner_id)

    def dismiss(self, timing_partner_id: int) -> None:
        """Work for a partner no more, but for what is under way."""
        self.roster.remove(timing_partner_id)
        self.lanes.close(*self._workers(timing_partner_id))
        self._agenda.leave_all_but(timing_partner_id, ())

    def tell_how_things_stand(self) -> str:
        """Tell the observer how many events each partner has in each phase; return a line for a person."""
        now = self._clock.now()
        followed = {partner: self._agenda.phases(partner.timing_partner_id, now) for partner in self.roster}
        self._observer.stands(followed, database_is_there=not self._watch.lost)
        in_all = sum(followed.values(), start=Counter[Phase]())
        database = "; waiting for the database" if self._watch.lost else ""
        return (
            f"{len(followed)} partners; events: {in_all[Phase.INTENSIVE]} intensive, "
            f"{in_all[Phase.STANDARD]} standard, {in_all[Phase.WAITING]} waiting{database}"
        )

    def look_at_the_clock(self) -> None:
        """Plan everything afresh when the clock was set back: what waits would wait too long."""
        now = self._clock.now()
        back, self._seen = self._seen - now, now
        if back <= timedelta(0):
            return
        log.warning("clock.set_back", seconds=round(back.total_seconds(), 3))
        if self._watch.lost:
            self.lanes.plan(self._look_after_the_database())
        self.lanes.plan(self._reading_of_the_hub())
        self.lanes.plan(Job("fold", HOUSE, now + _FOLD_EVERY, self._fold))
        for partner in self.roster:
            self.lanes.plan(self._discovery(partner.timing_partner_id, timedelta(0), afresh=True))

    # One partner ---------------------------------------------------------------------------------------

    def _let_in(self, partner_id: int) -> None:
        self.lanes.open(self._workers(partner_id))
        # One whose credentials have changed may have failed for want of them: nothing waits for its next try.
        self.lanes.plan(self._discovery(partner_id, timedelta(0), afresh=True))

    def _workers(self, partner_id: int) -> dict[str, int]:
        """Return a partner's lanes: a discovery or a live race must not wait behind entry lists."""
        return {
            f"discovery {partner_id}": 1,
            f"participants {partner_id}": _ENTRY_LISTS,
            f"results {partner_id}": self._settings.max_concurrent_events,
        }

    def _discovery(self, partner_id: int, after: timedelta, *, afresh: bool = False) -> Job:
        name = f"discovery {partner_id}"
        at = self._clock.now() + after
        return Job(name, name, at, lambda: self._discover(partner_id, afresh=afresh))

    def _discover(self, partner_id: int, *, afresh: bool) -> Job | None:
        following = self._discovery(partner_id, _AGAIN)
        with self.roster.at_work(partner_id) as partner:
            if partner is None:
                return None
            if self._watch.lost:
                return following
            afresh = afresh or partner.refused
            tested = self._told(partner.authenticate(), partner)
            if partner.refused:
                return following
            # What is known already need not wait for a discovery, which may be slow.
            self._follow(partner, afresh=afresh)
            if tested.error is None and self._told(partner.discover(), partner).error is None:
                following = self._discovery(partner_id, self._settings.discovery_interval)
            self._follow(partner)
            if partner not in self.roster:
                # His credentials have changed meanwhile.
                following = self._discovery(partner_id, timedelta(0), afresh=True)
        return following

    def _follow(self, partner: Partner, *, afresh: bool = False) -> None:
        """Take the partner's events as the hub keeps them now, and plan for those of which there is news.

        `afresh` plans for all of them: what could not be done meanwhile is done at once.
        """
        if partner.refused:
            return
        try:
            events = partner.events(self._settings.windows.max_collection)
        except IntegrationError as error:
            if not self._database_is_lost(error):
                partner.adapter.log.warning("events.unknown", reason=str(error))
            return
        partner_id = partner.timing_partner_id
        for event_id in self._agenda.leave_all_but(partner_id, {event.event_id for event in events}):
            self.lanes.drop(f"results {event_id}")
            self.lanes.drop(f"participants {event_id}")
        for event in events:
            if self._agenda.follow(event) or afresh:
                self.lanes.plan(self._entry_list(partner_id, event.event_id))
                self.lanes.plan(self._collection(partner_id, event.event_id))
        if partner_id not in {partner.timing_partner_id for partner in self.roster}:
            # He was let go meanwhile: should he come back, all of his events are news.
            self._agenda.leave_all_but(partner_id, ())

    # One event -----------------------------------------------------------------------------------------

    def _collection(self, partner_id: int, event_id: str, again: Due | None = None) -> Job | None:
        """Return the job of the event's next collection, or of another try that comes sooner."""
        due = self._agenda.next_collection(event_id, self._clock.now())
        if again is not None and (due is None or again.planned < due.planned):
            due = again
        return None if due is None else self._collection_at(partner_id, event_id, due)

    def _collection_at(self, partner_id: int, event_id: str, due: Due) -> Job:
        return Job(
            f"results {event_id}",
            f"results {partner_id}",
            due.planned,
            lambda: self._collect(partner_id, event_id, due),
        )

    def _collect(self, partner_id: int, event_id: str, due: Due) -> Job | None:
        report = None
        with self.roster.at_work(partner_id) as partner:
            event = self._agenda.event(event_id)
            if partner is None or event is None:
                return None
            if not (partner.refused or self._watch.lost):
                report = self._told(partner.collect(event, due.instant, due.planned), partner)
                self._test_soon_if_refused(partner)
        now = self._clock.now()
        if report is None or (self._watch.lost and isinstance(report.error, DatabaseUnavailable)):
            # It stays due: when that is over, all is planned afresh.
            return self._collection_at(partner_id, event_id, Due(due.instant, now + _AGAIN))
        again = None
        if report.status == "failed":
            # Another try, unless somebody else's goes well meanwhile.
            again = Due(report.started, now + _AGAIN)
        elif isinstance(report.error, CollectedElsewhere):
            again = Due(due.instant, now + _LOOK_AGAIN)
        self._agenda.collected(event_id, due.planned if report.status == "skipped" else report.started)
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
            lambda: self._read_entries(partner_id, event_id, due),
        )

    def _read_entries(self, partner_id: int, event_id: str, due: Due) -> Job | None:
        report = None
        with self.roster.at_work(partner_id) as partner:
            event = self._agenda.event(event_id)
            if partner is None or event is None:
                return None
            if not (partner.refused or self._watch.lost):
                report = self._told(partner.sync_participants(event, due.instant, due.planned), partner)
                self._test_soon_if_refused(partner)
        if report is not None and report.status in ("completed", "partial"):
            self._agenda.entries_read(event_id, report.started)
            return self._entry_list(partner_id, event_id)
        # Where another process has read it, or it cannot be had, the hub says so by then.
        return self._entry_list(partner_id, event_id, self._clock.now() + _AGAIN)

    def _test_soon_if_refused(self, partner: Partner) -> None:
        """Bring the next test of a partner forward that has just been refused: a race may be on."""
        if partner.refused:
            self.lanes.plan(self._discovery(partner.timing_partner_id, _AGAIN))

    # The house -----------------------------------------------------------------------------------------

    def _told(self, report: SyncReport, partner: Partner) -> SyncReport:
        self._observer.done(report, partner)
        self._database_is_lost(report.error)
        return report

    def _reading_of_the_hub(self) -> Job:
        # In a fast rehearsal not more often than once in a real second.
        interval = max(self._settings.windows.intensive_interval, timedelta(seconds=self._clock.speed))
        return Job("hub", HOUSE, self._clock.now() + interval, self._read_the_hub)

    def _read_the_hub(self) -> Job:
        """Learn what other processes did: another daemon may have found the events, and may die."""
        if not self._watch.lost:
            for partner in self.roster:
                self._follow(partner)
        return self._reading_of_the_hub()

    def _fold(self) -> Job:
        now = self._clock.now()
        try:
            if not self._watch.lost:
                log.info("history.folded", rows=self._store.fold_history(now - _FOLD_AFTER))
        except IntegrationError as error:
            if not self._database_is_lost(error):
                log.warning("history.not_folded", reason=str(error))
        return Job("fold", HOUSE, now + _FOLD_EVERY, self._fold)

    def _database_is_lost(self, error: IntegrationError | None) -> bool:
        """Look after the database when an operation failed for want of it; return whether it is lost."""
        if isinstance(error, DatabaseUnavailable) and self._watch.missed():
            self.lanes.plan(self._look_after_the_database())
        return isinstance(error, DatabaseUnavailable) and self._watch.lost

    def _look_after_the_database(self) -> Job:
        wait = self._watch.next_look() * self._clock.speed
        return Job("database", HOUSE, self._clock.now() + wait, self._look_at_the_database)

    def _look_at_the_database(self) -> Job | None:
        if not self._watch.look():
            return self._look_after_the_database()
        for partner in self.roster:
            self._follow(partner, afresh=True)
        return None
