"""The jobs of the daemon: APScheduler with a lane of workers for each partner and kind of work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from providers.clock import Clock
from schedulers.triggers import DueTrigger
from schedulers.workers import Workers

# After a fault of ours a job is tried again so soon.
_AFTER_A_FAULT = timedelta(minutes=5)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done once: what is done says what is to be done after it.

    Attributes:
        name: of its own; a job that is planned under the name of another replaces it.
        lane: whose workers do it.
        at: when (aware race time); at once when that has passed.
        work: does it, and returns the job that comes next, None when none does.
    """

    name: str
    lane: str
    at: datetime
    work: Callable[[], Job | None]


class Lanes:
    """Runs jobs at their instants; what fills one lane delays no other. Jobs of one name never overlap."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[str, Workers] = {}
        # Jobs that wait for their instant, wait for a worker or run, by their names; and the names of those
        # that run.
        self._known: dict[str, Job] = {}
        self._running: set[str] = set()
        # What was planned while a job of its name ran.
        self._afterwards: dict[str, Job] = {}
        self._changed = threading.Condition(threading.RLock())
        self._stopped = False
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            job_defaults={
                "misfire_grace_time": None,
                "coalesce": True,
                # A job plans the next one of its name as its last act, when APScheduler still counts it.
                "max_instances": 2,
            },
        )

    def start(self) -> None:
        """Begin to run what is planned."""
        self._scheduler.start()

    def halt(self) -> None:
        """Start nothing more; what runs goes on."""
        with self._changed:
            self._stopped = True
        # Its thread breaks when it is shut down while it hands over a job: let there be none.
        self._scheduler.remove_all_jobs()
        # Without waiting: APScheduler holds its lock while it waits, which a job that ends may want.
        self._scheduler.shutdown(wait=False)

    def wait(self) -> None:
        """Return when nothing runs any more."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running)

    def open(self, workers: Mapping[str, int]) -> None:
        """Open lanes, each with so many workers; one that is open has so many from now on."""
        with self._changed:
            for lane, count in workers.items():
                if lane in self._lanes:
                    self._lanes[lane].become(count)
                else:
                    self._lanes[lane] = Workers(count)
                    self._scheduler.add_executor(self._lanes[lane], lane)

    def close(self, *lanes: str) -> None:
        """Close lanes: what waits in them is dropped, what runs goes on to its end and has no successor."""
        with self._changed:
            closed = [self._lanes.pop(lane) for lane in lanes]
            for job in self._scheduler.get_jobs():
                if job.executor in lanes:
                    self.drop(job.id)
            for lane, executor in zip(lanes, closed, strict=True):
                # Only now: APScheduler's thread may be handing a job over.
                self._scheduler.remove_executor(lane, shutdown=False)
                executor.shutdown(wait=False)

    def plan(self, job: Job | None) -> None:
        """Plan a job, in place of one of its name that waits for its instant; None plans nothing.

        One of its name that has begun, or waits for a worker, stays. It will say itself what comes next; when
        it runs already and says nothing, what was planned meanwhile does.
        """
        if job is None:
            return
        with self._changed:
            if job.name in self._running:
                self._afterwards[job.name] = job
            elif job.name not in self._known or self._scheduler.get_job(job.name) is not None:
                self._add(job)

    def waiting(self) -> dict[str, datetime]:
        """Return the real instants (aware) for which jobs wait, by their names."""
        with self._changed:
            return {job.id: job.next_run_time for job in self._scheduler.get_jobs()}

    def drop(self, name: str) -> None:
        """Forget a job that waits for its instant."""
        with self._changed, suppress(JobLookupError):
            self._scheduler.remove_job(name)
            self._known.pop(name, None)

    def _add(self, job: Job) -> None:
        if self._stopped or job.lane not in self._lanes:
            self._known.pop(job.name, None)
            return
        self._known[job.name] = job
        self._scheduler.add_job(
            self._run,
            DueTrigger(job.at, self._clock),
            args=(job,),
            id=job.name,
            name=job.name,
            executor=job.lane,
            replace_existing=True,
        )

    def _run(self, job: Job) -> None:
        with self._changed:
            if self._known.get(job.name) is not job or job.name in self._running:
                # Its hand-over seemed to fail, and it came through nevertheless: this is the other time.
                return
            if self._stopped or job.lane not in self._lanes:
                self._known.pop(job.name, None)
                return
            self._running.add(job.name)
        try:
            following = job.work()
        except Exception:  # a fault of ours in one job must neither reach the others nor end its own line
            log.exception("job.broke", job=job.name)
            following = replace(job, at=self._clock.now() + _AFTER_A_FAULT)
        with self._changed:
            self._running.discard(job.name)
            self._known.pop(job.name, None)
            following = following or self._afterwards.get(job.name)
            self._afterwards.pop(job.name, None)
            if following is not None:
                self._add(following)
            self._changed.notify_all()
