"""What the monitor makes of a real hub that was just collected, read with the monitor's role."""

from __future__ import annotations

import io
import json
import os
from contextlib import closing

import pytest
from psycopg2.extensions import make_dsn as with_user
from rich.console import Console

from database.connection import Database
from database.event_controls import EventControls
from operations.health import judge
from operations.health_reading import read_health
from operations.monitor_report import as_json
from operations.monitor_screen import screen
from operations.thresholds import Thresholds
from schedulers.settings import SchedulerSettings


@pytest.fixture
def copied(collected_hub):
    """The hub of these tests was collected a moment ago."""
    return collected_hub


@pytest.fixture(autouse=True)
def systemctl(monkeypatch, tmp_path):
    """Puts a systemctl on the PATH that says what it is told to: no test asks the machine's own."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    def says(script: str) -> None:
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)

    says("echo 'System has not been booted with systemd' >&2; exit 1")
    return says


@pytest.fixture
def look(dsn, clock):
    """What the monitor finds, with some settings."""
    with closing(Database(with_user(dsn, user="chronotrack_live_monitor"))) as database:

        def looked(**said):
            settings = SchedulerSettings.from_env(said)
            read = read_health(database, (), clock.now(), settings.windows, state=None)
            return judge(read, Thresholds.from_env(said), settings)

        yield looked


@pytest.fixture
def health(look):
    """The same as the monitor's JSON."""
    return lambda **said: json.loads(as_json(look(**said)))


@pytest.fixture
def on_screen(look):
    """The same as the monitor's screen, in a pipe."""

    def shown(**said):
        text = io.StringIO()
        Console(file=text, width=1_000).print(screen(look(**said)))
        return text.getvalue()

    return shown


@pytest.fixture
def controls(database):
    """How the operator, who owns the database, pauses events."""
    return EventControls(database, "ChronoTrack Live")
