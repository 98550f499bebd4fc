"""What tests share: a real PostgreSQL, a fresh database for each test (in the plugins), a simulated API,
a second provider that is a package of its own.

No test sees the environment of whoever runs it: a configured database is never touched.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

import pytest
from filelock import FileLock, Timeout
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

from database.state_folder import make_folder, state_folder
from providers.chronotrack_live.simulator.process import SimulatorProcess
from providers.clock import Clock

pytest_plugins = [
    "tests.fixtures_database",
    "tests.fixtures_hub",
    "tests.fixtures_collected",
    "tests.provider_fifteen.plugin",
]
# Whatever a helper asserts is explained like what a test asserts.
pytest.register_assert_rewrite("tests")

ROOT = Path(__file__).resolve().parents[1]
# Whoever forbids it would let each worker, and each of the hundreds of commands, compile everything anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
_OURS = ("PG", "CHRONOTRACK_LIVE_", "DATABASE_URL")
_MEMORY, _ROOM = Path("/dev/shm"), 4 << 30
_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ


def _folder_in_memory() -> Path | None:
    """Return a folder in memory for the tests' databases and files; None where there is no room for it.

    Each test makes and drops a database, which is some 300 files: on disk, a third of the whole suite's time.
    """
    if "CHRONOTRACK_LIVE_STATE" in os.environ or not os.access(_MEMORY, os.W_OK):
        return None
    if shutil.disk_usage(_MEMORY).free < _ROOM or os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC:
        return None
    return _MEMORY / f"ct-live-tests-{os.getuid()}"


_IN_MEMORY = None if _IS_WORKER else _folder_in_memory()
# A worker inherits the folder that its parent set.
_STATE = state_folder(os.environ) if _IS_WORKER else _IN_MEMORY or state_folder(os.environ) / "tests"
for _name in [name for name in os.environ if name.startswith(_OURS)]:
    if _name != "CHRONOTRACK_LIVE_POSTGRES":  # the one choice that is the caller's: whose PostgreSQL
        del os.environ[_name]
os.environ["CHRONOTRACK_LIVE_STATE"] = str(_STATE)
os.environ["NO_PROXY"] = "127.0.0.1,localhost"

set_hypothesis_home_dir(ROOT / ".cache" / "hypothesis")
settings.register_profile("project88", deadline=None)
settings.load_profile("project88")


def pytest_configure(config: pytest.Config) -> None:
    """Let the tests' files lie in memory too, those of each checkout apart."""
    if _IN_MEMORY and config.option.basetemp is None:
        make_folder(_IN_MEMORY)
        config.option.basetemp = _IN_MEMORY / f"{crc32(str(ROOT).encode()):08x}"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Let one worker read and compile the tests, and the others read what it has compiled by then."""
    make_folder(_STATE)
    compiling = FileLock(_STATE / "compiling.lock")
    try:
        compiling.acquire(blocking=False)
    except Timeout:
        with compiling:
            pass
    try:
        return (yield)
    finally:
        compiling.release()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits for long: at the end there would be nothing to do meanwhile."""
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)


@pytest.fixture(scope="session")
def state() -> Path:
    """The tests' own state folder."""
    make_folder(_STATE)
    return _STATE


@pytest.fixture(scope="session")
def race_start() -> datetime:
    """The start of the simulated marathon: a day ago, so that everything is published."""
    return (datetime.now(UTC) - timedelta(hours=24)).replace(microsecond=0)


@pytest.fixture(scope="session")
def start_simulator(race_start: datetime) -> Iterator[Callable[..., SimulatorProcess]]:
    """A maker of simulated APIs whose races are all over; 300 athletes in the marathon.

    Each way to play it, by further arguments of SimulatorProcess, starts when it is first asked for.
    """
    running: dict[str, SimulatorProcess] = {}
    with ExitStack() as stack:

        def start(**how: object) -> SimulatorProcess:
            played = repr(sorted(how.items()))
            if played not in running:
                simulator = SimulatorProcess(race_start=race_start, athletes=300, **how)
                running[played] = stack.enter_context(simulator)
            return running[played]

        yield start


@pytest.fixture(scope="session")
def simulator(start_simulator: Callable[..., SimulatorProcess]) -> SimulatorProcess:
    """The simulated API as it is usually played."""
    return start_simulator()


@pytest.fixture
def clock() -> Clock:
    """The real clock."""
    return Clock()


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"
