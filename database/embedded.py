"""A private PostgreSQL in the state folder, for the demo, the tests and a first look.

Nobody has to stop it: it runs while a process uses it, and ends after the last one has closed it, has ended
or was killed. Locks tell who is there, because the kernel frees them however a process ends:

- ``users.lock``   shared by every process that uses the server
- ``door.lock``    held while one process comes in or goes out
- ``keeper.lock``  held by the keeper, a small process of its own that starts the server and stops it
- ``server.lock``  held by the server and all its children, so that it is free when none is left

The keeper waits for ``users.lock``; when it gets it, no user is left. This module is its program, too.
"""

import ctypes
import fcntl
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg2
from psycopg2.extensions import make_dsn

from database.postgres_binaries import (
    EmbeddedPostgresError,
    PostgresBinaries,
    PostgresSource,
    as_server_user,
    check_reach,
    find_binaries,
    make_for_server,
)
from database.state_folder import make_folder

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "PostgresSource"]

PORT = 5432
LONGEST_SOCKET_PATH = 103 if sys.platform == "darwin" else 107  # the kernel's sun_path, less its final NUL
PATIENCE = 30.0  # seconds for the server to answer
STOPPING = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))  # fast, immediate, at once

SETTINGS = {
    "port": str(PORT),
    "listen_addresses": "",  # a socket in a closed folder, never TCP
    "unix_socket_directories": "../socket",  # from the data folder, so that no character needs quoting
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # A commit does not wait for the disk: a killed process loses nothing, a power cut the last second.
    # fsync stays on: with it CREATE DATABASE ... TEMPLATE takes about 50 ms on an idle disk.
    "synchronous_commit": "off",
    # Shared memory in files of the data folder: a killed server leaves nothing in /dev/shm.
    "dynamic_shared_memory_type": "mmap",
    # Clients see their own errors. What is logged here does not grow with use; each start begins it anew.
    "log_min_messages": "log",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
}

log = logging.getLogger("database.embedded")


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
        self._use: _Lock | None = None

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
            with _Lock(self._folder / "door.lock", fcntl.LOCK_EX):
                if self._use is None or not self._use.held:
                    # Waits here while the keeper stops the server of a user who was killed.
                    self._use = _Lock(self._folder / "users.lock", fcntl.LOCK_SH)
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
        with _Lock(folder / "door.lock", fcntl.LOCK_EX):
            self._use.close()
            self._use = None
            patience = sum(seconds for _, seconds in STOPPING)
            _until(lambda: _is_free(folder / "keeper.lock") or _has_users(folder), patience)

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
            if keeper := _Lock.attempt(folder / "keeper.lock", fcntl.LOCK_EX):
                with keeper:
                    if sent:
                        raise EmbeddedPostgresError(
                            f"The embedded PostgreSQL in {folder} does not start:\n{_last_words(folder)}"
                        )
                    _send_keeper(folder, binaries, keeper)
                    sent = True
            elif self._answers():
                return
            time.sleep(0.02)
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL in {folder} did not answer within {PATIENCE:.0f} seconds:"
            f"\n{_last_words(folder)}"
        )

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.dsn("postgres")).close()
        except psycopg2.OperationalError as error:
            return "too many clients" in str(error)  # an answer, too
        return True


