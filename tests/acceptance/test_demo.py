"""`chronotrack-live demo`, small and fast."""

from __future__ import annotations

import os
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from database.embedded import EmbeddedPostgres
from database.state_folder import make_folder
from tests.acceptance.conftest import wait_until


@pytest.fixture
def demo_state(state):
    """A state folder of the test's own: one demo at a time runs on each."""
    folder = state / f"demo-{uuid.uuid4().hex[:8]}"
    make_folder(folder)
    yield folder
    with EmbeddedPostgres(folder, os.environ.get("CHRONOTRACK_LIVE_POSTGRES", "auto")):
        pass  # comes in after a server that is about to stop, so that nothing of it is left
    shutil.rmtree(folder)


@pytest.mark.waits
def test_the_demo_ends_with_a_database_that_equals_the_truth_and_a_second_one_meanwhile_is_refused(
    run, demo_state
):
    def demo():
        small_and_fast = ("--athletes", 150, "--speed", 5000)
        return run("demo", *small_and_fast, DATABASE_URL="", CHRONOTRACK_LIVE_STATE=str(demo_state))

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(demo)
        # A demo's folder is made by the one that is the only one.
        wait_until((demo_state / "demo").is_dir)
        second, done = demo(), first.result()

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Compared Harbour City Marathon: 150 athletes" in done.stdout
    assert "Harbour City 5K of Harbour Timing: not imported, TCP had delivered it." in done.stdout
    assert done.stdout.endswith("The database equals the ground truth.\n")
    assert "\x1b" not in done.stdout
    assert second.returncode == 2
    assert "Another demo is running" in second.stderr
