"""`chronotrack-live monitor`, as a process with the monitor's role."""

from __future__ import annotations

import json

import pytest
from psycopg2.extensions import make_dsn as with_user

NO_SYSTEMD = "#!/bin/sh\necho 'System has not been booted with systemd' >&2; exit 1\n"


@pytest.fixture
def no_systemd(environment, tmp_path):
    """Puts a systemctl on the PATH that finds no systemd: no test asks the machine's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "systemctl").write_text(NO_SYSTEMD, encoding="utf-8")
    (folder / "systemctl").chmod(0o755)
    environment["PATH"] = f"{folder}:{environment['PATH']}"


@pytest.fixture
def monitors_dsn(dsn):
    """The fresh database as the monitor's role reaches it."""
    return with_user(dsn, user="chronotrack_live_monitor")


@pytest.fixture
def monitor(run, no_systemd, monitors_dsn):
    """Runs the monitor with its role; what it says is never a traceback."""

    def look(*arguments, **settings):
        done = run("monitor", *arguments, **({"DATABASE_URL": monitors_dsn} | settings))
        assert "Traceback" not in done.stderr
        return done

    return look


@pytest.fixture
def health(monitor):
    """What the monitor knows, and its exit code."""

    def look(*arguments, **settings):
        done = monitor("--json", *arguments, **settings)
        known = json.loads(done.stdout)
        assert done.returncode == known["exit_code"]
        return known

    return look
