"""The workers of one lane: APScheduler's pool of threads, which may become more or fewer."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent import futures
from datetime import datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.job import Job


class Workers(ThreadPoolExecutor):  # type: ignore[misc]  # APScheduler ships no types
    """A pool whose size can be changed while it works."""

    _pool: futures.Executor

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._number = number

    def become(self, number: int) -> None:
        """Be so many from now on; what runs, or waits for one of those before, is done by those before."""
        if number == self._number:
            return
        # Nothing is being handed over meanwhile.
        with self._lock:
            before, self._pool = self._pool, futures.ThreadPoolExecutor(number)
            self._number = number
        before.shutdown(wait=False)

    def _do_submit_job(self, job: Job, run_times: Sequence[datetime]) -> None:
        """Hand a job over, and note it: whom that fails (no thread can be started, say) has to try again."""
        super()._do_submit_job(job, run_times)
        job.trigger.handed_over()
