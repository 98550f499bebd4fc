"""`chronotrack-live demo`: a live race, from the simulated API into a private PostgreSQL, and the proof.

The simulator and the real scheduler run as processes of their own on one fast clock. At the end the
database is compared with the simulator's ground truth, athlete by athlete.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from filelock import FileLock, Timeout
from rich.console import Console

from database import migrate
from database.connection import Database
from database.embedded import EmbeddedPostgres
from database.opening import create_database, drop_database
from database.settings import DatabaseSettings
from database.state_folder import state_folder
from operations.comparison import compare
from operations.demo_hub import BY_TCP, COLLECTED, DemoHub, Row, Truths, company_name
from operations.race_board import Freshness, Moment, RaceBoard, Standing
from providers.child_process import tied_to_us
from providers.chronotrack_live.simulator.process import SimulatorProcess
from providers.clock import Clock
from providers.errors import IntegrationError, SettingsInvalid
from providers.exit_codes import SOMETHING_FAILED
from providers.records import StoredEvent
from providers.terminal import one_clear_line
from schedulers.windows import DEFAULT, phase

_SCHEDULER = Path(__file__).resolve().parents[1] / "schedulers" / "chronotrack_live_scheduler.py"
_DATABASE = "chronotrack_live_demo"

# Real time before the start of the race, in which simulator and scheduler come up.
_LEAD = timedelta(seconds=8)
# The race is shown; the hourly collections after it are only to be sat through.
_TAIL_BEGINS = timedelta(hours=5, minutes=40)
_TAIL_SPEED = 12_000.0
# How often the database is looked at, and how often a pipe is told; real seconds.
_LOOK_EVERY, _TELL_EVERY = 0.5, 5.0
# Real time that a collection may take from its reading to its commit.
_WRITING = timedelta(seconds=30)
# Real time that the last collections may take after their due instants.
_GRACE = timedelta(seconds=60)


@click.command(name="demo")
@click.option(
    "--athletes", type=click.IntRange(min=100), help="Athletes in the marathon.  [default: all 16,164]"
)
@click.option(
    "--speed",
    type=click.FloatRange(min=1),
    default=180.0,
    show_default=True,
    help="How many times as fast as a real race.",
)
def command(*, athletes: int | None, speed: float) -> None:
    """Run a live race from the API into PostgreSQL, and compare every athlete with the truth.

    Uses a private PostgreSQL and a simulated API, and touches no database that is configured. Exits 0 only
    when nothing differs.
    """
    console = Console(soft_wrap=True, highlight=False)
    with one_clear_line():
        sys.exit(0 if run_demo(console, athletes, speed) else SOMETHING_FAILED)


def run_demo(console: Console, athletes: int | None, speed: float) -> bool:
    """Run the demo; return whether the database ended up equal to the truth.

    Raises:
        SettingsInvalid: another demo runs on this state folder, or no PostgreSQL is to be had.
    """
    # A proxy that the environment names is not for the simulator.
    os.environ["NO_PROXY"] = "127.0.0.1"
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
        start = (datetime.now(UTC) + _LEAD).replace(microsecond=0)
        clock = Clock.running(start, (start, speed), (start + _TAIL_BEGINS, max(speed, _TAIL_SPEED)))
        with SimulatorProcess(race_start=start, athletes=athletes, clock=clock) as simulator:
            console.print(f"Simulated API with the marathon's {athletes or 16_164:,} athletes.")
            truths = {
                truth["event_name"]: truth for truth in map(simulator.ground_truth, simulator.event_ids())
            }
            hub = DemoHub(database, truths)
            hub.fill(simulator.base_url)
            tcp_before = hub.tcp_fingerprint()
            with _scheduler(dsn, clock, folder):
                console.print(
                    f"Scheduler collecting, {speed:g} times as fast; log: {folder / 'scheduler.log'}"
                )
                with RaceBoard(console) as board:
                    _watch(board, hub, truths, clock)
        faults = _differences(console, hub, truths, tcp_before)
        database.close()
        return not faults


@contextmanager
def _only_demo(state: Path) -> Iterator[Path]:
    """Hold the demo's own folder, empty, against a second demo."""
    folder = state / "demo"
    lock = FileLock(state / "demo.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise SettingsInvalid(
            f"Another demo is running on {state}: wait for it, or set another CHRONOTRACK_LIVE_STATE."
        ) from None
    with lock:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
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
    with (folder / "scheduler.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, _SCHEDULER], env=environ, stderr=log, preexec_fn=tied_to_us(signal.SIGTERM)
        )
    with process:
        try:
            yield
            crashed = process.poll() is not None
        finally:
            process.send_signal(signal.SIGTERM)
        if process.wait() != 0 or crashed:
            raise IntegrationError(
                f"The scheduler ended with exit code {process.returncode}; see {folder / 'scheduler.log'}."
            )


