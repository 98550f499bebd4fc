"""A state folder, a server and its users, for each test of their own."""

import shutil
import tempfile
from pathlib import Path

import pytest

from database.embedded import EmbeddedPostgres
from tests.integration.embedded.processes import User, processes, wait_until


@pytest.fixture
def state():
    """A state folder with a short path that everyone may pass through, unlike pytest's own for root."""
    base = Path(tempfile.mkdtemp(prefix="ct-", dir="/tmp"))
    base.chmod(0o711)
    yield base / "state"
    wait_until(lambda: not processes(base))
    shutil.rmtree(base)


@pytest.fixture
def user(state):
    """Start users of the state folder, and see them off in the end."""
    users = []

    def start(**how):
        users.append(User(state, **how))
        return users[-1]

    yield start
    for one in users:
        one.kill()


@pytest.fixture
def server(state):
    with EmbeddedPostgres(state) as server:
        yield server
