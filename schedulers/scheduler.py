"""What the daemon does for its partners, as jobs that follow the agenda."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta

import structlog

from providers.accounts import SyncReport
from providers.clock import Clock
from providers.errors import DatabaseUnavailable, IntegrationError
from schedulers.agenda import Agenda
from schedulers.database_watch import DatabaseWatch
from schedulers.discovery_jobs import DiscoveryJobs
from schedulers.event_jobs import EventJobs
from schedulers.lanes import Job, Lanes
from schedulers.observer import Nobody, Observer
from schedulers.partner import Partner, SchedulerStore
from schedulers.roster import Roster
from schedulers.settings import SchedulerSettings
from schedulers.windows import TRY_AGAIN, Phase

# What is not about one partner is done in the house, one after the other; the signs of life, and the looks
# after a lost database, wait for nobody.
HOUSE, BEAT, _DATABASE = "house", "beat", "database"

# Daemons that are started together are started so soon one after the other: a discovery that one of them has
# made by then counts for all. Who is started later makes one of his own at once.
_STARTED_TOGETHER = timedelta(seconds=20)
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
        follow_partners: Callable[[], None] = lambda: None,
    ) -> None:
        """Take what it works with.

        Args:
            partners: whom it works for at first.
            store: the hub.
            clock: race time.
            settings: what it goes by at first.
            observer: is told what was done, and how things stand.
            follow_partners: is called once an interval, when the database is there, to admit and dismiss; it
                may raise DatabaseUnavailable.
        """
        self.roster = Roster(partners)
        self.lanes = Lanes(clock)
        self._store = store
        self._clock = clock
        self._settings = settings
        self._observer = observer or Nobody()
        self._follow_partners = follow_partners
        self._agenda = Agenda(settings.windows)
        self._watch = DatabaseWatch(store.answers)
        self._discovery_jobs = DiscoveryJobs(
            self.roster,
            clock,
            self._watch,
            settings.discovery_interval,
            self._told,
            self._follow,
            self._database_is_lost,
        )
        self._event_jobs = EventJobs(self.roster, self._agenda, clock, self._watch, self._told)
        self._seen = clock.now()

    def start(self) -> None:
        """Start with a discovery of every partner, unless another process has just made it."""
        self.lanes.open({HOUSE: 1, BEAT: 1, _DATABASE: 1})
        for partner in self.roster:
            partner.count_since(self._clock.now() - _STARTED_TOGETHER)
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

    def go_by(self, settings: SchedulerSettings) -> None:
        """Go by other settings from now on; what is under way goes on to its end."""
        before, self._settings = self._settings, settings
        self._discovery_jobs.every = settings.discovery_interval
        events = self._agenda.go_by(settings.windows)
        for partner_id in [partner.timing_partner_id for partner in self.roster]:
            self.lanes.open(self._workers(partner_id))
            if settings.discovery_interval < before.discovery_interval:
                self.lanes.plan(self._discovery_jobs.of(partner_id, self._clock.now()))
        for event in events:
            self._plan_for(event.timing_partner_id, event.event_id)
        self.lanes.plan(self._reading_of_the_hub())

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
            partner.count_since(now - _STARTED_TOGETHER)
            self.lanes.plan(self._discovery_jobs.of(partner.timing_partner_id, now, afresh=True))

    def look_whether_the_database_hangs(self) -> None:
        """Have the database asked when somebody waits long for it: nobody else may be about to notice."""
        if self._store.hangs() and not self._watch.lost:
            # On its lane: where it hangs, this takes as long as a connection may take.
            self.lanes.plan(Job("database", _DATABASE, self._clock.now(), self._ask_the_database))

    # One partner ---------------------------------------------------------------------------------------

    def _let_in(self, partner_id: int) -> None:
        self.lanes.open(self._workers(partner_id))
        # One whose credentials have changed may have failed for want of them: nothing waits for its next try.
        self.lanes.plan(self._discovery_jobs.of(partner_id, self._clock.now(), afresh=True))

    def _workers(self, partner_id: int) -> dict[str, int]:
        """Return a partner's lanes: a discovery or a live race must not wait behind entry lists."""
        return {
            f"discovery {partner_id}": 1,
            f"participants {partner_id}": _ENTRY_LISTS,
            f"results {partner_id}": self._settings.max_concurrent_events,
        }

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
            self._plan_for(partner_id, event_id)
        for event in events:
            if self._agenda.follow(event) or afresh:
                self._plan_for(partner_id, event.event_id)
        if partner_id not in {partner.timing_partner_id for partner in self.roster}:
            # He was let go meanwhile: should he come back, all of his events are news.
            self._agenda.leave_all_but(partner_id, ())

    def _plan_for(self, partner_id: int, event_id: str) -> None:
        """Plan what is due next of an event; what waits though nothing is due any more is dropped."""
        for name, job in self._event_jobs.of(partner_id, event_id):
            if job is None:
                self.lanes.drop(name)
            self.lanes.plan(job)

    # The house -----------------------------------------------------------------------------------------

    def _told(self, report: SyncReport, partner: Partner) -> SyncReport:
        for reading in filter(None, (report, report.second)):
            self._observer.done(reading, partner)
            self._database_is_lost(reading.error)
        if partner.refused and report.event_id is not None:
            # A race may be on: the next test of the credentials comes soon.
            next_test = self._clock.now() + TRY_AGAIN
            self.lanes.plan(self._discovery_jobs.of(partner.timing_partner_id, next_test))
        return report

    def _reading_of_the_hub(self) -> Job:
        # In a fast rehearsal not more often than once in a real second.
        interval = max(self._settings.windows.intensive_interval, timedelta(seconds=self._clock.speed))
        return Job("hub", HOUSE, self._clock.now() + interval, self._read_the_hub)

    def _read_the_hub(self) -> Job:
        """Learn what others did: another daemon may have found the events, and may die; partners change."""
        if not self._watch.lost:
            for partner in self.roster:
                self._follow(partner)
            try:
                self._follow_partners()
            except DatabaseUnavailable as error:
                if not self._database_is_lost(error):
                    log.warning("credentials.not_read", reason=str(error))
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
        return Job("database", _DATABASE, self._clock.now() + wait, self._look_at_the_database)

    def _ask_the_database(self) -> Job | None:
        self._watch.missed()
        # Another may have found it lost meanwhile: this job took the place of the look that he planned.
        return self._look_after_the_database() if self._watch.lost else None

    def _look_at_the_database(self) -> Job | None:
        if not self._watch.look():
            return self._look_after_the_database()
        for partner in self.roster:
            self._follow(partner, afresh=True)
        return None
