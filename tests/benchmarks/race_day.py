"""A thousand live events: whether one daemon on two cores collects each of them when it is due.

    python -m tests.benchmarks.race_day [--events 1000] [--partners 20] [--minutes 10] [--report FILE]

The daemon runs as in production, on a private PostgreSQL and an API that answers from prepared pages. It is
measured when every event has been collected once and an interval has passed since.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import psycopg2
import psycopg2.extensions
from psycopg2.extras import RealDictCursor
from rich.console import Console

from database.connection import driver_errors
from database.settings import DatabaseSettings
from database.state_folder import state_folder
from providers.errors import SettingsInvalid
from providers.exit_codes import SOMETHING_FAILED
from providers.terminal import one_clear_line
from tests.benchmarks import race_day_processes as processes
from tests.benchmarks.prepared_server import Api, served_api
from tests.benchmarks.race_day_freshness import freshness
from tests.benchmarks.race_day_report import Day, Measured, Peaks, markdown
from tests.benchmarks.race_day_stage import fresh_hub, only_benchmark, running_daemon, running_server

_ROOT = Path(__file__).resolve().parents[2]
_REPORT = _ROOT / "docs" / "benchmarks" / "scheduler.md"
# So long ago every event has begun: well within its intensive phase.
_BEGUN = timedelta(minutes=30)
# How long the slowest collection may take before its finishers count as missing, in seconds.
_SPARE = 2.0
# How long it may take until every event has been collected once, in seconds.
_PATIENCE = 600.0

_COLLECTED = """
    SELECT count(DISTINCT event_id) AS events FROM sync_history
    WHERE sync_type = 'results' AND status IN ('completed', 'partial')
"""
_CONNECTIONS = """
    SELECT count(*) AS connections FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'chronotrack-live'
"""
_HISTORY = """
    SELECT sync_type, status, lateness_seconds AS lateness, num_of_synced_records AS written
    FROM sync_history WHERE sync_time >= %s AND sync_time < %s AND sync_type IS NOT NULL
