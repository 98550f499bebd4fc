"""What ends the wait for a server that does not answer any more."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import pytest

from database.watchdog import Watchdog

PATIENCE = 30


@contextmanager
def silent_connection():
    """Open a connection whose other end says nothing; yield both ends."""
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def connection():
    with silent_connection() as ends:
        yield ends


def test_a_wait_that_is_too_long_finds_its_connection_ended(connection):
    ours, _ = connection

    with Watchdog().watching(ours, 0.01):
        assert ours.recv(1) == b""


def test_a_wait_that_ends_in_time_leaves_its_connection_as_it_is(connection):
    ours, theirs = connection
    watchdog = Watchdog()

    with watchdog.watching(ours, PATIENCE):
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"
    with silent_connection() as (other, _), watchdog.watching(other, 0.01):
        # When this one is ended, everything else has been looked at.
        assert other.recv(1) == b""

    theirs.sendall(b"y")
    assert ours.recv(1) == b"y"


def test_those_who_have_waited_for_a_while_can_be_told_to_wait_no_more(connection):
    ours, _ = connection
    watchdog = Watchdog()

    with watchdog.watching(ours, PATIENCE):
        watchdog.break_off(PATIENCE)
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            ours.recv(1)
        watchdog.break_off(0.0)
        assert ours.recv(1) == b""


def test_the_longest_wait_is_that_of_who_began_first(connection):
    ours, theirs = connection
    watchdog = Watchdog()
    before = watchdog.longest_wait()

    with watchdog.watching(ours, PATIENCE):
        one = watchdog.longest_wait()
        with watchdog.watching(theirs, PATIENCE):
            both = watchdog.longest_wait()

    assert before == watchdog.longest_wait() == 0.0
    assert 0.0 < one < both < PATIENCE


def test_its_thread_lives_while_somebody_waits_only(connection):
    ours, _ = connection
    watchdog = Watchdog()
    before = set(threading.enumerate())

    with watchdog.watching(ours, PATIENCE):
        [thread] = set(threading.enumerate()) - before

    thread.join(PATIENCE)
    assert not thread.is_alive()
    with watchdog.watching(ours, 0.01):
        assert ours.recv(1) == b""