def _watch(board: RaceBoard, hub: DemoHub, truths: Truths, clock: Clock) -> None:
    """Show the race until every collected event has been collected for the last time."""
    freshness = Freshness.of(truths.values(), clock)
    give_up = max(clock.wall(_last_due(truths, name)) for _, name in COLLECTED) + _GRACE
    told = 0.0
    while True:
        at = clock.now()
        standings = hub.standings(at)
        since = at - _WRITING * clock.speed
        for row in standings:
            freshness.see(hub.finishers_since(row["event_id"], since), at)
        over = _is_over(standings, truths) or datetime.now(UTC) > give_up
        if over or board.is_terminal or time.monotonic() - told >= _TELL_EVERY:
            told = time.monotonic()
            board.show(_moment(hub, truths, standings, at, clock.speed, freshness))
        if over:
            return
        time.sleep(_LOOK_EVERY)


def _last_due(truths: Truths, name: str) -> datetime:
    return datetime.fromisoformat(truths[name]["start_time"]) + DEFAULT.max_collection


def _is_over(standings: list[Row], truths: Truths) -> bool:
    last = {(row["timing_partner_id"], row["event_name"]): row["last_collection"] for row in standings}
    return all(
        (collected := last.get(event)) is not None and collected >= _last_due(truths, event[1])
        for event in COLLECTED
    )


def _moment(
    hub: DemoHub, truths: Truths, standings: list[Row], at: datetime, speed: float, freshness: Freshness
) -> Moment:
    return Moment(
        race_time=at,
        speed=speed,
        standings=tuple(_standing(hub, truths, row, at) for row in standings),
        freshness=freshness.median(),
        **hub.spent(),
    )


def _standing(hub: DemoHub, truths: Truths, row: Row, at: datetime) -> Standing:
    truth = truths[row["event_name"]]
    event = StoredEvent(
        event_id=row["event_id"],
        timing_partner_id=row["timing_partner_id"],
        provider_event_id=truth["event_id"],
        name=row["event_name"],
        start_time=row["start_time"],
    )
    return Standing(
        event_name=event.name,
        partner=company_name(event.timing_partner_id),
        phase=phase(event, at).value,
        expected=sum(athlete["status"] == "finished" for athlete in truth["athletes"]),
        finished=row["finished"],
        on_course=row["on_course"],
        others=row["others"],
        leaders=hub.leaders(event.event_id),
    )


def _differences(console: Console, hub: DemoHub, truths: Truths, tcp_before: str) -> list[str]:
    """Compare with the truth; say what was compared and every difference, and return the differences."""
    faults: list[str] = []
    for partner_id, name in COLLECTED:
        compared = compare(truths[name], hub.kept_results(partner_id, name))
        faults += map(str, compared.differences)
        console.print(
            f"Compared {name}: {compared.athletes:,} athletes (name, bib, status, chip and gun time, three "
            f"places), {compared.splits:,} splits: {len(compared.differences)} differences."
        )
    partner_id, name = BY_TCP
    if hub.is_kept(partner_id, name):
        faults.append(f"{name} was imported for {company_name(partner_id)} although TCP had delivered it")
    else:
        console.print(f"{name} of {company_name(partner_id)}: not imported, TCP had delivered it.")
    if hub.tcp_fingerprint() != tcp_before:
        faults.append("TCP rows were changed")
    else:
        console.print("TCP rows: untouched.")
    for fault in faults:
        console.print(f"DIFFERENCE {fault}", markup=False)
    said = f"{len(faults)} differences." if faults else "The database equals the ground truth."
    console.print(said, style="bold red" if faults else "bold green")
    return faults