class _Lock:
    """A lock on a file, waited for when it is taken; held until it is closed or the process ends."""

    _held: set["_Lock"] = set()

    def __init__(self, path: Path, how: int) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._held.add(self)
        try:
            fcntl.flock(self._fd, how)
        except BaseException:
            self.close()
            raise

    @classmethod
    def attempt(cls, path: Path, how: int) -> "_Lock | None":
        """Return the lock, or None when it is taken."""
        try:
            return cls(path, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return None

    @property
    def held(self) -> bool:
        """Whether it is held by this process; a forked child has none of its parent's."""
        return self in self._held

    def fileno(self) -> int:
        """Return the open file, to hand the lock on to a child."""
        return self._fd

    def close(self) -> None:
        """Give the lock back, unless a child was given it."""
        if self.held:
            self._held.remove(self)
            os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def forget_all(cls) -> None:
        """Close a forked child's copies, which would keep the locks as long as the child lives."""
        for lock in list(cls._held):
            lock.close()


def _is_free(path: Path) -> bool:
    if lock := _Lock.attempt(path, fcntl.LOCK_EX):
        lock.close()
    return lock is not None


def _has_users(folder: Path) -> bool:
    """Whether users hold their lock: then it can be shared, but not be had alone as the keeper wants it."""
    path = folder / "users.lock"
    if _is_free(path):
        return False
    if lock := _Lock.attempt(path, fcntl.LOCK_SH):
        lock.close()
    return lock is not None


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition; tell whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return met


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


def _last_words(folder: Path) -> str:
    """Return the last lines of both logs."""
    lines = []
    for name in ("keeper.log", "server.log"):
        with suppress(FileNotFoundError):
            lines += (folder / name).read_text(errors="replace").splitlines()[-8:]
    return "\n".join(lines)


def _send_keeper(folder: Path, binaries: PostgresBinaries, lock: _Lock) -> None:
    """Start a keeper that holds the given lock and outlives this process."""
    # An orphan of a killed keeper must not be taken for the new server: nobody can call it any more.
    (folder / "socket" / f".s.PGSQL.{PORT}").unlink(missing_ok=True)
    with (folder / "keeper.log").open("wb") as words:
        subprocess.run(
            [sys.executable, "-P", "-m", "database.embedded", folder, binaries.folder],
            check=False,  # a keeper that fails says why in its log and gives its lock back
            cwd="/",
            # Its whole environment: it imports what we can import, and keeps none of our secrets.
            env={"PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)},
            pass_fds=(lock.fileno(),),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
        )


class _Keeper:
    """Starts the server of one folder, stops it when nobody uses it any more, and ends with it."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._programs = programs

    def run(self) -> None:
        """Return when the server has ended.

        Raises:
            EmbeddedPostgresError: an earlier server cannot be stopped.
            OSError, subprocess.CalledProcessError: the data folder cannot be made.
        """
        lock = self._lock_server()
        if not self._data.exists():
            self._initialise(lock)
        # Left by a server that was killed. By now nothing of it lives, whoever bears its number today.
        for stale in (self._data / "postmaster.pid", *(self._folder / "socket").iterdir()):
            stale.unlink(missing_ok=True)
        with (self._folder / "server.log").open("wb") as words:
            settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
            server = self._spawn(["postgres", "-D", str(self._data), *settings], lock, signal.SIGINT, words)
        lock.close()  # from here on it tells of the server alone
        signal.signal(signal.SIGTERM, lambda *_: server.send_signal(signal.SIGINT))
        unused = threading.Event()
        threading.Thread(target=self._stop_when_unused, args=(server, unused), daemon=True).start()
        status = server.wait()
        log.info("the server ended with status %s, %s", status, "unused" if unused.is_set() else "in use")
        if status < 0:
            self._free_shared_memory()

    def _stop_when_unused(self, server: subprocess.Popen[bytes], unused: threading.Event) -> None:
        # Held until we end: who comes from now on waits, and gets the next server.
        _Lock(self._folder / "users.lock", fcntl.LOCK_EX)
        unused.set()
        _stop(server.send_signal, lambda: server.poll() is not None)

    def _free_shared_memory(self) -> None:
        """Give back the few bytes that a killed server leaves outside of its folder."""
        with suppress(OSError, ValueError, IndexError):
            segment = (self._data / "postmaster.pid").read_text().splitlines()[6].split()[1]
            # As the server's user, who owns the segment and could write any number into that file.
            subprocess.run(["/usr/bin/ipcrm", "-m", segment], check=False, **as_server_user())

    def _lock_server(self) -> "_Lock":
        """Take the server's lock; stop the orphan of a killed keeper if that still has it."""
        path = self._folder / "server.lock"
        if not _is_free(path):
            log.info("stopping the server of a keeper that was killed")
            _stop(self._signal_orphan, lambda: _is_free(path))
        if lock := _Lock.attempt(path, fcntl.LOCK_EX):
            return lock
        raise EmbeddedPostgresError(f"An earlier server in {self._folder} does not stop: end it by hand.")

    def _signal_orphan(self, number: int) -> None:
        with suppress(OSError, ValueError, IndexError):  # it has ended, or it never came that far
            pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
            if _runs_in(pid, self._data):
                os.kill(pid, number)

    def _initialise(self, lock: "_Lock") -> None:
        """Make the data folder beside its place, so that only a complete one ever gets there."""
        unfinished = self._folder / "data.new"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        make_for_server(unfinished)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        initdb = self._spawn(["initdb", "-D", str(unfinished), *options], lock, signal.SIGTERM)
        if status := initdb.wait():
            raise subprocess.CalledProcessError(status, "initdb")
        unfinished.rename(self._data)

    def _spawn(
        self, command: list[str], lock: "_Lock", farewell: int, words: IO[bytes] | None = None
    ) -> subprocess.Popen[bytes]:
        """Run a program as the server's user; it holds the server's lock as long as it lives."""
        return subprocess.Popen(
            [self._programs / command[0], *command[1:]],
            cwd="/",
            env={"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"},
            pass_fds=(lock.fileno(),),
            preexec_fn=_tie_to_us(farewell),
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            **as_server_user(),
        )


def _stop(send: Callable[[int], None], ended: Callable[[], bool]) -> None:
    """Ask a server to end, with more force each time it does not."""
    for number, patience in STOPPING:
        send(number)
        if _until(ended, patience):
            return


def _runs_in(pid: int, data: Path) -> bool:
    """Whether a process is the server of this data folder and not one that was given its number since."""
    if sys.platform == "linux":
        return Path(f"/proc/{pid}/cwd").samefile(data)
    answer = subprocess.run(
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return str(data) in answer.stdout


def _tie_to_us(farewell: int) -> Callable[[], None] | None:
    """Have Linux send a child this signal when we are killed; elsewhere the next keeper stops it."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1
    parent = os.getpid()

    def tie() -> None:
        prctl(set_parent_death_signal, farewell)
        if os.getppid() != parent:  # killed before the call
            os._exit(1)

    return tie


def main() -> None:
    """Be the keeper of the folder given as first argument, with the programs in the second."""
    if os.fork():
        os._exit(0)  # who called us need not wait for the keeper's end: init will
    os.umask(0o077)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    try:
        _Keeper(Path(sys.argv[1]), Path(sys.argv[2])).run()
    except (EmbeddedPostgresError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
else:  # not in the keeper, which hands a lock on to its children
    os.register_at_fork(after_in_child=_Lock.forget_all)
