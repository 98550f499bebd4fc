"""A private PostgreSQL in the state folder, for the demo, the tests and a first look.

Nobody has to stop it: it runs while a process uses it, and ends after the last one has closed it, has ended
or was killed. Locks tell who is there, because the kernel frees them however a process ends:

- ``users.lock``   shared by every process that uses the server
- ``door.lock``    held while one process comes in or goes out
- ``keeper.lock``  held by the keeper, a small process of its own that starts the server and stops it
- ``server.lock``  held by the server and all its children, so that it is free when none is left

The keeper waits for ``users.lock``; when it gets it, no user is left.
"""

import fcntl
import os
import re
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg2
from psycopg2.extensions import make_dsn

from database.embedded_keeper import PORT, SERVER_ENDED, STOPPING, start_keeper, until
from database.file_lock import FileLock, is_free, is_shared
from database.postgres_binaries import (
    EmbeddedPostgresError,
    PostgresBinaries,
    PostgresSource,
    check_reach,
    find_binaries,
    make_for_server,
)
from database.state_folder import make_folder

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "PostgresSource"]

LONGEST_SOCKET_PATH = 103 if sys.platform == "darwin" else 107  # the kernel's sun_path, less its final NUL
PATIENCE = 30.0  # seconds for the server to answer


class EmbeddedPostgres:
    """One process's use of the private server of a state folder, shared with all who name the same folder.

    Between ``start()`` and ``close()`` (or within ``with``) the server runs; each major version of PostgreSQL
    has its own below ``<state>/postgres``. The process counts as a user until it closes, ends or is killed.
    Its children do not: a forked child that needs the server for longer than its parent calls ``start()``.

    The server trusts whoever reaches its socket: the processes of the same user, or, for root, whose server
    runs as ``nobody``, those of root and ``nobody``.

    Args:
        state: the state folder; made when missing.
        source: which programs to use, see ``PostgresSource``.

    Raises:
        EmbeddedPostgresError: the source is not one of those.
    """

    def __init__(self, state: Path, source: str = PostgresSource.AUTO) -> None:
        self._state = state.absolute()
        self._source = PostgresSource.of(source)
        self._folder: Path | None = None
        self._use: FileLock | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the server unless it runs, and return when it answers.

        May be called again, to bring back a server that was killed.

        Raises:
            EmbeddedPostgresError: there is no server to be had; the message says why.
        """
        try:
            check_reach(self._state)
            binaries = find_binaries(self._source, self._state)
            self._folder = _prepared(self._state / "postgres" / str(binaries.major))
            with FileLock(self._folder / "door.lock", fcntl.LOCK_EX):
                if self._use is None or not self._use.held:
                    # Waits here while the keeper stops the server of a user who was killed.
                    self._use = FileLock(self._folder / "users.lock", fcntl.LOCK_SH)
                self._await_server(self._folder, binaries)
        except OSError as error:
            self.close()
            raise EmbeddedPostgresError(
                f"The embedded PostgreSQL cannot use its folder: {error}."
                " Set CHRONOTRACK_LIVE_STATE to a folder of your own."
            ) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave the server; the last user to do so returns when it has stopped. May be called twice."""
        if self._use is None or self._folder is None:
            return
        folder = self._folder
        with FileLock(folder / "door.lock", fcntl.LOCK_EX):
            self._use.close()
            self._use = None
            patience = sum(seconds for _, seconds in STOPPING)
            # The keeper takes the users' lock alone; where it can still be shared, others use the server.
            until(lambda: is_free(folder / "keeper.lock") or is_shared(folder / "users.lock"), patience)

    def dsn(self, database: str) -> str:
        """Return how libpq reaches a database of this server, as its superuser.

        Raises:
            EmbeddedPostgresError: the server was never started.
        """
        if self._folder is None:
            raise EmbeddedPostgresError("The embedded PostgreSQL has no address yet: call start() first.")
        return make_dsn(host=str(self._folder / "socket"), port=PORT, user="postgres", dbname=database)

    def _await_server(self, folder: Path, binaries: PostgresBinaries) -> None:
        """Return when the server answers, with a new keeper if there is none."""
        sent = False
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if keeper := FileLock.attempt(folder / "keeper.lock", fcntl.LOCK_EX):
                with keeper:
                    if sent:
                        raise EmbeddedPostgresError(
                            f"The embedded PostgreSQL does not start: {_complaint(folder)}. Mend that"
                            f" (see also {folder}/*.log), or set CHRONOTRACK_LIVE_STATE to a new folder."
                        )
                    start_keeper(folder, binaries.folder, keeper)
                    sent = True
            elif self._answers():
                return
            time.sleep(0.02)
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL did not answer within {PATIENCE:.0f} seconds: try again;"
            f" if that does not help, see {folder}/*.log."
        )

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.dsn("postgres")).close()
        except psycopg2.OperationalError as error:
            return "too many clients" in str(error)  # an answer, too
        return True


def _prepared(folder: Path) -> Path:
    """Make the folder of one major version."""
    path = folder / "socket" / f".s.PGSQL.{PORT}"
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL's socket would be {path}, longer than the {LONGEST_SOCKET_PATH} bytes"
            " that a socket's path may have: set CHRONOTRACK_LIVE_STATE to a shorter one."
        )
    if "," in str(path):
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL's socket would be {path}, whose comma would divide two hosts for its"
            " clients: set CHRONOTRACK_LIVE_STATE to a folder without one."
        )
    make_folder(folder)
    make_for_server(folder / "socket")
    return folder


def _complaint(folder: Path) -> str:
    """Return what the logs say about a start that failed, in one line."""
    said = _lines(folder / "keeper.log")
    if said and SERVER_ENDED in said[-1]:
        said = _lines(folder / "server.log") + said[-1:]
    for line in said:
        if serious := re.search(r"\b(?:FATAL|PANIC|error):\s+(.*)", line):
            return serious[1].rstrip(".")
    return said[-1].rstrip(".") if said else "its keeper has ended without a word"


def _lines(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines() if log.exists() else []


# A forked child is no user. The keeper, which hands a lock on to its children, never gets here.
os.register_at_fork(after_in_child=FileLock.forget_all)
