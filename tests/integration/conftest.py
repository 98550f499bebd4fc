"""Hubs that have an event already, in both shapes of the host's tables; and psql."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from database.postgres_binaries import PostgresSource, find_binaries
from tests.integration.builders import RUN


@pytest.fixture
def run(hub):
    """A hub with one event."""
    hub.save_events(RUN)
    return hub


@pytest.fixture
def run_c(open_hub, shape_c_dsn):
    """The same in shape C."""
    hub = open_hub(shape_c_dsn)
    hub.save_events(RUN)
    return hub


@pytest.fixture
def psql(state):
    """psql itself: next to the server's programs, or on the PATH."""
    beside = find_binaries(PostgresSource.AUTO, state).folder / "psql"
    program = str(beside) if beside.exists() else shutil.which("psql")
    if program is None:
        pytest.skip("there is no psql on this machine")

    def run(dsn, script, *options, **environ):
        return subprocess.run(
            [program, "-X", "-q", *options, "-f", str(script), dsn],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], **environ},
        )

    return run
