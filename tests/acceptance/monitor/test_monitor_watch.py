"""`monitor --watch`: how things are, again and again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acceptance.conftest import wait_until
from tests.acceptance.monitor.monitored import MARATHON, fail


@pytest.fixture
def copied(collected_hub):
    """The hub of these tests was collected a moment ago."""
    return collected_hub


@pytest.fixture
def watching(environment, no_systemd, monitors_dsn):
    """Starts the monitor with --watch, its stdout somewhere; what is left at the end is killed."""
    started = []

    def start(*arguments, stdout):
        process = subprocess.Popen(
            [Path(sys.executable).with_name("chronotrack-live"), "monitor", "--watch", *arguments],
            env=environment
            | {"DATABASE_URL": monitors_dsn, "TERM": "xterm", "COLUMNS": "200", "LINES": "60"},
            stdout=stdout,
            stderr=subprocess.PIPE,
            # A shell that starts the tests in the background lets its children ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


def test_watched_in_a_pipe_it_says_how_things_are_again_and_again_until_ctrl_c(
    watching, collected, query, tmp_path
):
    said = tmp_path / "said"
    with said.open("wb") as file:
        process = watching("1", stdout=file)
    wait_until(lambda: said.read_bytes().count(b"CHRONOTRACK LIVE OK") >= 2)

    fail(query, 3, "results", collected.key(MARATHON))

    wait_until(lambda: b"CHRONOTRACK LIVE CRITICAL" in said.read_bytes())
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert process.stderr.read() == b""


def test_watched_on_a_terminal_the_screen_is_drawn_in_the_same_place(watching, collected, query):
    ours, theirs = os.openpty()
    process = watching("1", stdout=theirs)
    os.close(theirs)
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        while shown.count(b"LIVE OK") < 2:
            shown += terminal.read(65_536)
        fail(query, 3, "results", collected.key(MARATHON))
        while b"LIVE CRITICAL" not in shown:
            shown += terminal.read(65_536)
        process.send_signal(signal.SIGINT)
        # Who writes must be read from to its end, at which Linux has nobody at the other end.
        with suppress(OSError):
            while said := terminal.read(65_536):
                shown += said

    assert process.wait(30) == 130
    # The terminal's other screen, home before each drawing, and back at the end.
    assert shown.startswith(b"\x1b[?1049h")
    assert b"\x1b[H" in shown
    assert b"\x1b[?1049l" in shown
    assert process.stderr.read() == b""
