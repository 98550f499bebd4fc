"""One server is shared by all processes that use it, and stops after the last."""

import os
import signal
from contextlib import ExitStack, closing

import psycopg2
import pytest

from database.embedded import EmbeddedPostgres
from tests.integration.embedded.processes import (
    folder_of,
    is_running,
    keeper,
    only_on_linux,
    open_files,
    postmaster,
    processes,
    query,
    wait_until,
)

pytestmark = pytest.mark.rehearsal


def test_a_second_process_shares_the_server_which_stops_after_the_last(state, user):
    first, second = user(), user()
    assert first.has_started()
    number = postmaster(state)
    assert second.has_started()
    first.leave()
    assert postmaster(state) == number
    with EmbeddedPostgres(state) as server:
        second.leave()
        assert query(server, "SELECT 1") == 1
        assert postmaster(state) == number
    assert not is_running(state)


def test_processes_that_start_at_the_same_instant_get_one_server(state, user):
    for one in [user() for _ in range(4)]:
        assert one.has_started()
    assert sum("-D" in command for command in processes(state).values()) == 1


def test_the_server_stops_when_its_last_user_is_killed(state, user):
    first, second = user(), user()
    assert first.has_started()
    assert second.has_started()
    first.kill()
    with EmbeddedPostgres(state) as server:
        assert query(server, "SELECT 1") == 1
    second.kill()
    wait_until(lambda: not processes(state))


def test_a_server_with_no_room_left_counts_as_started(state, server, user):
    with ExitStack() as crowd:
        for _ in range(100):
            crowd.enter_context(closing(psycopg2.connect(server.dsn("postgres"))))
        with pytest.raises(psycopg2.OperationalError, match="too many clients"):
            query(server, "SELECT 1")
        assert user().has_started()


@only_on_linux
def test_who_comes_while_the_server_stops_gets_the_next_one(state, user):
    last = user()
    assert last.has_started()
    number = postmaster(state)
    os.kill(number, signal.SIGSTOP)  # so that it cannot stop yet
    last.kill()
    newcomer = user()
    wait_until(lambda: f"{folder_of(state)}/users.lock" in open_files(keeper(state)))
    os.kill(number, signal.SIGCONT)
    assert newcomer.has_started()
    assert postmaster(state) != number


# Python 3.12 warns of any fork beside threads, and a test run has some: this one only opens, locks and waits.
beside_threads = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


class ForkedChild:
    """A child of this process that lives until its input ends, and answers with its exit status."""

    def __init__(self, work):
        told, tell = os.pipe()
        reading, self._end = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._end)
            work()
            os.write(tell, b"!")
            os.read(reading, 1)
            os._exit(0)
        os.read(told, 1)  # from here on it has done its work
        for pipe in (told, tell, reading):
            os.close(pipe)

    def end(self):
        os.close(self._end)
        assert os.waitpid(self._pid, 0)[1] == 0


@beside_threads
def test_a_forked_child_does_not_keep_the_server(state):
    with EmbeddedPostgres(state):
        child = ForkedChild(lambda: None)
    assert not is_running(state)
    child.end()


@beside_threads
def test_a_forked_child_that_starts_the_server_itself_keeps_it(state):
    with EmbeddedPostgres(state) as server:
        child = ForkedChild(server.start)
    assert query(server, "SELECT 1") == 1
    child.end()
    wait_until(lambda: not is_running(state))
