"""Whatever is killed, the next start brings the server back."""

import os
import pwd
import signal
import subprocess

import pytest

from database.embedded import EmbeddedPostgres
from tests.integration.embedded.processes import (
    AS_ROOT,
    folder_of,
    is_running,
    keeper,
    only_on_linux,
    postmaster,
    processes,
    query,
    wait_until,
)

pytestmark = pytest.mark.rehearsal


def test_a_killed_server_is_brought_back_by_the_next_start(state, server):
    old_keeper = keeper(state)
    os.kill(postmaster(state), signal.SIGKILL)
    wait_until(lambda: old_keeper not in processes(state))
    server.start()
    assert query(server, "SELECT 1") == 1


def test_a_server_killed_a_moment_ago_is_brought_back_for_a_newcomer(state, server, user):
    os.kill(postmaster(state), signal.SIGKILL)
    assert user().has_started()
    assert query(server, "SELECT 1") == 1


@only_on_linux
def test_a_killed_keeper_leaves_nothing_running(state, server):
    os.kill(keeper(state), signal.SIGKILL)
    wait_until(lambda: not is_running(state))
    server.start()
    assert query(server, "SELECT 1") == 1


def test_a_keeper_killed_a_moment_ago_leaves_nothing_in_the_way(state, server):
    number = postmaster(state)
    os.kill(keeper(state), signal.SIGKILL)
    server.start()
    assert query(server, "SELECT 1") == 1
    assert postmaster(state) != number


def test_a_keeper_told_to_end_stops_the_server_first(state, server):
    os.kill(keeper(state), signal.SIGTERM)
    wait_until(lambda: not is_running(state))
    assert not (folder_of(state) / "data" / "postmaster.pid").exists()


def test_all_killed_at_once_start_again(state, user):
    one = user()
    assert one.has_started()
    for pid in [keeper(state), postmaster(state)]:
        os.kill(pid, signal.SIGKILL)
    one.kill()
    with EmbeddedPostgres(state) as server:
        assert query(server, "SELECT 1") == 1


def test_a_kill_while_the_data_folder_is_made_is_overcome(state, user):
    one = user()
    unfinished = folder_of(state) / "data.new"
    wait_until((unfinished / "postgresql.conf").exists)
    os.kill(keeper(state), signal.SIGKILL)
    one.kill()
    assert not (folder_of(state) / "data").exists()
    with EmbeddedPostgres(state) as server:
        assert query(server, "SELECT 1") == 1
    assert not unfinished.exists()


def test_a_stale_pid_file_with_the_number_of_a_living_process_is_overcome(state):
    with EmbeddedPostgres(state):
        folder = folder_of(state)
        pid_file = (folder / "data" / "postmaster.pid").read_text().splitlines()
        lock_file = next((folder / "socket").glob(".s.PGSQL.*.lock"))
    nobody = {"user": pwd.getpwnam("nobody").pw_uid} if AS_ROOT else {}
    with subprocess.Popen(["sleep", "600"], **nobody) as bystander:
        pid_file[0] = str(bystander.pid)
        (folder / "data" / "postmaster.pid").write_text("\n".join(pid_file))
        lock_file.write_text("\n".join(pid_file[:5]))
        with EmbeddedPostgres(state) as server:
            assert query(server, "SELECT 1") == 1
        assert bystander.poll() is None
        bystander.kill()
