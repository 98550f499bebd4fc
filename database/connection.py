"""Connections to the hub's database: a few of them, transactions, and the driver's errors fenced."""

from __future__ import annotations

import re
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2
import psycopg2.errors
import psycopg2.extensions
from psycopg2.extras import RealDictCursor

from database.queries import compose
from database.refusal import answered
from database.session import PATIENCE, Session, SessionCursor
from database.watchdog import Watchdog
from providers.errors import (
    DatabaseRefused,
    DatabaseUnavailable,
    IntegrationError,
    SchemaNotReady,
    SettingsInvalid,
)

# Writing is short, so a few connections serve many events; more would only wait for each other. Who gets none
# within so many seconds goes without.
_CONNECTIONS = 4
_TURN = 60.0

# A statement may take longer than this, in seconds; but it is long enough to ask whether the server is there.
_LONG_WAIT = 3 * PATIENCE

# Where the connection string says otherwise, it counts. What a session is set to: see `prepare_session`.
_CONNECT_OPTIONS: dict[str, Any] = {
    "application_name": "chronotrack-live",
    "client_encoding": "UTF8",
    "connect_timeout": 10,
    # A dead peer is noticed within a minute, on either side: its event locks become free then.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    # Keepalives are silent while something sent is not acknowledged; this is not. In milliseconds.
    "tcp_user_timeout": 50_000,
}

# A URL with an @ behind the last / of its address: what stands before it was meant as a password.
_TORN_PASSWORD = re.compile(r"postgres(ql)?://[^?]*/[^/?]*@")

_NOT_MIGRATED = "the database is not migrated: run `chronotrack-live migrate`"

