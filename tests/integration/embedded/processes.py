"""Processes that use the embedded PostgreSQL, and those that it consists of."""

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from database.postgres_binaries import PostgresSource, find_binaries

CHECKOUT = Path(__file__).parents[3]
AS_ROOT = os.geteuid() == 0
ON_LINUX = sys.platform == "linux"
KEEPER = "-m database.embedded_keeper"
only_as_root = pytest.mark.skipif(not AS_ROOT, reason="only root has a server that belongs to somebody else")
only_on_linux = pytest.mark.skipif(not ON_LINUX, reason="read from /proc")

# What another process does: it uses the server until it reads a line or the end of its input.
USER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from database.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[2]), sys.argv[3]):
    print("in", flush=True)
    sys.stdin.readline()
"""


class User:
    """Another process that uses the server of a state folder."""

    def __init__(self, state, source="auto", python=sys.executable, **how):
        self._process = subprocess.Popen(
            [python, "-c", USER, CHECKOUT, state, source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            **how,
        )

    def has_started(self):
        return self._process.stdout.readline() == "in\n" or pytest.fail(self._process.stderr.read())

    def leave(self):
        self._process.communicate("leave\n")

    def kill(self):
        self._process.kill()
        self._process.communicate()


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def query(server, sql):
    with closing(psycopg2.connect(server.dsn("postgres"))) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def processes(folder):
    """The processes at work in a folder, by number, each with its command line."""
    if not ON_LINUX:
        lines = subprocess.run(
            ["ps", "-axo", "pid=,command="], capture_output=True, text=True
        ).stdout.splitlines()
        return {int(line.split()[0]): line for line in lines if str(folder) in line}
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = str((entry / "cwd").readlink())
        except OSError:  # it has ended, or is not ours
            continue
        if str(folder) in command or place.startswith(str(folder)):
            found[int(entry.name)] = command
    return found


def is_running(state):
    """Whether any process of the server lives; the keeper may still be on its way out."""
    return any(KEEPER not in command for command in processes(state / "postgres").values())


def folder_of(state):
    return state / "postgres" / str(find_binaries(PostgresSource.AUTO, state).major)


def postmaster(state):
    """The number of the server's first process, as its data folder tells it."""
    return int((folder_of(state) / "data" / "postmaster.pid").read_text().splitlines()[0])


def keeper(state):
    (pid,) = (pid for pid, command in processes(state).items() if KEEPER in command)
    return pid


def open_files(pid):
    return [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
