"""What `make test-minimum` does where there is no Python whose lowest versions could be tested."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/minimum.sh"


@pytest.fixture
def run_minimum(tmp_path):
    """Runs the script with a uv that finds no Python; returns the exit status and what was said."""
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\nexit 2\n", encoding="utf-8")
    uv.chmod(0o755)

    def run_minimum(**surroundings):
        done = subprocess.run(
            ["sh", SCRIPT, uv, tmp_path / "venv", "test"],
            env={name: value for name, value in os.environ.items() if name != "CI"} | surroundings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stderr

    return run_minimum


@pytest.mark.parametrize("surroundings", [{}, {"CI": ""}], ids=["CI not set", "CI empty"])
def test_without_python_311_a_desk_is_told_that_the_lowest_versions_are_not_tested(run_minimum, surroundings):
    assert run_minimum(**surroundings) == (
        0,
        "Skipped: the lowest versions are those for Python 3.11, and none is here.\n",
    )


def test_without_python_311_ci_fails(run_minimum):
    assert run_minimum(CI="true") == (
        1,
        "The lowest versions are those for Python 3.11, and none is here: install it.\n",
    )
