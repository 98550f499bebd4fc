"""Which event this process is working on: PostgreSQL advisory locks, so that no other one does it too.

An event has a lock for each kind of work, so that its entry list and its results do not wait for each other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from psycopg2.extras import RealDictCursor

from database.connection import Database, driver_errors
from database.queries import compose
from database.session import PATIENCE, Session
from providers.errors import CollectedElsewhere, DatabaseUnavailable, SettingsInvalid

# The kinds of work on an event; whoever imports it whole holds all of them.
_KINDS = ("participants", "results")


class Claims:
    """The event locks of this process.

    An advisory lock belongs to a connection, so one connection is kept for all of them; it grants a lock
    again to whoever holds it already, so this process keeps its own account as well.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Session | None = None
        self._lock = threading.Lock()
        self._held: set[tuple[str, str]] = set()

    @contextmanager
    def claim(self, event_id: str, *kinds: str) -> Iterator[None]:
        """Hold the event for some kinds of work, "participants" or "results"; for both when none is named.

        Raises:
            CollectedElsewhere: another process, or another thread of this one, holds it.
            DatabaseUnavailable: PostgreSQL cannot be reached.
            SettingsInvalid: what answers in its place is a pooler.
        """
        with ExitStack() as held:
            for kind in kinds or _KINDS:
                held.enter_context(self._claim_one(event_id, kind))
            yield

    def confirm(self, cursor: RealDictCursor, event_id: str, *kinds: str) -> None:
        """Check within a transaction, just before it commits, that what `claim` took is still ours.

        Raises:
            CollectedElsewhere: the locks' connection broke on the way, and another may hold them now.
        """
        with self._turn():
            holder = None if self._connection is None else self._connection.info.backend_pid
        for kind in kinds or _KINDS:
            cursor.execute(compose("confirm_claim"), {"event_id": event_id, "kind": kind, "holder": holder})
            row = cursor.fetchone()
            if row is None or not row["held"]:
                raise CollectedElsewhere(
                    f"The lock of event {event_id} was lost on the way; nothing was written."
                )

    def close(self) -> None:
        """Give all locks back."""
        with self._lock:
            self._disconnect()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for whoever asks on the locks' connection, but not while the server does not answer him."""
        if not self._lock.acquire(timeout=PATIENCE):
            raise DatabaseUnavailable("PostgreSQL does not answer about the locks of this process.")
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def _claim_one(self, event_id: str, kind: str) -> Iterator[None]:
        with self._turn():
            if (event_id, kind) in self._held or not self._take(event_id, kind):
                raise CollectedElsewhere(f"{event_id} ({kind}) is being worked on by another process.")
            self._held.add((event_id, kind))
        try:
            yield
        finally:
            with self._lock:
                self._held.discard((event_id, kind))
                if self._connection is not None:
                    # A lock whose connection broke went with it.
                    with suppress(DatabaseUnavailable):
                        self._ask("release_claim", event_id, kind)

    def _take(self, event_id: str, kind: str) -> bool:
        """Ask for the lock; a connection that broke while it was idle is replaced, once.

        The locks that it held are lost with it, which `confirm` finds out.
        """
        may_be_broken = self._connection is not None
        try:
            return self._ask("claim", event_id, kind)
        except DatabaseUnavailable:
            if not may_be_broken:
                raise
            return self._ask("claim", event_id, kind)

    def _ask(self, name: str, event_id: str, kind: str) -> bool:
        """Return the answer of a statement; without one, the connection is given up."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            with driver_errors(), self._connection.watched(), self._connection.cursor() as cursor:
                cursor.execute(compose(name), {"event_id": event_id, "kind": kind})
                row = cursor.fetchone()
                return bool(row and row[0])
        except DatabaseUnavailable:
            self._disconnect()
            # What broke this one may have broken the others: it is asked often, and waited for the least.
            self._database.close()
            raise

    def _connect(self) -> Session:
        """Open the connection that the locks belong to."""
        connection = self._database.connect()
        # All wait for what is asked on it, and nothing that is asked takes long.
        connection.patience = PATIENCE
        try:
            connection.autocommit = True
            _refuse_pooler(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _refuse_pooler(connection: Session) -> None:
    """Raise SettingsInvalid when another one than PostgreSQL answers.

    A pooler lends one server process after the other to its clients, and a lock stays behind with the process
    that took it. It tells a client a process id of its own making, which gives it away.
    """
    with driver_errors(), connection.watched(), connection.cursor() as cursor:
        cursor.execute(compose("serving_process"))
        serving = cursor.fetchone()
    if serving != (connection.info.backend_pid,):
        raise SettingsInvalid(
            "The database connection leads to a pooler (PgBouncer or the like), through which the locks that "
            "keep two processes from one event do not work: let DATABASE_URL or the PG* variables name "
            "PostgreSQL itself."
        )
