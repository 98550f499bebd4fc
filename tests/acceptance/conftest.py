"""Commands are run as an operator runs them: as processes, with an environment of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environment(daemon_dsn: str, tmp_path: Path) -> dict[str, str]:
    """The environment of the daemon, whose database is the test's; it has its role's privileges there."""
    return os.environ | {"DATABASE_URL": daemon_dsn, "CHRONOTRACK_LIVE_STATE": str(tmp_path / "state")}


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `chronotrack-live` with some arguments, in a folder that is not the checkout."""

    def run_command(*arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("chronotrack-live")), *map(str, arguments)]
        return subprocess.run(
            command,
            env=environment | settings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    return run_command
