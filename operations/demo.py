"""`chronotrack-live demo`: a live race, from the simulated API into a private PostgreSQL, and the proof.

The simulator and the real scheduler run as processes of their own on one fast clock. At the end the
database is compared with the simulator's ground truth, athlete by athlete.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from filelock import FileLock, Timeout
from rich.console import Console

from database import migrate
from database.connection import Database
from database.embedded import EmbeddedPostgres
from database.host_tables import database_time, to_json
from database.opening import create_database, drop_database
from database.queries import compose
from database.settings import DatabaseSettings
from database.state_folder import make_folder, state_folder
from operations.comparison import Comparison, compare
from operations.race_board import Freshness, Moment, RaceBoard, Standing
from providers.chronotrack_live.simulator.process import SimulatorProcess
from providers.clock import Clock
from providers.errors import IntegrationError, SettingsInvalid
from providers.records import StoredEvent
from providers.terminal import SOMETHING_FAILED, one_clear_line
from schedulers.windows import DEFAULT, phase

_STATEMENTS = Path(__file__).with_name("demo.sql")
_ROOT = Path(__file__).resolve().parents[1]
_DATABASE = "chronotrack_live_demo"

# Real time before the start of the race, in which simulator and scheduler come up.
_LEAD = timedelta(seconds=8)
# The intensive phase is shown, the hourly one after it is only to be sat through.
_TAIL_BEGINS = timedelta(hours=5, minutes=40)
_TAIL_SPEED = 12_000.0
# How often a terminal is drawn anew, and a pipe told, in real seconds.
_DRAW_EVERY, _TELL_EVERY = 0.5, 5.0
# The scheduler must have collected an event for the last time so long after the event's last due instant.
_GRACE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class DemoPartner:
    """A timing partner of the demo, with its account at the simulator."""

    company_name: str
    client_id: str
    user: str
    password: str


PARTNERS = (
    DemoPartner("Harbour Timing", "demo0001", "demo@chronotrack.test", "demo-password"),
    DemoPartner("Lakeside Timing", "demo0002", "demo2@chronotrack.test", "demo-password-2"),
)
# What each partner collects: (partner's number, event). Harbour's 5K comes by TCP already.
COLLECTED = ((1, "Harbour City Marathon"), (2, "Harbour City 5K"), (2, "Lakeside Half Marathon"))
BY_TCP = (1, "Harbour City 5K")


@click.command(name="demo")
@click.option(
    "--athletes", type=click.IntRange(min=100), help="Athletes in the marathon.  [default: all 16,164]"
)
@click.option(
    "--speed", type=click.FloatRange(min=1), default=180.0, show_default=True, help="Race time to real time."
)
def command(*, athletes: int | None, speed: float) -> None:
    """Run a live race from the API into PostgreSQL, and compare every athlete with the truth.

    Uses a private PostgreSQL and a simulated API; touches no database that is configured. Exits 0 only when
    nothing differs.
    """
    console = Console(soft_wrap=True)
    with one_clear_line():
        sys.exit(0 if run_demo(console, athletes, speed) else SOMETHING_FAILED)


def run_demo(console: Console, athletes: int | None, speed: float) -> bool:
    """Run the demo; return whether the database ended up equal to the truth.

    Raises:
        SettingsInvalid: another demo runs on this state folder, or no PostgreSQL is to be had.
    """
    state = state_folder(os.environ)
    settings = DatabaseSettings.from_env(os.environ)
    with _only_demo(state) as folder, EmbeddedPostgres(state, settings.postgres_source) as server:
        drop_database(server.dsn("postgres"), _DATABASE)
        create_database(server.dsn("postgres"), _DATABASE)
        dsn = server.dsn(_DATABASE)
        database = Database(dsn)
        console.print(f"Private PostgreSQL in {state}, database {_DATABASE}: applying both SQL files.")
        migrate.apply(database, migrate.BASE_SCHEMA)
        migrate.apply(database, migrate.EXTENSION)
        race_start = (datetime.now(UTC) + _LEAD).replace(microsecond=0)
        clock = Clock.running(
            race_start, (race_start, speed), (race_start + _TAIL_BEGINS, max(speed, _TAIL_SPEED))
        )
        with SimulatorProcess(race_start=race_start, athletes=athletes, clock=clock) as simulator:
            console.print(
                f"Simulator with {athletes or 16_164:,} athletes in its marathon at {simulator.base_url}."
            )
            demo = Demo(database, clock, simulator)
            demo.fill_hub()
            with _scheduler(dsn, clock, folder):
                console.print(f"Scheduler collecting; its log is {folder / 'scheduler.log'}.")
                demo.watch(console)
            return demo.report(console)


@contextmanager
def _only_demo(state: Path) -> Iterator[Path]:
    """Hold the demo's own folder, empty, against a second demo."""
    folder = state / "demo"
    lock = FileLock(state / "demo.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise SettingsInvalid(
            f"Another demo is running with the state folder {state}: wait for it, or set CHRONOTRACK_LIVE_STATE."
        ) from None
    with lock:
        shutil.rmtree(folder, ignore_errors=True)
        make_folder(folder)
        yield folder


