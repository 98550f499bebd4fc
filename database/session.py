"""A session with PostgreSQL on which nobody waits for ever."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import psycopg2.extensions
from psycopg2.extras import RealDictCursor

from database.watchdog import Watchdog

# A server that lives answers what costs it nothing within so many seconds. It ends a statement that takes too
# long itself, and has so many more to say so.
PATIENCE = 10.0


class Session(psycopg2.extensions.connection):
    """A connection whose waits are watched.

    Attributes:
        watchdog: ends a wait that is too long; the driver finds the connection broken then.
        patience: how long that is, in seconds.
    """

    watchdog: Watchdog
    patience = PATIENCE

    def watched(self) -> AbstractContextManager[None]:
        """Watch the wait for the server that is the block."""
        return self.watchdog.watching(self, self.patience)

    def commit(self) -> None:
        """Commit, within the time that a statement has."""
        with self.watched():
            super().commit()

    def rollback(self) -> None:
        """Roll back, within the time that a statement has."""
        with self.watched():
            super().rollback()


class SessionCursor(RealDictCursor):
    """A cursor of a `Session`: rows by the names of their columns."""

    connection: Session

    def execute(self, *statement: Any) -> None:  # noqa: ANN401 (as the driver has it)
        """Run a statement, within the time that it has."""
        with self.connection.watched():
            super().execute(*statement)

    def copy_expert(self, *statement: Any) -> None:  # noqa: ANN401 (as the driver has it)
        """Copy from or to a file, within the time that a statement has."""
        with self.connection.watched():
            super().copy_expert(*statement)
