"""`chronotrack-live demo`, small and fast."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from database.embedded import EmbeddedPostgres
from database.state_folder import make_folder


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
def test_the_demo_ends_with_a_database_that_equals_the_truth(run, demo_state):
    done = run(
        "demo", "--athletes", 150, "--speed", 1500, DATABASE_URL="", CHRONOTRACK_LIVE_STATE=str(demo_state)
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Compared Harbour City Marathon: 150 athletes" in done.stdout
    assert "Harbour City 5K of Harbour Timing: not imported, TCP had delivered it." in done.stdout
    assert done.stdout.endswith("The database equals the ground truth.\n")
    assert "\x1b" not in done.stdout


def test_a_second_demo_on_the_same_state_folder_is_refused(run, demo_state):
    command = [Path(sys.executable).with_name("chronotrack-live"), "demo", "--athletes", "150"]
    environ = os.environ | {"CHRONOTRACK_LIVE_STATE": str(demo_state)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as first:
        first.stdout.readline()

        second = run("demo", CHRONOTRACK_LIVE_STATE=str(demo_state))

        first.terminate()
    assert second.returncode == 2
    assert "Another demo is running" in second.stderr
