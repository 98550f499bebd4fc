"""A whole weekend: the real scheduler on a fast clock, and whether it did each thing when it was due.

    python -m tests.benchmarks.weekend [--partners 13] [--events 200] [--report FILE]

The simulator serves many small events on two mornings: some with several races or days, without a known end,
with a start that moves, listed only after they began. The scheduler follows them on a private PostgreSQL
until the last window is over. Then its account is compared with the windows, and the database with the truth.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import psycopg2.extensions
from filelock import FileLock, Timeout
from rich.console import Console

from database.connection import Database, driver_errors
from database.embedded import EmbeddedPostgres
from database.opening import create_database, drop_database
from database.settings import DatabaseSettings
from database.state_folder import make_folder, state_folder
from operations.comparison import compare
from providers.child_process import tied_to_us
from providers.chronotrack_live.simulator.process import SimulatorProcess
from providers.chronotrack_live.simulator.weekend import Weekend, build_weekend
from providers.chronotrack_live.simulator.world import World
from providers.errors import IntegrationError, SettingsInvalid
from providers.exit_codes import SOMETHING_FAILED
from providers.terminal import one_clear_line
from schedulers.settings import SchedulerSettings
from schedulers.windows import Phase, phase
from tests.benchmarks.weekend_checks import Check, Collections, Rules, check_entry_lists, check_rhythm
from tests.benchmarks.weekend_clock import RaceClock, race_clock
from tests.benchmarks.weekend_hub import WeekendHub
from tests.benchmarks.weekend_knowledge import Done, all_told, due_instants, known
from tests.benchmarks.weekend_report import Measured, markdown

_ROOT = Path(__file__).resolve().parents[2]
_REPORT = _ROOT / "docs" / "benchmarks" / "weekend.md"
_SCHEDULER = _ROOT / "schedulers" / "chronotrack_live_scheduler.py"
_DATABASE = "weekend"
_SEED = 2013
# The first gun, a Saturday's; the scheduler starts so long before it.
_START = datetime(2026, 5, 2, 12, tzinfo=UTC)
_BEFORE = timedelta(hours=7)
# Real seconds in which simulator and scheduler come up, and in which what was due at last is done.
_COMING_UP, _SETTLING = 6.0, 3.0
_TELL_EVERY = 30.0


@click.command(name="weekend")
@click.option("--partners", type=click.IntRange(1, 999), default=13, show_default=True)
@click.option("--events", type=click.IntRange(1, 999), default=200, show_default=True)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_REPORT,
    help="Where the report goes.  [default: docs/benchmarks/weekend.md]",
)
def command(*, partners: int, events: int, report: Path) -> None:
    """Drive the scheduler through a weekend; exit 1 when it did not do everything when it was due.

    The scheduler's own settings (CHRONOTRACK_LIVE_...) count. Touches no database that is configured.
    """
    console = Console(soft_wrap=True, highlight=False)
    with one_clear_line(), driver_errors():
        measured = run(console, Weekend(partners, events))
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(markdown(measured), encoding="utf-8")
        for check in measured.checks:
            console.print(f"{check.what}: {check.checked:,} times, {len(check.faults):,} faults")
        for fault in measured.faults()[:20]:
            console.print(fault, style="bold red", markup=False)
        console.print(f"Report: {report}")
        sys.exit(SOMETHING_FAILED if measured.faults() else 0)


def run(console: Console, weekend: Weekend) -> Measured:
    """Run a weekend and check it.

    Raises:
        SettingsInvalid: another weekend runs on this state folder, or no PostgreSQL is to be had.
        IntegrationError: the scheduler did not run to its end as it should.
    """
    # A proxy that the environment names is not for the simulator.
    os.environ["NO_PROXY"] = "127.0.0.1"
    settings = SchedulerSettings.from_env(os.environ)
    source = DatabaseSettings.from_env(os.environ).postgres_source
    world, begin = build_weekend(_START, weekend, _SEED), _START - _BEFORE
    with _only_weekend(state_folder(os.environ)) as folder, EmbeddedPostgres(folder, source) as server:
        drop_database(server.dsn("postgres"), _DATABASE)
        create_database(server.dsn("postgres"), _DATABASE)
        dsn = server.dsn(_DATABASE)
        wall = datetime.now(UTC) + timedelta(seconds=_COMING_UP)
        due = _due(world, weekend, begin, settings)
        clock = race_clock(wall, begin, due, settings.discovery_interval)
        end = clock.speeds[-1][0] + timedelta(minutes=10)
        console.print(
            f"{weekend.events} events of {weekend.partners} partners, until {end:%A %H:%M} of race time: "
            f"{clock.real_seconds(begin, end) / 60:.1f} minutes."
        )
        with (
            SimulatorProcess(race_start=_START, weekend=weekend, seed=_SEED, clock=clock.clock) as simulator,
            closing(Database(dsn)) as database,
        ):
            hub = WeekendHub(database)
            hub.prepare(world.accounts, simulator.base_url)
            as_daemon = psycopg2.extensions.make_dsn(dsn, user="chronotrack_live")
            with _scheduler(as_daemon, clock, folder) as process:
                _watch(console, hub, clock, end, process)
            account = hub.account()
            # An event begins a second after its due instants for each one before it, or less.
            offset = min(timedelta(seconds=weekend.events), settings.windows.intensive_interval)
            checks = _account_checks(world, weekend, account, begin, Rules(settings, clock, offset, end))
            checks.append(_truth_check(world, weekend, hub, simulator))
    command = f"python -m tests.benchmarks.weekend {' '.join(sys.argv[1:])}".strip()
    return Measured(weekend, command, begin, end, clock, account, checks)


def _due(
    world: World, weekend: Weekend, begin: datetime, settings: SchedulerSettings
) -> Iterator[tuple[datetime, timedelta]]:
    """Yield what is due of all events, with the interval to the next one: what the clock leaves time for."""
    windows = settings.windows
    for number, event in enumerate(world.events):
        yield begin, windows.standard_interval
        for version in all_told(event, _partner(number, weekend)):
            for due in due_instants(version, windows):
                often = phase(version, due, windows) is Phase.INTENSIVE
                yield due, windows.intensive_interval if often else windows.standard_interval


def _partner(number: int, weekend: Weekend) -> int:
    """Return the timing partner whose account sees an event, by its number: they take turns."""
    return number % weekend.partners + 1


def _account_checks(
    world: World, weekend: Weekend, account: list[Done], begin: datetime, rules: Rules
) -> list[Check]:
    collections = Collections(rules)
    entry_lists = Check("Every entry list was read when it was due, and no other")
    discoveries = Check("Discovery came every 6 hours")
    tests = Check("The credentials were tested every 6 hours")
    well = Check("Every operation went well")
    of_event, of_partner = defaultdict[tuple[str | None, str], list[Done]](list), defaultdict(list)
    for done in account:
        well.that(done.status in ("completed", "partial"), f"{done}: {done.status}, {done.reason}")
        of_event[done.event_id, done.sync_type].append(done)
        of_partner[done.partner, done.sync_type].append(done)
    for partner in range(1, weekend.partners + 1):
        check_rhythm(discoveries, of_partner[partner, "events"], begin, rules)
        check_rhythm(tests, of_partner[partner, "authentication"], begin, rules)
    for number, event in enumerate(world.events):
        partner = _partner(number, weekend)
        versions = known(event, partner, of_partner[partner, "events"], rules.clock)
        if not versions:
            collections.late.that(False, f"{event.name} was never found.")
            continue
        name = versions[0].event.event_id
        # A second reading at once, where few were missed, is for no due instant.
        answers = [done for done in of_event[name, "results"] if done.planned is not None]
        collections.look_at(versions, answers)
        check_entry_lists(entry_lists, versions, of_event[name, "participants"], rules)
    return [*collections.checks, entry_lists, discoveries, tests, well]


def _truth_check(world: World, weekend: Weekend, hub: WeekendHub, simulator: SimulatorProcess) -> Check:
    check = Check("What is kept of an event equals the ground truth: results, splits, places, entries")
    for number, event in enumerate(world.events):
        event_id = f"ctlive:{_partner(number, weekend)}:{event.event_id}"
        truth = simulator.ground_truth(event.event_id)
        compared = compare(truth, hub.kept_results(event_id))
        check.that(not compared.differences, "; ".join(map(str, compared.differences[:3])))
        entries = {athlete["entry_id"] for athlete in truth["athletes"]}
        check.that(hub.kept_entries(event_id) == entries, f"{event.name} has not the entries that it should.")
    return check


@contextmanager
def _only_weekend(state: Path) -> Iterator[Path]:
    """Hold the weekend's own folder against a second one."""
    folder = state / "weekend"
    make_folder(folder)
    try:
        with FileLock(state / "weekend.lock", timeout=0):
            yield folder
    except Timeout:
        raise SettingsInvalid(
            f"Another weekend is running on {state}: wait for it, or set another CHRONOTRACK_LIVE_STATE."
        ) from None


