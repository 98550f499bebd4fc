"""`chronotrack-live credentials` is run with something on standard input, or at a terminal of its own."""

from __future__ import annotations

import fcntl
import hashlib
import os
import select
import subprocess
import sys
import termios
from contextlib import contextmanager
from pathlib import Path

import pytest

LOGIN, PASSWORD = "demo@chronotrack.test", "demo-password"
SHA256 = hashlib.sha256(PASSWORD.encode()).hexdigest()
CLIENT = {"client_id": "demo0001", "client_secret": hashlib.sha1(b"demo0001").hexdigest()}
PATIENCE = 60


@pytest.fixture
def environment(environment, dsn):
    """As for any command, but the operator's: whose role may write credentials."""
    return environment | {"DATABASE_URL": dsn}


@pytest.fixture
def partners(query):
    """Harbour Timing and Lakeside Timing, partners 1 and 2, without credentials."""
    for name in ("Harbour Timing", "Lakeside Timing"):
        query("INSERT INTO timing_partners (company_name) VALUES (%s)", name)


@pytest.fixture
def kept(query):
    """What is kept of everybody's credentials, with the version of each row."""
    return lambda: query(
        "SELECT *, xmin::text AS version FROM partner_provider_credentials ORDER BY timing_partner_id"
    )


@pytest.fixture
def credentials(warm_start, environment, partners, tmp_path):
    """Runs `chronotrack-live credentials`, with something on standard input; no output may tell a secret."""

    def run(*arguments, given="", **settings):
        done = warm_start.run(["credentials", *arguments], environment | settings, tmp_path, given=given)
        assert "Traceback" not in done.stderr
        for secret in (PASSWORD, SHA256, CLIENT["client_secret"]):
            assert secret not in done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def set_up(credentials):
    """Gives a partner the password on standard input, for the login of the demo."""

    def run(*arguments, partner=1, given=PASSWORD, **settings):
        return credentials(
            "set", partner, "--principal", LOGIN, "--password-stdin", *arguments, given=given, **settings
        )

    return run


class Terminal:
    """A terminal at which a person types; `screen` is all that it has shown."""

    def __init__(self, descriptor, process) -> None:
        self.screen, self._descriptor, self._process, self._answered = "", descriptor, process, 0

    def answer(self, question, typed) -> None:
        """Wait for a question that was not answered yet, and type."""
        while question not in self.screen[self._answered :]:
            assert self._goes_on(), self.screen
        self._answered = len(self.screen)
        os.write(self._descriptor, f"{typed}\n".encode())

    def end(self) -> int:
        """Read to the end of the process, and return its exit code."""
        while self._goes_on():
            pass
        return self._process.wait(PATIENCE)

    def _goes_on(self) -> bool:
        """Read what is shown next; return whether there was something."""
        assert select.select([self._descriptor], [], [], PATIENCE)[0], f"nothing comes after {self.screen!r}"
        try:
            shown = os.read(self._descriptor, 4096).decode()
        except OSError:  # Linux says so when nobody has the other side open any more
            return False
        self.screen += shown
        return bool(shown)


@pytest.fixture
def at_terminal(environment, partners):
    """Starts `chronotrack-live credentials` at a terminal of its own."""

    @contextmanager
    def start(*arguments):
        ours, theirs = os.openpty()
        process = subprocess.Popen(
            [Path(sys.executable).with_name("chronotrack-live"), "credentials", *map(str, arguments)],
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        try:
            yield Terminal(ours, process)
        finally:
            process.kill()
            process.wait()
            os.close(ours)

    return start
