"""The daemon: collects every partner's events on windows that follow the race.

Run it by path (`python schedulers/chronotrack_live_scheduler.py`) or as `chronotrack-live scheduler`.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Run by path: the repository's root is where the packages are, not this file's folder.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from providers.script import run

    run("schedulers.chronotrack_live_scheduler")

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import click
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from database.opening import opened_database
from database.state_folder import state_folder
from database.store import Store
from providers.clock import Clock, clock_of
from providers.errors import DatabaseUnavailable
from providers.records import StoredEvent
from providers.terminal import COULD_NOT_START, configure_logs, one_clear_line, say
from schedulers.once import exit_code, run_pass
from schedulers.partner import Partner, open_partners
from schedulers.settings import SchedulerSettings
from schedulers.triggers import DueTrigger
from schedulers.windows import next_collection, next_participant_sync

# After one that failed, the next discovery, entry list or collection comes so soon, if not sooner.
_AGAIN = timedelta(minutes=5)
# Entry lists of a partner that are read side by side.
_ENTRY_LISTS = 2

log = structlog.get_logger()


class ChronoTrackLiveScheduler:
    """Runs discovery, entry lists and collections of some partners as APScheduler jobs.

    A job fires once, when the windows say so; when it is done it puts itself on the schedule again. So a
    collection never overlaps itself, and however many due instants pass meanwhile, one makes up for them.
    Each partner has workers of its own: a slow one delays nobody else.
    """

    def __init__(self, partners: Sequence[Partner], clock: Clock, settings: SchedulerSettings) -> None:
        self._partners = {partner.timing_partner_id: partner for partner in partners}
        self._clock = clock
        self._settings = settings
        self._events: dict[str, StoredEvent] = {}
        self._running: set[str] = set()
        self._lock = threading.Lock()
        self._planning = threading.Lock()
        self._stopped = False
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            # A lane for each kind of job: a discovery or a live race must not wait behind entry lists.
            executors={
                f"{kind} {partner_id}": ThreadPoolExecutor(workers)
                for partner_id in self._partners
                for kind, workers in (
                    ("discovery", 1),
                    ("participants", _ENTRY_LISTS),
                    ("results", settings.max_concurrent_events),
                )
            },
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Start with a discovery of every partner."""
        for partner in self._partners.values():
            self._plan(f"discovery {partner.timing_partner_id}", self._clock.now(), self._discover, partner)
        self._scheduler.start()

    def stop(self) -> None:
        """Start nothing more, and return when what runs has ended."""
        with self._planning:
            # APScheduler's shutdown holds its own lock while it waits for jobs: one of them that
            # planned its next run meanwhile would wait for that lock for ever.
            self._stopped = True
        self._scheduler.shutdown(wait=True)

    def _plan(
        self, job_id: str, due: datetime, work: Callable[..., None], partner: Partner, *args: object
    ) -> None:
        kind = job_id.partition(" ")[0]
        with self._planning:
            if self._stopped:
                return
            self._scheduler.add_job(
                work,
                DueTrigger(due, self._clock),
                args=(partner, *args),
                id=job_id,
                name=job_id,
                executor=f"{kind} {partner.timing_partner_id}",
                replace_existing=True,
            )

    def _discover(self, partner: Partner) -> None:
        began = self._clock.now()
        again = began + _AGAIN
        if self._stopped:
            return
        try:
            if partner.authenticate().error is None:
                # What is known already need not wait for a discovery, which may be slow.
                self._follow_events(partner)
                if partner.discover().error is None:
                    again = began + self._settings.discovery_interval
            self._follow_events(partner)
        except DatabaseUnavailable as error:
            partner.adapter.log.warning("database.unavailable", reason=str(error))
        finally:
            self._plan(f"discovery {partner.timing_partner_id}", again, self._discover, partner)

    def _follow_events(self, partner: Partner) -> None:
        if not partner.refused:
            for event in partner.events():
                self._follow(partner, event)

    def _follow(self, partner: Partner, event: StoredEvent) -> None:
        """Take an event as the hub keeps it now, and plan what is not under way already."""
        with self._lock:
            known = self._events.get(event.event_id)
            if known is not None:
                event = replace(
                    event,
                    last_collection=_later(event.last_collection, known.last_collection),
                    last_participant_sync=_later(event.last_participant_sync, known.last_participant_sync),
                )
            self._events[event.event_id] = event
        self._plan_participants(partner, event)
        self._plan_collection(partner, event)

    def _plan_collection(
        self, partner: Partner, event: StoredEvent, not_after: datetime | None = None
    ) -> None:
        job_id = f"results {event.event_id}"
        if job_id in self._running:
            return
        due = next_collection(event, event.last_collection, self._clock.now(), self._settings.windows)
        if due is None:
            partner.adapter.log.info("event.over", event_id=event.event_id, name=event.name)
            return
        due = min(due, not_after or due)
        self._plan(job_id, due, self._collect, partner, event.event_id, due)

    def _plan_participants(
        self, partner: Partner, event: StoredEvent, not_before: datetime | None = None
    ) -> None:
        job_id = f"participants {event.event_id}"
        if job_id in self._running:
            return
        due = next_participant_sync(
            event, event.last_participant_sync, self._clock.now(), self._settings.windows
        )
        if due is not None:
            due = max(due, not_before or due)
            self._plan(job_id, due, self._sync_participants, partner, event.event_id, due)

    def _collect(self, partner: Partner, event_id: str, due: datetime) -> None:
        began, failed = self._clock.now(), True
        with self._under_way(f"results {event_id}"):
            if not (partner.refused or self._stopped):
                failed = partner.collect(self._events[event_id], due).status == "failed"
                self._test_soon_if_refused(partner)
        with self._lock:
            event = self._events[event_id] = replace(self._events[event_id], last_collection=began)
        self._plan_collection(partner, event, not_after=began + _AGAIN if failed else None)

    def _sync_participants(self, partner: Partner, event_id: str, due: datetime) -> None:
        began, failed = self._clock.now(), True
        with self._under_way(f"participants {event_id}"):
            if not (partner.refused or self._stopped):
                failed = partner.sync_participants(self._events[event_id], due).status == "failed"
                self._test_soon_if_refused(partner)
        with self._lock:
            event = self._events[event_id]
            if not failed:
                event = self._events[event_id] = replace(event, last_participant_sync=began)
        self._plan_participants(partner, event, not_before=began + _AGAIN if failed else began)

    def _test_soon_if_refused(self, partner: Partner) -> None:
        """Bring the next test of a partner forward that has just been refused: a race may be on."""
        if partner.refused:
            soon = self._clock.now() + _AGAIN
            self._plan(f"discovery {partner.timing_partner_id}", soon, self._discover, partner)

    @contextmanager
    def _under_way(self, job_id: str) -> Iterator[None]:
        """Mark a job as running. A fault of ours is logged and does not end the event's schedule."""
        self._running.add(job_id)
        try:
            yield
        except Exception:  # the next due instant must come whatever happened in this one
            log.exception("job.broke", job=job_id)
        finally:
            self._running.discard(job_id)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((instant for instant in (one, other) if instant is not None), default=None)


