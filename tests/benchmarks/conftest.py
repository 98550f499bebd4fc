"""What the benchmarks' short forms share."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from database.embedded import EmbeddedPostgres
from database.state_folder import make_folder


@contextmanager
def own_state(state: Path, name: str) -> Iterator[Path]:
    """Lend a state folder of the test's own, whose private server is below `name`."""
    folder = state / f"{name}-{uuid.uuid4().hex[:8]}"
    make_folder(folder)
    yield folder
    with EmbeddedPostgres(folder / name, os.environ.get("CHRONOTRACK_LIVE_POSTGRES", "auto")):
        pass  # comes in after a server that is about to stop, so that nothing of it is left
    shutil.rmtree(folder)


@pytest.fixture
def benchmark_state(state):
    with own_state(state, "benchmark") as folder:
        yield folder


@pytest.fixture
def weekend_state(state):
    with own_state(state, "weekend") as folder:
        yield folder
