"""The provider of this folder, installed while the tests run as an operator installs one; and its API."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.provider_fifteen.sundial_api import SundialApi

_HERE = Path(__file__).parent
_SOURCES = ("pyproject.toml", "sundial_timing.py")
# Neither network nor the caller's settings, and nothing into the virtual environment.
_PIP = (
    *("-m", "pip", "--isolated", "--disable-pip-version-check", "install", "--quiet", "--no-index"),
    *("--no-deps", "--no-build-isolation", "--no-cache-dir", "--no-compile", "--target"),
)


def pytest_configure(config: pytest.Config) -> None:
    """Install the package into a folder of this run: child processes find it by PYTHONPATH."""
    path = os.environ.get("PYTHONPATH")
    if not hasattr(config, "workerinput"):
        folder = tempfile.TemporaryDirectory(prefix="project88-provider-")
        config.add_cleanup(folder.cleanup)
        _install(into=folder.name)
        path = f"{path}{os.pathsep}{folder.name}" if path else folder.name
        os.environ["PYTHONPATH"] = path
    # A worker inherits PYTHONPATH, but xdist gives it the import path that the run began with.
    sys.path += [folder for folder in path.split(os.pathsep) if folder not in sys.path]


def _install(into: str) -> None:
    with tempfile.TemporaryDirectory() as sources:
        # Building leaves files next to the sources, and a checkout may be read-only.
        for name in _SOURCES:
            shutil.copy(_HERE / name, sources)
        command = [sys.executable, *_PIP, into, sources]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise pytest.UsageError(
            f"The provider in {_HERE} cannot be installed: set the environment up with `make setup`; it needs"
            f" pip and setuptools 70.1 or newer. pip said:\n{done.stderr.strip()}"
        )


@pytest.fixture(scope="session")
def sundial_api(race_start: datetime) -> Iterator[SundialApi]:
    """The API of Sundial Timing."""
    with SundialApi(race_start) as running:
        yield running
