"""What tests share: a real PostgreSQL, a fresh database for each test, a simulated API.

No test sees the environment of whoever runs it: a configured database is never touched.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import psycopg2.extras
import pytest
from filelock import FileLock
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

from database import migrate
from database.connection import Database
from database.embedded import EmbeddedPostgres
from database.opening import create_database, drop_database
from database.state_folder import make_folder, state_folder
from database.store import Store
from providers.chronotrack_live.simulator.process import SimulatorProcess
from providers.clock import Clock
from providers.records import Credentials, Snapshot, SyncReport

_OURS = ("PG", "CHRONOTRACK_LIVE_", "DATABASE_URL")
# Templates that were made more than a day ago.
_OLD_TEMPLATES = r"""
    SELECT datname FROM pg_database
    WHERE datname LIKE 'template\_%'
      AND (pg_stat_file('base/' || oid || '/PG_VERSION')).modification < now() - interval '1 day'
"""
_STATE = state_folder(os.environ)
if "PYTEST_XDIST_WORKER" not in os.environ:  # a worker inherits the folder that its parent set
    _STATE /= "tests"
for _name in [name for name in os.environ if name.startswith(_OURS)]:
    if _name != "CHRONOTRACK_LIVE_POSTGRES":  # the one choice that is the caller's: whose PostgreSQL
        del os.environ[_name]
os.environ["CHRONOTRACK_LIVE_STATE"] = str(_STATE)
os.environ["NO_PROXY"] = "127.0.0.1,localhost"

set_hypothesis_home_dir(Path(__file__).resolve().parents[1] / ".cache" / "hypothesis")
settings.register_profile("project88", deadline=None)
settings.load_profile("project88")


@pytest.fixture(scope="session")
def state() -> Path:
    """The tests' own state folder: that of whoever runs them, below its folder `tests`."""
    make_folder(_STATE)
    return _STATE


@pytest.fixture(scope="session")
def server(state: Path) -> Iterator[EmbeddedPostgres]:
    """A private PostgreSQL, shared by all processes of a test run."""
    with EmbeddedPostgres(state, os.environ.get("CHRONOTRACK_LIVE_POSTGRES", "auto")) as running:
        yield running


@pytest.fixture(scope="session")
def template(server: EmbeddedPostgres, state: Path) -> str:
    """A database with both SQL files applied, made once for their present text and copied from then on."""
    scripts = (migrate.BASE_SCHEMA, migrate.EXTENSION)
    text = b"".join(script.read_bytes() for script in scripts)
    name = f"template_{hashlib.sha256(text).hexdigest()[:16]}"
    admin = server.dsn("postgres")
    with FileLock(state / "template.lock"):
        for old in _databases(admin):
            if _is_left_over(old):
                drop_database(admin, old)
        for old in _run(admin, _OLD_TEMPLATES):
            # Not sooner: another checkout may be running its tests on this server.
            drop_database(admin, old[0])
        if name not in _databases(admin):
            # Under another name until it is whole: a run that is killed leaves no half template.
            create_database(admin, f"test_{os.getpid()}_template")
            database = Database(server.dsn(f"test_{os.getpid()}_template"))
            for script in scripts:
                migrate.apply(database, script)
            database.close()
            _run(admin, f'ALTER DATABASE "test_{os.getpid()}_template" RENAME TO "{name}"')
    return name


@pytest.fixture
def make_dsn(server: EmbeddedPostgres) -> Iterator[Callable[..., str]]:
    """A maker of fresh databases, empty or copied from a template; they go when the test ends."""
    admin, made = server.dsn("postgres"), []

    def make(template: str = "template1") -> str:
        name = f"test_{os.getpid()}_{uuid.uuid4().hex[:12]}"
        _run(admin, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        made.append(name)
        return server.dsn(name)

    yield make
    for name in made:
        drop_database(admin, name)


@pytest.fixture
def dsn(make_dsn: Callable[..., str], template: str) -> str:
    """A fresh database with the host's tables and the extension."""
    return make_dsn(template)


@pytest.fixture
def database(dsn: str) -> Iterator[Database]:
    """The fresh database, opened."""
    opened = Database(dsn)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """A store over the fresh database."""
    opened = Store(database)
    yield opened
    opened.close()


@pytest.fixture
def add_partner(database: Database, store: Store) -> Callable[..., Credentials]:
    """A maker of timing partners with credentials for ChronoTrack Live."""

    def add(name: str = "Harbour Timing", *, secret: str = "demo-password", **config: object) -> Credentials:
        principal = str(config.pop("principal", "demo@chronotrack.test"))
        with database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO timing_partners (company_name) VALUES (%s) RETURNING timing_partner_id", (name,)
            )
            partner = cursor.fetchone()["timing_partner_id"]
            cursor.execute(
                "INSERT INTO partner_provider_credentials"
                " (timing_partner_id, provider_id, principal, secret, additional_config)"
                " VALUES (%s, 1, %s, %s, %s)",
                (partner, principal, secret, psycopg2.extras.Json(config)),
            )
        return store.credentials("ChronoTrack Live", [partner])[0]

    return add


