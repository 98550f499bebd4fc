"""The keeper of an embedded PostgreSQL: the small process that starts the server and stops it.

``start_keeper`` runs it as ``python -m database.embedded_keeper``. It must not import ``database.embedded``:
the hook there closes the locks of forked children, and so the one that is handed on to PostgreSQL.
"""

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
from typing import IO

from database.file_lock import FileLock, is_free
from database.postgres_binaries import EmbeddedPostgresError, as_server_user, make_for_server
from providers.child_process import tied_to_us

PORT = 5432
STOPPING = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))  # fast, immediate, at once
SERVER_ENDED = "the server ended"  # in the log's last line when it did start the server

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

log = logging.getLogger("database.embedded_keeper")


def start_keeper(folder: Path, programs: Path, lock: FileLock) -> None:
    """Start a keeper that holds the given lock and outlives this process."""
    # An orphan of a killed keeper must not be taken for the new server: nobody can call it any more.
    (folder / "socket" / f".s.PGSQL.{PORT}").unlink(missing_ok=True)
    with (folder / "keeper.log").open("wb") as words:
        subprocess.run(
            [sys.executable, "-P", "-m", "database.embedded_keeper", folder, programs],
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


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition; tell whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return met


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
        use = "unused" if unused.is_set() else "in use"
        log.info("%s with status %s, %s", SERVER_ENDED, status, use)
        if status < 0:
            self._free_shared_memory()

    def _stop_when_unused(self, server: subprocess.Popen[bytes], unused: threading.Event) -> None:
        # Held until we end: who comes from now on waits, and gets the next server.
        FileLock(self._folder / "users.lock", fcntl.LOCK_EX)
        unused.set()
        _stop(server.send_signal, lambda: server.poll() is not None)

    def _free_shared_memory(self) -> None:
        """Give back the few bytes that a killed server leaves outside of its folder."""
        with suppress(OSError, ValueError, IndexError):
            segment = (self._data / "postmaster.pid").read_text().splitlines()[6].split()[1]
            # As the server's user, who owns the segment and could write any number into that file.
            subprocess.run(["/usr/bin/ipcrm", "-m", segment], check=False, **as_server_user())

    def _lock_server(self) -> FileLock:
        """Take the server's lock; stop the orphan of a killed keeper if that still has it."""
        path = self._folder / "server.lock"
        if not is_free(path):
            log.info("stopping the server of a keeper that was killed")
            _stop(self._signal_orphan, lambda: is_free(path))
        if lock := FileLock.attempt(path, fcntl.LOCK_EX):
            return lock
        raise EmbeddedPostgresError(f"an earlier server in {self._folder} does not stop: end it by hand")

    def _signal_orphan(self, number: int) -> None:
        with suppress(OSError, ValueError, IndexError):  # it has ended, or it never came that far
            pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
            if _runs_in(pid, self._data):
                os.kill(pid, number)

    def _initialise(self, lock: FileLock) -> None:
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
        self, command: list[str], lock: FileLock, farewell: int, words: IO[bytes] | None = None
    ) -> subprocess.Popen[bytes]:
        """Run a program as the server's user; it holds the server's lock as long as it lives."""
        return subprocess.Popen(
            [self._programs / command[0], *command[1:]],
            cwd="/",
            env={"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"},
            pass_fds=(lock.fileno(),),
            preexec_fn=tied_to_us(farewell),
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            **as_server_user(),
        )


def _stop(send: Callable[[int], None], ended: Callable[[], bool]) -> None:
    """Ask a server to end, with more force each time it does not."""
    for number, patience in STOPPING:
        send(number)
        if until(ended, patience):
            return


def _runs_in(pid: int, data: Path) -> bool:
    """Whether a process is the server of this data folder and not one that was given its number since."""
    if sys.platform == "linux":
        return Path(f"/proc/{pid}/cwd").samefile(data)
    answer = subprocess.run(
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return str(data) in answer.stdout


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
