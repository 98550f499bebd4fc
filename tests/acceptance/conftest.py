"""Commands are run as an operator runs them: as processes, with an environment of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.acceptance.warm_start import WarmStart

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90

Found = TypeVar("Found")


def wait_until(condition: Callable[[], Found], patience: float = PATIENCE) -> Found:
    """Wait for a condition that another process brings about."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found


@pytest.fixture
def environment(daemon_dsn: str, tmp_path: Path) -> dict[str, str]:
    """The environment of the daemon, whose database is the test's; it has its role's privileges there."""
    return os.environ | {"DATABASE_URL": daemon_dsn, "CHRONOTRACK_LIVE_STATE": str(tmp_path / "state")}


@pytest.fixture(scope="session")
def warm_start() -> Iterator[WarmStart]:
    """Starts commands that need not be imported first."""
    with WarmStart() as started:
        yield started


@pytest.fixture
def run(
    warm_start: WarmStart, environment: dict[str, str], tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `chronotrack-live` with some arguments, in a folder that is not the checkout."""

    def run_command(*arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
        return warm_start.run(arguments, environment | settings, tmp_path)

    return run_command


@pytest.fixture
def daemon(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts the scheduler, which logs to scheduler-0.log, -1.log, ...; what is left at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"scheduler-{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, ROOT / "schedulers" / "chronotrack_live_scheduler.py", *arguments],
                env=environment | settings,
                stderr=log,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def said(tmp_path: Path) -> Callable[..., int]:
    """Counts how often a scheduler has logged something, the first one by default."""

    def count(what: str, number: int = 0) -> int:
        return (tmp_path / f"scheduler-{number}.log").read_text(encoding="utf-8").count(what)

    return count


@pytest.fixture
def ask(query: Callable[..., list[dict[str, object]]]) -> Callable[..., object]:
    """Asks the database for one value."""

    def value(statement: str, *values: object) -> object:
        rows = query(statement, *values)
        return next(iter(rows[0].values())) if rows else None

    return value
