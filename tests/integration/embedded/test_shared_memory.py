"""Outside of the state folder the server opens nothing, and leaves no shared memory."""

import os
import signal
from pathlib import Path

import pytest

from database.embedded import EmbeddedPostgres
from tests.integration.embedded.processes import (
    folder_of,
    keeper,
    only_on_linux,
    open_files,
    postmaster,
    wait_until,
)

pytestmark = pytest.mark.rehearsal


@only_on_linux
def test_nothing_is_opened_or_left_outside_of_the_state_folder(state):
    with EmbeddedPostgres(state):
        pid = postmaster(state)
        segment = segment_of(state)
        opened = {path for path in open_files(pid) + open_files(keeper(state)) if path.startswith("/")}
        assert {path for path in opened if not path.startswith(f"{state}/")} == {"/dev/null"}
        assert "/dev/shm" not in Path(f"/proc/{pid}/maps").read_text()
        assert segment in segments()
    assert segment not in segments()


@only_on_linux
def test_a_killed_servers_shared_memory_is_given_back_without_another_start(state):
    with EmbeddedPostgres(state):
        segment = segment_of(state)
        os.kill(postmaster(state), signal.SIGKILL)
        wait_until(lambda: segment not in segments())


def segment_of(state):
    """The number of the server's System V shared memory, as its data folder tells it."""
    return (folder_of(state) / "data" / "postmaster.pid").read_text().splitlines()[6].split()[1]


def segments():
    """The System V shared memory of the machine, by number."""
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}
