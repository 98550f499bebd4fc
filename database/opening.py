"""Opens the hub's database that the environment names, or a private one when it names none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import psycopg2
import psycopg2.errors
from psycopg2 import sql

from database.connection import Database, driver_errors
from database.queries import compose
from database.settings import DatabaseSettings
from database.state_folder import place, state_folder

# As in the specification's commands.
DATABASE_NAME = "project88_myappdb"


@contextmanager
def opened_database(environ: Mapping[str, str], tell: Callable[[str], None]) -> Iterator[Database]:
    """Open the database for the length of the block.

    With neither DATABASE_URL nor PG* variables set, a private PostgreSQL is started in the state folder and
    stops when its last user ends; the database there is made when it does not exist.

    Args:
        environ: where the settings are.
        tell: is told in a sentence when a private PostgreSQL is used.

    Raises:
        DatabaseUnavailable: no server answers, or none can be started.
    """
    settings = DatabaseSettings.from_env(environ)
    if settings.dsn is not None:
        database = Database(settings.dsn)
        try:
            yield database
        finally:
            database.close()
        return

    from database.embedded import EmbeddedPostgres

    state = state_folder(environ)
    tell(f"Neither DATABASE_URL nor PG* is set: using a private PostgreSQL in {state}.")
    with EmbeddedPostgres(state, settings.postgres_source) as server:
        create_database(server.dsn("postgres"), DATABASE_NAME)
        database = Database(server.dsn(DATABASE_NAME))
        try:
            yield database
        finally:
            database.close()


def is_there(environ: Mapping[str, str]) -> bool:
    """Return whether a database is named, or a private PostgreSQL was made: opening it would make none.

    Args:
        environ: where the settings are.

    Raises:
        SettingsInvalid: systemd's credential that names it cannot be read.
    """
    if DatabaseSettings.from_env(environ).dsn is not None:
        return True
    with suppress(OSError):
        return any((place(environ) / "postgres").glob("*/data"))
    return False


def create_database(dsn: str, name: str) -> None:
    """Make the database `name` on the server of `dsn` when it does not exist."""
    # Two who make it at once: the later one meets the earlier one's row in the catalog.
    there_already = (psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation)
    with driver_errors(), suppress(*there_already):
        _run(dsn, compose("create_database", database=sql.Identifier(name)))


def drop_database(dsn: str, name: str) -> None:
    """Remove the database `name` from the server of `dsn`, whoever is connected."""
    with driver_errors():
        _run(dsn, compose("drop_database", database=sql.Identifier(name)))


def _run(dsn: str, statement: sql.Composed) -> None:
    connection = psycopg2.connect(dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
