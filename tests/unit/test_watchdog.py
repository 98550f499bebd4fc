"""What ends the wait for a server that does not answer any more."""

from __future__ import annotations

import socket
import threading

import pytest

from database.watchdog import Watchdog

PATIENCE = 30


@pytest.fixture
def connection():
    """A connection whose other end says nothing."""
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    with ours, theirs:
        yield ours, theirs


def test_a_wait_that_is_too_long_finds_its_connection_ended(connection):
    ours, _ = connection

    with Watchdog().watching(ours, 0.01):
        assert ours.recv(1) == b""


def test_a_wait_that_ends_in_time_leaves_its_connection_as_it_is(connection):
    ours, theirs = connection
    watchdog = Watchdog()
    idle, _ = other = socket.socketpair()

    with watchdog.watching(ours, PATIENCE):
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"
    with other[0], other[1], watchdog.watching(idle, 0.01):
        # When this one is ended, everything else has been looked at.
        assert idle.recv(1) == b""

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


def test_its_thread_lives_while_somebody_waits_only(connection):
    ours, _ = connection
    watchdog = Watchdog()

    with watchdog.watching(ours, PATIENCE):
        [thread] = [one for one in threading.enumerate() if one is watchdog._thread]

    thread.join(PATIENCE)
    assert not thread.is_alive()
    with watchdog.watching(ours, 0.01):
        assert ours.recv(1) == b""
