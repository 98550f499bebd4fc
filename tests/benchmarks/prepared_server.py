"""The benchmarks' API as a process of its own, and what a benchmark asks and sets there."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests

from providers.child_process import tied_to_us
from providers.errors import SettingsInvalid

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Account:
    """What the API has answered so far.

    Attributes:
        requests: how many.
        rows: how many rows were in them.
        most: requests of one partner in any 60 seconds.
        begun: since when (Unix seconds) finishers have come.
    """

    requests: int
    rows: int
    most: int
    begun: float


@dataclass(frozen=True, slots=True)
class Api:
    """The API's process and its port on 127.0.0.1."""

    pid: int
    port: int

    @property
    def address(self) -> str:
        """Return its address, below which each partner's API is."""
        return f"http://127.0.0.1:{self.port}"

    def account(self) -> Account:
        """Return what it has answered so far."""
        return Account(**requests.get(f"{self.address}/account", timeout=60).json())

    def set(self, **values: float) -> None:
        """Set how many have finished (`finishers`), or how long an answer takes in seconds (`latency`)."""
        requests.post(f"{self.address}/set", params=values, timeout=60).raise_for_status()


@contextmanager
def served_api(
    start: datetime,
    *,
    events: int,
    athletes: int,
    finishers: int,
    partners: int = 1,
    pace: float | None = None,
    splits: bool = True,
) -> Iterator[Api]:
    """Run the API; the arguments are those of `prepared_api`.

    Raises:
        SettingsInvalid: it does not come up.
    """
    sizes = {"events": events, "partners": partners, "athletes": athletes, "finishers": finishers}
    options = [f"--{name}={value}" for name, value in sizes.items()]
    options += [f"--start={start.isoformat()}", "--splits" if splits else "--no-splits"]
    options += [] if pace is None else [f"--pace={pace}"]
    command = [sys.executable, "-m", "tests.benchmarks.prepared_api", *options]
    tied = tied_to_us(signal.SIGTERM)
    with (
        subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, preexec_fn=tied) as process,
        ended(process),
    ):
        # The first line of its output says where it is.
        line = process.stdout.readline().decode() if process.stdout else ""
        if "http://" not in line:
            raise SettingsInvalid("The API of the benchmark did not come up.")
        yield Api(process.pid, urlsplit(line.split()[-1]).port or 0)


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a process with the block, whatever happens there."""
    try:
        yield
    finally:
        process.terminate()
