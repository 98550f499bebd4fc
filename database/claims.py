"""Which event this process is working on: a PostgreSQL advisory lock, so that no other one does it too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2.extensions
from psycopg2.extras import RealDictCursor

from database.connection import Database, driver_errors
from database.queries import compose
from providers.errors import CollectedElsewhere, DatabaseUnavailable


class Claims:
    """The event locks of this process.

    An advisory lock belongs to a connection, so one connection is kept for all of them; it grants a lock
    again to whoever holds it already, so this process keeps its own account as well.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: psycopg2.extensions.connection | None = None
        self._lock = threading.Lock()
        self._held: set[str] = set()

    @contextmanager
    def claim(self, event_id: str) -> Iterator[None]:
        """Hold the event's lock.

        Raises:
            CollectedElsewhere: another process, or another thread of this one, holds it.
            DatabaseUnavailable: PostgreSQL cannot be reached.
        """
        with self._lock:
            if event_id in self._held or not self._ask("claim", event_id)["claimed"]:
                raise CollectedElsewhere(f"Event {event_id} is being worked on by another process.")
            self._held.add(event_id)
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(event_id)
                try:
                    self._ask("release_claim", event_id)
                except DatabaseUnavailable:
                    # The lock went with its connection.
                    self._connection = None

    def confirm(self, cursor: RealDictCursor, event_id: str) -> None:
        """Check within a transaction, just before it commits, that the event's lock is still ours.

        Raises:
            CollectedElsewhere: the lock's connection broke on the way, and another may hold it now.
        """
        holder = None if self._connection is None else self._connection.info.backend_pid
        cursor.execute(compose("confirm_claim"), {"event_id": event_id, "holder": holder})
        row = cursor.fetchone()
        if row is None or not row["held"]:
            raise CollectedElsewhere(
                f"The lock of event {event_id} was lost on the way; nothing was written."
            )

    def close(self) -> None:
        """Give all locks back."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _ask(self, name: str, event_id: str) -> dict[str, bool]:
        if self._connection is None or self._connection.closed:
            self._connection = self._database.connect()
            self._connection.autocommit = True
        try:
            with driver_errors(), self._connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(compose(name), {"event_id": event_id})
                return dict(cursor.fetchone() or {})
        except DatabaseUnavailable:
            self._connection = None
            raise
