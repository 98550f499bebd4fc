"""What the benchmarks' short forms share."""

from __future__ import annotations

import os
import shutil
import uuid

import pytest

from database.embedded import EmbeddedPostgres
from database.state_folder import make_folder


@pytest.fixture
def benchmark_state(state):
    """A state folder of the test's own: one benchmark at a time runs on each."""
    folder = state / f"benchmark-{uuid.uuid4().hex[:8]}"
    make_folder(folder)
    yield folder
    with EmbeddedPostgres(folder / "benchmark", os.environ.get("CHRONOTRACK_LIVE_POSTGRES", "auto")):
        pass  # comes in after a server that is about to stop, so that nothing of it is left
    shutil.rmtree(folder)