@contextmanager
def _scheduler(dsn: str, clock: Clock, folder: Path) -> Iterator[None]:
    """Run the real scheduler as a process; at the end stop it as systemd would.

    Raises:
        IntegrationError: it did not run to its end as it should.
    """
    environ = os.environ | {
        "DATABASE_URL": dsn,
        "CHRONOTRACK_LIVE_CLOCK": str(clock),
        "CHRONOTRACK_LIVE_STATE": str(folder),
    }
    script = _ROOT / "schedulers" / "chronotrack_live_scheduler.py"
    log_path = folder / "scheduler.log"
    with (
        log_path.open("wb") as log,
        subprocess.Popen([sys.executable, script], env=environ, stderr=log) as process,
    ):
        try:
            yield
            crashed = process.poll() is not None
        finally:
            process.send_signal(signal.SIGTERM)
        if process.wait() != 0 or crashed:
            raise IntegrationError(
                f"The scheduler ended with exit code {process.returncode}; see {log_path}."
            )


class Demo:
    """The demo's hub: two partners and TCP rows before the race, and what is to be seen of it."""

    def __init__(self, database: Database, clock: Clock, simulator: SimulatorProcess) -> None:
        self._database = database
        self._clock = clock
        self._base_url = simulator.base_url
        truths = [simulator.ground_truth(event_id) for event_id in simulator.event_ids()]
        self._truths: dict[str, dict[str, Any]] = {truth["event_name"]: truth for truth in truths}
        self._tcp_before = ""

    def fill_hub(self) -> None:
        """Insert the partners with their credentials, and what TCP delivered before."""
        for partner in PARTNERS:
            self._one(
                "add_partner",
                company_name=partner.company_name,
                principal=partner.user,
                secret=hashlib.sha256(partner.password.encode()).hexdigest(),
                config=to_json({"base_url": self._base_url, "client_id": partner.client_id}),
            )
        number, name = BY_TCP
        start = self._start(name)
        with self._database.transaction() as cursor:
            for event_id, event_name, start_time in (
                ("61611", "Harbour Spring Relay", start - timedelta(days=90)),
                ("61612", name.upper(), start + timedelta(minutes=10)),
            ):
                values = {"event_id": event_id, "event_name": event_name, "partner": number}
                cursor.execute(
                    compose("add_tcp_event", _STATEMENTS), values | {"start_time": database_time(start_time)}
                )
                cursor.execute(
                    compose("add_tcp_results", _STATEMENTS),
                    values | {"athletes": to_json(self._truths[name]["athletes"])},
                )
        self._tcp_before = str(self._one("tcp_fingerprint")["fingerprint"])

    def watch(self, console: Console) -> None:
        """Show the race until every collected event has been collected for the last time."""
        freshness = {
            name: Freshness(
                {
                    a["entry_id"]: datetime.fromisoformat(a["published_at"])
                    for a in truth["athletes"]
                    if a["published_at"]
                }
            )
            for name, truth in self._truths.items()
        }
        since = self._clock.now()
        ends = [self._start(name) + DEFAULT.max_collection for _, name in COLLECTED]
        give_up = self._clock.wall(max(ends)) + _GRACE
        with RaceBoard(console) as board:
            while True:
                at = self._clock.now()
                standings = self._rows("standing", now=database_time(at))
                for row in standings:
                    for new in self._rows(
                        "new_finishers", event_id=row["event_id"], since=database_time(since)
                    ):
                        freshness[row["event_name"]].see(new["provider_result_id"], at)
                board.show(self._moment(at, standings, freshness["Harbour City Marathon"]))
                since = at
                if self._is_over(standings) or datetime.now(UTC) > give_up:
                    return
                time.sleep(_DRAW_EVERY if console.is_terminal else _TELL_EVERY)

    def report(self, console: Console) -> bool:
        """Compare with the truth, say what was compared and every difference; return whether there is none."""
        comparisons: list[Comparison] = []
        for number, name in COLLECTED:
            truth = self._truths[name]
            kept = self._rows("kept_results", partner=number, provider_event_id=truth["event_id"])
            comparisons.append(compare(truth, kept))
        faults = [str(difference) for comparison in comparisons for difference in comparison.differences]
        number, name = BY_TCP
        if self._rows("live_event_of", partner=number, provider_event_id=self._truths[name]["event_id"]):
            faults.append(f"{name} was imported for partner {number} although TCP had delivered it")
        if self._one("tcp_fingerprint")["fingerprint"] != self._tcp_before:
            faults.append("TCP rows were changed")
        for comparison in comparisons:
            console.print(
                f"Compared {comparison.event_name}: {comparison.athletes:,} athletes (name, bib, status, chip and "
                f"gun time, overall, gender and division place) and {comparison.splits:,} splits: "
                f"{len(comparison.differences)} differences."
            )
        console.print(f"TCP rows and the {name} that TCP had delivered for partner {number}: checked.")
        for fault in faults:
            console.print(f"DIFFERENCE {fault}", markup=False)
        console.print(f"{len(faults)} differences." if faults else "The database equals the ground truth.")
        return not faults

    def _start(self, name: str) -> datetime:
        return datetime.fromisoformat(self._truths[name]["start_time"])

    def _is_over(self, standings: list[dict[str, Any]]) -> bool:
        """Whether every collected event was collected at the last instant of its window or later."""
        last = {(row["timing_partner_id"], row["event_name"]): row["last_collection"] for row in standings}
        return all(
            last.get((number, name)) is not None
            and last[number, name].replace(tzinfo=UTC) >= self._start(name) + DEFAULT.max_collection
            for number, name in COLLECTED
        )

    def _moment(self, at: datetime, standings: list[dict[str, Any]], freshness: Freshness) -> Moment:
        spent = self._one("spent")
        return Moment(
            race_time=at,
            speed=self._clock.speed,
            standings=tuple(self._standing(row, at) for row in standings),
            rows_written=spent["rows_written"],
            requests=spent["requests"],
            polls=spent["polls"],
            failed=spent["failed"],
            freshness=freshness.median(),
        )

    def _standing(self, row: Mapping[str, Any], at: datetime) -> Standing:
        truth = self._truths[row["event_name"]]
        event = StoredEvent(
            event_id=row["event_id"],
            timing_partner_id=row["timing_partner_id"],
            provider_event_id=truth["event_id"],
            name=row["event_name"],
            start_time=row["start_time"].replace(tzinfo=UTC),
        )
        leaders = self._rows("leaders", event_id=row["event_id"])
        return Standing(
            event_name=row["event_name"],
            partner=PARTNERS[row["timing_partner_id"] - 1].company_name,
            phase=phase(event, at).value,
            expected=sum(athlete["status"] == "finished" for athlete in truth["athletes"]),
            finished=row["finished"],
            on_course=row["on_course"],
            others=row["others"],
            leaders=tuple(
                f"{leader['first_name']} {leader['last_name']} ({leader['bib']}) {leader['chip_time']}"
                for leader in leaders
            ),
        )

    def _rows(self, name: str, **values: object) -> list[dict[str, Any]]:
        with self._database.transaction() as cursor:
            cursor.execute(compose(name, _STATEMENTS), values)
            return [dict(row) for row in cursor.fetchall()]

    def _one(self, name: str, **values: object) -> dict[str, Any]:
        return self._rows(name, **values)[0]
