"""Connections to the hub's database: a few of them, transactions, and the driver's errors fenced."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.pool
from psycopg2.extras import RealDictCursor

from providers.errors import (
    DatabaseRefused,
    DatabaseUnavailable,
    IntegrationError,
    SchemaNotReady,
    SettingsInvalid,
)

# Writing is short, so a few connections serve many events; more would only wait for each other.
_CONNECTIONS = 4

_CONNECT_OPTIONS: dict[str, Any] = {
    "application_name": "chronotrack-live",
    "connect_timeout": 10,
    # A dead peer is noticed within a minute, on either side: its event locks become free then.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "options": "-c timezone=UTC -c client_min_messages=warning"
    " -c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
}

# The most telling first; what is not listed is the database's refusal of a statement.
_ERRORS: tuple[tuple[type[psycopg2.Error], type[IntegrationError], str], ...] = (
    (
        psycopg2.errors.UndefinedTable,
        SchemaNotReady,
        "the database is not migrated: run `chronotrack-live migrate`",
    ),
    (
        psycopg2.errors.UndefinedColumn,
        SchemaNotReady,
        "the database is not migrated: run `chronotrack-live migrate`",
    ),
    (
        psycopg2.errors.UndefinedFunction,
        SchemaNotReady,
        "the database is not migrated: run `chronotrack-live migrate`",
    ),
    (psycopg2.errors.InsufficientPrivilege, SettingsInvalid, "the database role lacks a privilege"),
    (psycopg2.errors.InvalidPassword, SettingsInvalid, "check DATABASE_URL or the PG* variables"),
    (
        psycopg2.OperationalError,
        DatabaseUnavailable,
        "check DATABASE_URL or the PG* variables, and that PostgreSQL runs",
    ),
    (psycopg2.InterfaceError, DatabaseUnavailable, "the connection to PostgreSQL broke"),
    (psycopg2.Error, DatabaseRefused, "PostgreSQL refused a statement"),
)


@contextmanager
def driver_errors() -> Iterator[None]:
    """Turn the driver's errors into ours; the remedy stands in the message.

    Raises:
        SchemaNotReady, SettingsInvalid, DatabaseUnavailable, DatabaseRefused: see providers.errors.
    """
    try:
        yield
    except psycopg2.Error as error:
        for theirs, ours, remedy in _ERRORS:
            if isinstance(error, theirs):
                said = " ".join(str(error).split())
                raise ours(f"{said or type(error).__name__} - {remedy}.") from error
        raise


class Database:
    """The hub's database. Its transactions may be used from several threads at once."""

    def __init__(self, dsn: str) -> None:
        """Keep the connection string; nothing connects before the first transaction."""
        self._dsn = dsn
        self._free = threading.BoundedSemaphore(_CONNECTIONS)
        # The pool raises when it is empty, so the semaphore stands before it.
        self._pool: psycopg2.pool.ThreadedConnectionPool | None = None
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[RealDictCursor]:
        """Lend a cursor within a transaction: committed at the end, rolled back on any exception.

        Raises:
            DatabaseUnavailable: no connection, or it broke on the way; nothing was committed.
            SchemaNotReady, SettingsInvalid, DatabaseRefused: see providers.errors.
        """
        with self._free, driver_errors():
            pool = self._opened_pool()
            connection = pool.getconn()
            try:
                with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
                    yield cursor
            finally:
                pool.putconn(connection, close=bool(connection.closed))

    def connect(self) -> psycopg2.extensions.connection:
        """Open a connection outside the pool, for a lock that must live as long as it does."""
        with driver_errors():
            return psycopg2.connect(self._dsn, **_CONNECT_OPTIONS)

    def close(self) -> None:
        """Close the connections that are not in use."""
        with self._lock:
            if self._pool is not None:
                self._pool.closeall()
                self._pool = None

    def _opened_pool(self) -> psycopg2.pool.ThreadedConnectionPool:
        with self._lock:
            if self._pool is None:
                self._pool = psycopg2.pool.ThreadedConnectionPool(
                    0, _CONNECTIONS, self._dsn, **_CONNECT_OPTIONS
                )
            return self._pool