def run_daemon(partners: Sequence[Partner], clock: Clock, settings: SchedulerSettings) -> None:
    """Run until SIGTERM or SIGINT; collections under way are finished first."""
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    scheduler = ChronoTrackLiveScheduler(partners, clock, settings)
    scheduler.start()
    log.info("scheduler.started", partners=[partner.timing_partner_id for partner in partners])
    stopping.wait()
    log.info("scheduler.stopping")
    scheduler.stop()
    log.info("scheduler.stopped")


@click.command(name="scheduler")
@click.option(
    "--once",
    is_flag=True,
    help="Do whatever is due now, then exit: 0 all well, 1 something failed, 2 could not start.",
)
@click.option(
    "--partner", "only", type=int, multiple=True, help="Only this timing_partner_id; may be repeated."
)
@click.option("--verbose", is_flag=True, help="Log every request, without what is secret in it.")
@click.option(
    "--record",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep what the APIs answer in this folder, for `chronotrack-live simulate --replay`.",
)
def command(*, once: bool, only: tuple[int, ...], verbose: bool, record: Path | None) -> None:
    """Collect events, participants and results on windows that follow the race."""
    # A pass says on stdout what it did; its log is for looking for a fault.
    configure_logs(verbose=verbose, quiet=once)
    with one_clear_line(), opened_database(os.environ, say) as database:
        settings = SchedulerSettings.from_env(os.environ)
        clock = clock_of(os.environ)
        store = Store(database)
        state = state_folder(os.environ)
        partners, problems = open_partners(store, state, clock, only or None, record)
        for problem in problems:
            say(f"chronotrack-live: {problem}")
        if not partners:
            sys.exit(COULD_NOT_START)
        try:
            if once:
                sys.exit(exit_code(run_pass(partners, clock, settings), problems))
            run_daemon(partners, clock, settings)
        finally:
            for partner in partners:
                partner.adapter.close()
            store.close()
