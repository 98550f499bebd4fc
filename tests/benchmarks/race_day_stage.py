"""The stage of a race day: the API, the hub and the daemon, each of which goes when its block ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2.extensions
from filelock import FileLock, Timeout
from psycopg2.extras import Json

from database import migrate
from database.connection import Database
from database.embedded import EmbeddedPostgres
from database.opening import create_database, drop_database
from database.state_folder import make_folder
from providers.child_process import tied_to_us
from providers.errors import SettingsInvalid
from tests.benchmarks.race_day_report import Day

_ROOT = Path(__file__).resolve().parents[2]
_DATABASE = "race_day"
# Nothing that is configured for anything else reaches the daemon.
_OURS = ("PG", "CHRONOTRACK_LIVE_", "DATABASE_URL")

_ADD_PARTNER = """
    WITH partner AS (
        INSERT INTO timing_partners (company_name) VALUES (%s) RETURNING timing_partner_id
    )
    INSERT INTO partner_provider_credentials
        (timing_partner_id, provider_id, principal, secret, additional_config)
    SELECT partner.timing_partner_id, providers.provider_id, 'benchmark', 'benchmark', %s
    FROM partner, providers WHERE providers.name = 'ChronoTrack Live'
"""


@dataclass(frozen=True, slots=True)
class Api:
    """The API's process and its port on 127.0.0.1."""

    pid: int
    port: int

    @property
    def address(self) -> str:
        """Return its address, below which each partner's API is."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served_api(day: Day, start: datetime) -> Iterator[Api]:
    """Run the API; the first line of its output says where it is."""
    sizes = {"events": day.events, "partners": day.partners, "athletes": day.athletes}
    options = [f"--{name}={value}" for name, value in sizes.items()]
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.race_day_api",
        *options,
        f"--start={start.isoformat()}",
    ]
    with _ended(subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, preexec_fn=_tied())) as process:
        line = process.stdout.readline().decode() if process.stdout else ""
        if "http://" not in line:
            raise SettingsInvalid("The API of the benchmark did not come up.")
        yield Api(process.pid, urlsplit(line.split()[-1]).port or 0)


@contextmanager
def fresh_hub(server: EmbeddedPostgres, day: Day, api: Api) -> Iterator[str]:
    """Make a fresh database with the partners; it goes at the end."""
    admin, dsn = server.dsn("postgres"), server.dsn(_DATABASE)
    drop_database(admin, _DATABASE)
    create_database(admin, _DATABASE)
    try:
        with closing(Database(dsn)) as database:
            for script in (migrate.BASE_SCHEMA, migrate.EXTENSION, migrate.ROLES):
                migrate.apply(database, script)
            with database.transaction() as cursor:
                for number in range(1, day.partners + 1):
                    config = Json({"base_url": f"{api.address}/{number}/api"})
                    cursor.execute(_ADD_PARTNER, (f"Timer {number}", config))
        yield dsn
    finally:
        drop_database(admin, _DATABASE)


@contextmanager
def running_daemon(folder: Path, dsn: str, day: Day) -> Iterator[subprocess.Popen[bytes]]:
    """Run the daemon as its role, with an account of requests of this run's own."""
    state = folder / f"race_day_{os.getpid()}"
    make_folder(state)
    settings = {
        # The private server trusts whoever says a name.
        "DATABASE_URL": psycopg2.extensions.make_dsn(dsn, user="chronotrack_live"),
        "CHRONOTRACK_LIVE_STATE": str(state),
        "CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS": f"{day.interval:g}",
        "NO_PROXY": "127.0.0.1",
    }
    command = [sys.executable, _ROOT / "schedulers" / "chronotrack_live_scheduler.py"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    try:
        with (folder / "race_day.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment | settings, stderr=log, preexec_fn=_tied())
        with _ended(process):
            yield process
    finally:
        shutil.rmtree(state)


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End a process with the block, whatever happens there."""
    with process:
        try:
            yield process
        finally:
            process.terminate()


def _tied() -> Callable[[], None] | None:
    return tied_to_us(signal.SIGTERM)


@contextmanager
def only_benchmark(state: Path) -> Iterator[Path]:
    """Hold the benchmarks' folder against another one, whose work would be measured as well."""
    folder = state / "benchmark"
    make_folder(folder)
    try:
        with FileLock(state / "benchmark.lock", timeout=0):
            yield folder
    except Timeout:
        raise SettingsInvalid(
            f"Another benchmark is running on {state}: wait for it, or set another CHRONOTRACK_LIVE_STATE."
        ) from None
