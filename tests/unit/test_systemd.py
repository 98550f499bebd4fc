"""What systemd hears, over a socket as it makes one."""

from __future__ import annotations

import os
import socket
import time
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from schedulers.systemd import Systemd


@pytest.fixture(params=["in the file system", "abstract"])
def manager(request):
    """A service manager's socket and its address."""
    if request.param == "abstract":
        address = f"@chronotrack-live-{uuid.uuid4().hex}"
    else:
        # Not tmp_path: a socket's path has to be short.
        address = f"/tmp/chronotrack-live-{uuid.uuid4().hex}"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.settimeout(10)
        listening.bind(address.replace("@", "\0", 1))
        yield listening, address
    if not address.startswith("@"):
        Path(address).unlink()


def test_each_state_is_told_in_the_words_of_the_protocol(manager):
    listening, address = manager
    systemd = Systemd.from_env({"NOTIFY_SOCKET": address})

    said = []
    for tell in (
        lambda: systemd.starting("Waiting for the database", 62),
        lambda: systemd.ready("2 partners"),
        lambda: systemd.alive("3 partners"),
        systemd.stopping,
    ):
        tell()
        said.append(listening.recv(4096).decode().split("\n"))

    assert said == [
        ["STATUS=Waiting for the database", "EXTEND_TIMEOUT_USEC=62000000"],
        ["READY=1", "STATUS=2 partners"],
        ["WATCHDOG=1", "STATUS=3 partners"],
        ["STOPPING=1", "STATUS=Collections under way are being finished"],
    ]


def test_a_reload_bears_the_instant_of_the_monotonic_clock(manager):
    listening, address = manager
    before = time.monotonic_ns() // 1000

    Systemd.from_env({"NOTIFY_SOCKET": address}).reloading()

    first, second = listening.recv(4096).decode().split("\n")
    name, _, instant = second.partition("=")
    assert (first, name) == ("RELOADING=1", "MONOTONIC_USEC")
    assert before <= int(instant) <= time.monotonic_ns() // 1000


def test_without_a_service_manager_nobody_is_told():
    systemd = Systemd.from_env({})

    systemd.ready("1 partners")

    assert systemd == Systemd(None, None)


def test_a_service_manager_that_has_gone_hinders_nothing(tmp_path):
    Systemd.from_env({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("1 partners")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_when_it_watches_this_process(environ, seconds):
    assert Systemd.from_env(environ).watchdog == seconds