@contextmanager
def _scheduler(dsn: str, clock: RaceClock, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the real scheduler as a process, and stop it as systemd would.

    Raises:
        IntegrationError: it did not run to its end as it should.
    """
    environ = os.environ | {
        "DATABASE_URL": dsn,
        "CHRONOTRACK_LIVE_CLOCK": str(clock.clock),
        "CHRONOTRACK_LIVE_STATE": str(folder),
    }
    with (folder / "scheduler.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, _SCHEDULER], env=environ, stderr=log, preexec_fn=tied_to_us(signal.SIGTERM)
        )
    with process:
        try:
            yield process
            crashed = process.poll() is not None
        finally:
            process.send_signal(signal.SIGTERM)
        if process.wait() != 0 or crashed:
            raise IntegrationError(
                f"The scheduler ended with exit code {process.returncode}; see {folder / 'scheduler.log'}."
            )


def _watch(
    console: Console, hub: WeekendHub, clock: RaceClock, end: datetime, process: subprocess.Popen[bytes]
) -> None:
    """Wait until race time has reached the end and what was due is done; say now and then how far it is."""
    over = clock.clock.wall(end) + timedelta(seconds=_SETTLING)
    told = time.monotonic()
    while process.poll() is None and (left := (over - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(min(left, 1.0))
        if time.monotonic() - told >= _TELL_EVERY:
            told = time.monotonic()
            console.print(f"{clock.clock.now():%A %H:%M}: {hub.collections():,} collections")


if __name__ == "__main__":
    command()
