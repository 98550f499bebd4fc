"""The stage of a race day: the hub and the daemon, each of which goes when its block ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
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
from tests.benchmarks.prepared_server import Api, ended
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


@contextmanager
def running_server(folder: Path, source: str) -> Iterator[EmbeddedPostgres]:
    """Run the private server so that it notes when each transaction was committed, and visible to others."""
    server = EmbeddedPostgres(folder, source)
    with server:
        _set(server, "ALTER SYSTEM SET track_commit_timestamp = on")
    try:
        with server:
            yield server
    finally:
        with server:
            _set(server, "ALTER SYSTEM RESET track_commit_timestamp")


def _set(server: EmbeddedPostgres, statement: str) -> None:
    with closing(psycopg2.connect(server.dsn("postgres"))) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


@contextmanager
def fresh_hub(server: EmbeddedPostgres, day: Day, api: Api) -> Iterator[str]:
    """Make a fresh database with the partners; it goes at the end."""
    try:
        yield make_hub(server, _DATABASE, day.partners, api)
    finally:
        drop_database(server.dsn("postgres"), _DATABASE)


def make_hub(server: EmbeddedPostgres, name: str, partners: int, api: Api, **config: object) -> str:
    """Make a fresh database with so many partners, and this beside the address in their additional_config.

    Returns:
        The connection string.
    """
    admin, dsn = server.dsn("postgres"), server.dsn(name)
    drop_database(admin, name)
    create_database(admin, name)
    with closing(Database(dsn)) as database:
        for script in (migrate.BASE_SCHEMA, migrate.EXTENSION, migrate.ROLES):
            migrate.apply(database, script)
        with database.transaction() as cursor:
            for number in range(1, partners + 1):
                whole = Json(config | {"base_url": f"{api.address}/{number}/api"})
                cursor.execute(_ADD_PARTNER, (f"Timer {number}", whole))
    return dsn


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
            process = subprocess.Popen(
                command, env=environment | settings, stderr=log, preexec_fn=tied_to_us(signal.SIGTERM)
            )
        with process, ended(process):
            yield process
    finally:
        shutil.rmtree(state)


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
