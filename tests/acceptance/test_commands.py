"""The other commands, and what they say when something is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.acceptance.conftest import ROOT


def test_the_command_tells_its_version(run):
    assert run("--version").stdout == f"chronotrack-live, version {version('project88-chronotrack-live')}\n"


def test_migrate_makes_an_empty_database_ready_and_check_tells_before_and_after(run, make_dsn):
    fresh = {"DATABASE_URL": make_dsn()}

    before = run("migrate", "--check", **fresh)
    applied = run("migrate", "--base", **fresh)
    after = run("migrate", "--check", **fresh)

    assert (before.returncode, before.stdout) == (1, "pending: chronotrack_live_schema_extension version 5\n")
    assert applied.returncode == 0, applied.stderr
    assert (after.returncode, after.stdout) == (0, "nothing is pending\n")


def test_migrate_without_the_host_tables_changes_nothing_and_says_what_is_missing(run, make_dsn):
    done = run("migrate", DATABASE_URL=make_dsn())

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "lacks the host table(s) timing_partners" in done.stderr


def test_a_database_is_started_when_none_is_configured(run, state):
    done = run("migrate", "--base", DATABASE_URL="", CHRONOTRACK_LIVE_STATE=str(state))

    assert done.returncode == 0, done.stderr
    assert f"using a private PostgreSQL in {state}" in done.stderr


SCRIPTS = {
    "schedulers/chronotrack_live_scheduler.py": 2,
    "backfill/chronotrack_live_backfill.py": 2,
    "test_chronotrack_live_integration.py": 2,
    "monitor_chronotrack_live.py": 3,  # to Nagios, 2 is critical and 3 is unknown
}


@pytest.mark.parametrize(("script", "exit_code"), SCRIPTS.items())
def test_a_script_without_its_dependencies_says_in_one_line_what_to_install(script, exit_code):
    # -S leaves out what is installed: a Python that has none of the packages.
    done = subprocess.run(
        [sys.executable, "-S", ROOT / script, "--help"], capture_output=True, text=True, check=False
    )

    assert done.returncode == exit_code
    assert done.stderr.count("\n") == 1
    assert "pip install -e" in done.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_run_by_path_from_anywhere_finds_its_packages(script, tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: ")


def test_an_unknown_command_is_a_usage_error(run):
    done = run("colect")

    assert done.returncode == 2
    assert "No such command 'colect'" in done.stderr


@pytest.mark.parametrize(
    "command",
    [[Path(sys.executable).with_name("chronotrack-live"), "backfill"], [sys.executable, *list(SCRIPTS)[1:2]]],
    ids=["by name", "by path"],
)
def test_ctrl_c_while_it_is_imported_is_an_interruption_and_no_failure(command, tmp_path):
    # Whoever imports the database's driver is interrupted there.
    (tmp_path / "psycopg2.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")

    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
