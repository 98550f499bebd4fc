"""Fresh databases on a private PostgreSQL: copied from a template, and gone when the test ends."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg2
import psycopg2.extensions
import psycopg2.extras
import pytest
from filelock import FileLock

from database import migrate
from database.connection import Database
from database.embedded import EmbeddedPostgres
from database.opening import create_database, drop_database
from database.store import Store

# Templates that were made more than a day ago.
_OLD_TEMPLATES = r"""
    SELECT datname FROM pg_database
    WHERE datname LIKE 'template\_%'
      AND (pg_stat_file('base/' || oid || '/PG_VERSION')).modification < now() - interval '1 day'
"""


@pytest.fixture(scope="session")
def server(state: Path) -> Iterator[EmbeddedPostgres]:
    """A private PostgreSQL, shared by all processes of a test run."""
    with EmbeddedPostgres(state, os.environ.get("CHRONOTRACK_LIVE_POSTGRES", "auto")) as running:
        yield running


@pytest.fixture(scope="session")
def template(server: EmbeddedPostgres, state: Path) -> str:
    """A database with the SQL files applied, made once for their present text and copied from then on."""
    scripts = (migrate.BASE_SCHEMA, migrate.EXTENSION, migrate.ROLES)
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


@pytest.fixture(scope="session")
def admin(server: EmbeddedPostgres) -> Iterator[Callable[[str], None]]:
    """A way to say something to the server, through one connection for all tests: each costs a process."""
    with closing(psycopg2.connect(server.dsn("postgres"))) as connection:
        connection.autocommit = True

        def say(statement: str) -> None:
            with connection.cursor() as cursor:
                cursor.execute(statement)

        yield say


@pytest.fixture
def make_dsn(
    server: EmbeddedPostgres, template: str, admin: Callable[[str], None]
) -> Iterator[Callable[..., str]]:
    """A maker of fresh databases, empty or copied from another; they go when the test ends.

    It wants the template to be there: as long as it is, no test's rollback can drop the roles of the server.
    """
    made = []

    def make(source: str = "template1", options: str = "") -> str:
        name = f"test_{os.getpid()}_{uuid.uuid4().hex[:12]}"
        admin(f'CREATE DATABASE "{name}" TEMPLATE "{source}" {options}')
        made.append(name)
        return server.dsn(name)

    yield make
    for name in made:
        admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def copied(template: str) -> str:
    """The database that a fresh one is a copy of; tests that begin with more than tables have another."""
    return template


@pytest.fixture
def dsn(make_dsn: Callable[..., str], copied: str) -> str:
    """A fresh database with the host's tables and the extension."""
    return make_dsn(copied)


def as_daemon(dsn: str) -> str:
    """Return how the daemon's role reaches a database: the private server trusts whoever says a name."""
    return psycopg2.extensions.make_dsn(dsn, user="chronotrack_live")


@pytest.fixture
def daemon_dsn(dsn: str) -> str:
    """The fresh database as the daemon reaches it, with the privileges of its role."""
    return as_daemon(dsn)


@pytest.fixture
def database(dsn: str) -> Iterator[Database]:
    """The fresh database, opened by its owner, to prepare it and to look at it."""
    with closing(Database(dsn)) as opened:
        yield opened


@pytest.fixture
def daemon_database(daemon_dsn: str) -> Iterator[Database]:
    """The fresh database, opened by the daemon's role."""
    with closing(Database(daemon_dsn)) as opened:
        yield opened


@pytest.fixture
def store(daemon_database: Database) -> Iterator[Store]:
    """A store over the fresh database, with the privileges of the daemon's role."""
    with closing(Store(daemon_database)) as opened:
        yield opened


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
def shape_c() -> str:
    """The host's tables as its "current schema" document has them (project88_database.md)."""
    return (Path(__file__).parent / "integration" / "shape_c.sql").read_text(encoding="utf-8")


@pytest.fixture
def shape_c_dsn(make_dsn: Callable[..., str], open_query, shape_c: str) -> str:
    """A fresh database of shape C with the extension."""
    dsn = make_dsn()
    open_query(dsn)(shape_c)
    with closing(Database(dsn)) as database:
        for script in (migrate.EXTENSION, migrate.ROLES):
            migrate.apply(database, script)
    return dsn


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