# The most telling first; what is not listed is the database's refusal of a statement.
_ERRORS: tuple[tuple[type[psycopg2.Error], type[IntegrationError], str], ...] = (
    (psycopg2.errors.UndefinedTable, SchemaNotReady, _NOT_MIGRATED),
    (psycopg2.errors.UndefinedColumn, SchemaNotReady, _NOT_MIGRATED),
    (psycopg2.errors.UndefinedFunction, SchemaNotReady, _NOT_MIGRATED),
    (psycopg2.errors.InsufficientPrivilege, SettingsInvalid, "the database role lacks a privilege"),
    (psycopg2.errors.QueryCanceled, DatabaseUnavailable, "PostgreSQL ended a statement that took long"),
    (psycopg2.errors.LockNotAvailable, DatabaseUnavailable, "another session holds a lock"),
    (psycopg2.extensions.TransactionRollbackError, DatabaseUnavailable, "another session was in the way"),
    (
        psycopg2.OperationalError,
        DatabaseUnavailable,
        "check DATABASE_URL or the PG* variables, and that PostgreSQL runs",
    ),
    (psycopg2.InterfaceError, DatabaseUnavailable, "the connection to PostgreSQL broke"),
    # A script's own refusal, which says what to do.
    (psycopg2.errors.RaiseException, DatabaseRefused, ""),
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
                raise ours(f"{' - '.join(filter(None, (_said(error), remedy)))}.") from error
        raise


def _said(error: psycopg2.Error) -> str:
    """Return PostgreSQL's words in one line, without the detail, which may quote an athlete's row."""
    words = (error.diag.message_primary, error.diag.message_hint)
    said = " ".join(word for word in words if word) or str(error)
    return " ".join(said.split()).rstrip(".") or type(error).__name__


class Database:
    """The hub's database. Its transactions may be used from several threads at once."""

    def __init__(self, dsn: str) -> None:
        """Keep the connection string; nothing connects before the first transaction."""
        self._dsn = dsn
        self._free = threading.BoundedSemaphore(_CONNECTIONS)
        self._lock = threading.Lock()
        self._idle: list[Session] = []
        self._lent = 0
        self._watchdog = Watchdog()

    @contextmanager
    def transaction(self) -> Iterator[RealDictCursor]:
        """Lend a cursor within a transaction: committed at the end, rolled back on any exception.

        Waits while all connections are lent, for a minute at most.

        Raises:
            DatabaseUnavailable: no connection, or it broke on the way; nothing was committed.
            SchemaNotReady, SettingsInvalid, DatabaseRefused: see providers.errors.
        """
        with self._turn(), driver_errors():
            connection = self._take()
            try:
                with connection.cursor(cursor_factory=SessionCursor) as cursor:
                    yield cursor
                connection.commit()
            except BaseException:
                with suppress(psycopg2.Error):  # what went wrong first is what counts
                    connection.rollback()
                raise
            finally:
                self._give_back(connection)

    def answers(self) -> None:
        """Return when the server answers a connection of its own: those that there are may hang, or be lent.

        One that refuses it has answered too, where we work on others: it may be full.

        Raises:
            DatabaseUnavailable: it does not, and who has waited for it for a while waits no more, then; or it
                refuses, and there are no others.
        """
        try:
            self.connect().close()
        except DatabaseUnavailable as error:
            if not answered(error):
                self._watchdog.break_off(PATIENCE)
                raise
            if not self._has_others():
                raise

    def hangs(self) -> bool:
        """Return whether somebody has waited for the server so long that it may not answer any more."""
        return self._watchdog.longest_wait() > _LONG_WAIT

    def connect(self) -> Session:
        """Open a connection of the caller's own, for a lock that must live as long as it does.

        Raises:
            SettingsInvalid: the connection string is none.
            DatabaseUnavailable: no server answers, or it refuses the role.
        """
        options = _CONNECT_OPTIONS | _parsed(self._dsn)
        with driver_errors():
            connection: Session = psycopg2.connect(**options, connection_factory=Session)
            connection.watchdog = self._watchdog
            try:
                with connection, connection.cursor(cursor_factory=SessionCursor) as cursor:
                    cursor.execute(compose("prepare_session"))
                    cursor.execute(compose("statement_timeout"))
                    [statements_end] = cursor.fetchall()
            except BaseException:
                connection.close()
                raise
            connection.patience += statements_end["seconds"]
            return connection

    def close(self) -> None:
        """Close the connections that are not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait until one of the connections is free, for the length of the block."""
        if not self._free.acquire(timeout=_TURN):
            raise DatabaseUnavailable(
                f"None of the {_CONNECTIONS} connections to PostgreSQL was free within {_TURN:.0f} seconds."
            )
        try:
            yield
        finally:
            self._free.release()

    def _take(self) -> Session:
        """Return the connection that was used last, or a new one when none is left that lives."""
        connection = self._take_idle() or self.connect()
        with self._lock:
            self._lent += 1
        return connection

    def _take_idle(self) -> Session | None:
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if _is_quiet(connection):
                    return connection
                connection.close()
        return None

    def _has_others(self) -> bool:
        """Return whether there is a connection that lives: one that is lent, or idle."""
        with self._lock:
            return self._lent > 0 or any(_is_quiet(connection) for connection in self._idle)

    def _give_back(self, connection: Session) -> None:
        with self._lock:
            self._lent -= 1
        if connection.info.transaction_status == psycopg2.extensions.TRANSACTION_STATUS_IDLE:
            with self._lock:
                self._idle.append(connection)
        else:
            # What broke this one may have broken the others, without a word on their sockets.
            connection.close()
            self.close()


def _is_quiet(connection: psycopg2.extensions.connection) -> bool:
    """Return whether an idle connection's server has said nothing: it speaks unasked when it leaves."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def _parsed(dsn: str) -> dict[str, Any]:
    """Take a connection string apart.

    An unescaped / or @ in a URL's password makes the rest of it a host or a port, which libpq's messages
    would print: refuse it here, without its words.
    """
    try:
        parts: dict[str, Any] = psycopg2.extensions.parse_dsn(dsn)
    except psycopg2.ProgrammingError:
        parts = {"port": "none"}
    hosts = str(parts.get("host", "")).split(",")
    is_torn = any("@" in host[1:] for host in hosts) or _TORN_PASSWORD.match(dsn)
    if is_torn or not re.fullmatch(r"[\d,]*", str(parts.get("port", ""))):
        raise SettingsInvalid(
            "DATABASE_URL is not a connection string: it is to be postgresql://USER:PASSWORD@HOST:PORT/NAME, "
            "with %2F for / and %40 for @ in the password."
        )
    return parts
