"""The simulator's process: how it starts, ends, and outlives nobody who needs it."""

import os
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from providers.chronotrack_live.simulator.process import SimulatorError, SimulatorProcess
from tests.integration.simulator.conftest import START, simulator_at

# What another process does: it uses a simulator until it is killed.
USER = """
import sys
from datetime import UTC, datetime
from providers.chronotrack_live.simulator.process import SimulatorProcess
with SimulatorProcess(race_start=datetime.now(UTC), athletes=20):
    print("in", flush=True)
    sys.stdin.readline()
"""


def test_it_ends_quietly_when_it_is_told_to():
    with simulator_at(START) as simulator:
        os.kill(simulator.pid, signal.SIGTERM)
        assert simulator.wait() == 0


def test_a_simulator_that_cannot_start_says_why(finished):
    port = int(finished.simulator.root_url.rpartition(":")[2])
    with (
        pytest.raises(SimulatorError, match="address already in use"),
        SimulatorProcess(race_start=START, athletes=20, port=port),
    ):
        pass


def test_one_that_was_started_from_a_thread_outlives_the_thread():
    with ExitStack() as stack:
        with ThreadPoolExecutor() as threads:
            simulator = threads.submit(stack.enter_context, simulator_at(START)).result()
        with pytest.raises(subprocess.TimeoutExpired):
            simulator._process.wait(0.5)
        assert simulator.event_ids()


@pytest.mark.skipif(sys.platform != "linux", reason="there it does not, and this reads /proc")
def test_it_ends_with_a_user_that_is_killed():
    with subprocess.Popen(
        [sys.executable, "-c", USER],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as user:
        assert user.stdout.readline() == "in\n"
        children = Path(f"/proc/{user.pid}/task").glob("*/children")
        (pid,) = (pid for task in children for pid in task.read_text().split())
        simulator = os.pidfd_open(int(pid))
        user.kill()
    try:
        assert select.select([simulator], [], [], 20)[0]
    finally:
        os.close(simulator)