class Hub:
    """A database with one timing partner, written by the store as the pipeline does."""

    at = datetime(2025, 6, 1, 12, tzinfo=UTC)

    def __init__(self, database, store, partner, query) -> None:
        self.database, self.store, self.partner, self.query = database, store, partner, query

    def save_events(self, *events, **options) -> SyncReport:
        snapshot, account, at = self._parts("events", None, events, **options)
        return self.store.save_events(self.partner, snapshot, account, at)

    def save_participants(self, event, *participants, **options) -> SyncReport:
        snapshot, account, at = self._parts("participants", event, participants, **options)
        with self.store.claim(self.partner, event):
            return self.store.save_participants(self.partner, event, snapshot, account, at)

    def save_results(self, event, *results, **options) -> SyncReport:
        snapshot, account, at = self._parts("results", event, results, **options)
        with self.store.claim(self.partner, event):
            return self.store.save_results(self.partner, event, snapshot, account, at)

    def save_past_event(self, event, participants=(), results=(), **options) -> SyncReport:
        api_id = event.provider_event_id
        entries, account, at = self._parts("backfill", api_id, participants, **options)
        with self.store.claim(self.partner, api_id):
            return self.store.save_past_event(
                self.partner, event, entries, Snapshot(results, complete=True), account, at
            )

    def key(self, api_id) -> str:
        return f"ctlive:{self.partner.timing_partner_id}:{api_id}"

    def _parts(self, sync_type, event, records, *, at=None, complete=True, rejected=(), account=None):
        at = at or self.at

        def completed(stored) -> SyncReport:
            return SyncReport(
                sync_type=sync_type,
                timing_partner_id=self.partner.timing_partner_id,
                status="completed" if stored.complete and not stored.rejected else "partial",
                started=at,
                event_id=None if event is None else self.key(event),
                seen=stored.seen,
                written=stored.written,
                rejected=stored.rejected,
                statistics={"complete": stored.complete, sync_type: stored.seen, **stored.notes},
            )

        return Snapshot(iter(records), complete, list(rejected)), account or completed, at


@pytest.fixture
def open_query() -> Iterator[Callable[..., Callable[..., list[dict[str, object]]]]]:
    """A maker of ways to ask a database directly, past our own code: a statement in, rows out."""
    with ExitStack() as stack:

        def opened(dsn: str) -> Callable[..., list[dict[str, object]]]:
            connection = stack.enter_context(closing(psycopg2.connect(dsn)))
            connection.autocommit = True

            def query(statement: str, *values: object) -> list[dict[str, object]]:
                with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
                    cursor.execute(statement, values or None)
                    # Rows without columns are never seen: a statement has to select something.
                    assert not statement.startswith("SELECT FROM"), statement
                    return [dict(row) for row in cursor.fetchall()] if cursor.description else []

            return query

        yield opened


@pytest.fixture
def query(open_query, dsn: str) -> Callable[..., list[dict[str, object]]]:
    """A way to ask the fresh database directly."""
    return open_query(dsn)


@pytest.fixture
def open_hub(open_query) -> Iterator[Callable[..., Hub]]:
    """A maker of hubs over databases that have the extension."""
    with ExitStack() as stack:

        def opened(dsn: str, name: str = "Harbour Timing") -> Hub:
            query = open_query(dsn)
            database = stack.enter_context(closing(Database(dsn)))
            store = stack.enter_context(closing(Store(database)))
            partner = query(
                "INSERT INTO timing_partners (company_name) VALUES (%s) RETURNING timing_partner_id", name
            )[0]["timing_partner_id"]
            query(
                "INSERT INTO partner_provider_credentials (timing_partner_id, provider_id, principal, secret)"
                " SELECT %s, provider_id, 'demo', 'demo' FROM providers WHERE name = 'ChronoTrack Live'",
                partner,
            )
            return Hub(database, store, store.credentials("ChronoTrack Live", [partner])[0], query)

        yield opened


@pytest.fixture
def hub(open_hub, dsn: str) -> Hub:
    """A hub over the fresh database."""
    return open_hub(dsn)


@pytest.fixture
def shape_c() -> str:
    """The host's tables as its "current schema" document has them (project88_database.md)."""
    return (Path(__file__).parent / "integration" / "shape_c.sql").read_text(encoding="utf-8")


@pytest.fixture
def shape_c_dsn(make_dsn: Callable[..., str], open_query, shape_c: str) -> str:
    """A fresh database of shape C with the extension."""
    dsn = make_dsn()
    open_query(dsn)(shape_c)
    database = Database(dsn)
    migrate.apply(database, migrate.EXTENSION)
    database.close()
    return dsn


@pytest.fixture(scope="session")
def race_start() -> datetime:
    """The start of the simulated marathon: a day ago, so that everything is published."""
    return (datetime.now(UTC) - timedelta(hours=24)).replace(microsecond=0)


@pytest.fixture(scope="session")
def simulator(race_start: datetime) -> Iterator[SimulatorProcess]:
    """A simulated API whose races are all over; 300 athletes in its marathon."""
    with SimulatorProcess(race_start=race_start, athletes=300) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    """The real clock."""
    return Clock()


def _databases(admin: str) -> list[str]:
    return [row[0] for row in _run(admin, "SELECT datname FROM pg_database")]


def _is_left_over(name: str) -> bool:
    """Whether a test's database belongs to a process that is gone."""
    kind, _, rest = name.partition("_")
    pid = rest.partition("_")[0]
    return kind == "test" and pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc").exists()


def _run(dsn: str, statement: str) -> list[tuple[str, ...]]:
    connection = psycopg2.connect(dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