"""


@click.command(name="race_day")
@click.option("--events", type=click.IntRange(1, 100_000), default=1000, show_default=True)
@click.option("--partners", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option(
    "--athletes",
    type=click.IntRange(2, 20_000),
    default=200,
    show_default=True,
    help="Of each event.",
)
@click.option(
    "--interval",
    type=click.FloatRange(1, 3600),
    default=90,
    show_default=True,
    help="Seconds between two collections of an event.",
)
@click.option(
    "--minutes", type=click.FloatRange(0, 240, min_open=True), default=10, show_default=True, help="Measured."
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_REPORT,
    help="Where the report goes.  [default: docs/benchmarks/scheduler.md]",
)
def command(
    *, events: int, partners: int, athletes: int, interval: float, minutes: float, report: Path
) -> None:
    """Measure the scheduler on a race day; exit 1 when it does not hold what is promised.

    It promises a lateness under a second for 99 collections in 100, fewer than 100 connections, and fewer
    than 20 to the database. Touches no database that is configured. Linux only.
    """
    console = Console(soft_wrap=True, highlight=False)
    with one_clear_line(), driver_errors():
        measured = run(console, Day(events, partners, athletes, interval, minutes * 60))
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(markdown(measured), encoding="utf-8")
        faults = measured.faults()
        for fault in faults:
            console.print(fault, style="bold red", markup=False)
        console.print(f"Report: {report}")
        sys.exit(SOMETHING_FAILED if faults else 0)


def run(console: Console, day: Day) -> Measured:
    """Run a race day on a fresh hub and measure it.

    Raises:
        SettingsInvalid: another benchmark runs on this state folder, no PostgreSQL is to be had, or the
            daemon does not come up.
    """
    source = DatabaseSettings.from_env(os.environ).postgres_source
    start = datetime.now(UTC).replace(microsecond=0) - _BEGUN
    with (
        only_benchmark(state_folder(os.environ)) as folder,
        running_server(folder, source) as server,
        served_api(
            start,
            events=day.events,
            partners=day.partners,
            athletes=day.athletes,
            finishers=day.finished,
            pace=day.pace,
        ) as api,
        fresh_hub(server, day, api) as dsn,
        closing(psycopg2.connect(dsn, cursor_factory=RealDictCursor)) as hub,
        running_daemon(folder, dsn, day) as daemon,
    ):
        hub.autocommit = True
        return _RaceDay(console, day, hub, daemon, api).measure()


class _RaceDay:
    """A race day that is under way."""

    def __init__(
        self,
        console: Console,
        day: Day,
        hub: psycopg2.extensions.connection,
        daemon: subprocess.Popen[bytes],
        api: Api,
    ) -> None:
        self._console = console
        self._day = day
        self._hub = hub
        self._daemon = daemon
        self._api = api
        self._postgres = processes.parent(hub.info.backend_pid)

    def measure(self) -> Measured:
        """Let the daemon come to its rhythm, measure it, and end it."""
        begun, start, peaks = time.monotonic(), Peaks(), Peaks()
        self._console.print(f"Each of {self._day.events:,} events is collected once ...")
        self._await_every_event(start)
        start_seconds = time.monotonic() - begun
        self._console.print(f"That took {start_seconds:.0f} s. One interval more ...")
        self._look_for(self._day.interval, start)

        self._console.print(f"Measuring for {self._day.seconds:.0f} s ...")
        since, before, account_before = datetime.now(UTC), self._cpu(), self._api.account()
        self._look_for(self._day.seconds, peaks)
        until, after, account = datetime.now(UTC), self._cpu(), self._api.account()
        earlier = timedelta(seconds=self._day.interval + _SPARE)
        fresh, missing = freshness(
            self._hub, self._day, account.begun, (since - earlier).timestamp(), (until - earlier).timestamp()
        )
        memory, load = processes.peak_memory(self._daemon.pid), os.getloadavg()[1]

        # What has begun ends, and is accounted for.
        self._daemon.send_signal(signal.SIGTERM)
        self._daemon.wait()
        ours = {who: after[who] - before[who] for who in before}
        everybody = ours.pop("everybody")
        return Measured(
            day=self._day,
            command=f"python -m tests.benchmarks.race_day {' '.join(sys.argv[1:])}".strip(),
            seconds=(until - since).total_seconds(),
            start_seconds=start_seconds,
            history=self._rows(_HISTORY, since.replace(tzinfo=None), until.replace(tzinfo=None)),
            cpu=ours | {"everybody else on the machine": max(0.0, everybody - sum(ours.values()))},
            memory=memory,
            start=start,
            peaks=peaks,
            freshness=fresh,
            missing=missing,
            requests=account.requests - account_before.requests,
            most_requests=account.most,
            load=load,
        )

    def _await_every_event(self, peaks: Peaks) -> None:
        deadline = time.monotonic() + _PATIENCE
        while self._rows(_COLLECTED)[0]["events"] < self._day.events:
            if time.monotonic() > deadline:
                raise SettingsInvalid(
                    f"Not every event was collected within {_PATIENCE:.0f} s: try fewer with --events."
                )
            self._look(peaks)

    def _look_for(self, seconds: float, peaks: Peaks) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._look(peaks)

    def _look(self, peaks: Peaks) -> None:
        """Look at the daemon, and wait for a second."""
        try:
            self._daemon.wait(1)
        except subprocess.TimeoutExpired:
            peaks.take(
                processes.tcp_connections(self._daemon.pid, self._api.port),
                self._rows(_CONNECTIONS)[0]["connections"],
                processes.threads(self._daemon.pid),
            )
        else:
            raise SettingsInvalid(
                f"The daemon has ended with exit code {self._daemon.returncode}: see benchmark/race_day.log "
                "in the state folder."
            )

    def _cpu(self) -> dict[str, float]:
        return {
            "the daemon": processes.cpu_seconds(self._daemon.pid),
            "PostgreSQL": processes.family_cpu_seconds(self._postgres),
            "the API": processes.cpu_seconds(self._api.pid),
            "everybody": processes.machine_cpu_seconds(),
        }

    def _rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with self._hub.cursor() as cursor:
            cursor.execute(statement, values or None)
            return [dict(row) for row in cursor.fetchall()]


if __name__ == "__main__":
    command()
