"""The simulator as a process of its own, started and stopped by whoever needs one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

import orjson
import requests

from providers.child_process import tied_to_us
from providers.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from .archive import Archive
    from .weekend import Weekend

_ANNOUNCEMENT = "ChronoTrack Live simulator at "
_PATIENCE = 10.0  # seconds for an orderly end


class SimulatorError(RuntimeError):
    """The simulator did not come up."""


class SimulatorProcess:
    """A context manager: inside, a simulator answers at `base_url`.

    On Linux it ends with the process that entered, however that ends; elsewhere it outlives a killed one.

    Args:
        race_start: the start of the marathon (aware).
        athletes: how many run the marathon; None is all 16,164.
        weekend: many small events in place of the marathon and its world, from `race_start` on.
        archive: many past events in its place, up to four days before `race_start`.
        seed: makes ids, mishaps and delays.
        clock: the race time that it shares; the real clock by default.
        port: the port to listen on; 0 takes a free one.
        variants: the switches of the API's shape that differ from the default, by name; see `variants.py`.
        faults: what goes wrong, each as NAME or NAME=AMOUNT; see `faults.py`.
    """

    def __init__(
        self,
        *,
        race_start: datetime,
        athletes: int | None = None,
        weekend: Weekend | None = None,
        archive: Archive | None = None,
        seed: int = 2013,
        clock: Clock | None = None,
        port: int = 0,
        variants: Mapping[str, str] | None = None,
        faults: Sequence[str] | None = None,
    ) -> None:
        self._command = [sys.executable, "-m", __package__ or "", "--port", str(port)]
        self._command += ["--race-start", race_start.isoformat(), "--seed", str(seed)]
        if athletes is not None:
            self._command += ["--athletes", str(athletes)]
        if weekend is not None:
            self._command += ["--weekend", str(weekend)]
        if archive is not None:
            self._command += ["--archive", str(archive)]
        for name, value in (variants or {}).items():
            self._command += ["--variant", f"{name}={value}"]
        for fault in faults or ():
            self._command += ["--fault", fault]
        self._clock = clock or Clock()
        self._process: subprocess.Popen[str] | None = None
        self._starter: ThreadPoolExecutor | None = None
        self.base_url = ""

    @property
    def root_url(self) -> str:
        """The address without /api, below which the token endpoint and the ground truth lie."""
        return self.base_url.removesuffix("/api")

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._running().pid

    def wait(self) -> int:
        """Wait for a simulator that was told to stop, and return its exit code."""
        return self._running().wait(_PATIENCE)

    def event_ids(self) -> list[str]:
        """Return the ids of all events, of every account."""
        answer = requests.get(f"{self.root_url}/ground-truth", timeout=60)
        answer.raise_for_status()
        ids: list[str] = orjson.loads(answer.content)["event_ids"]
        return ids

    def ground_truth(self, event_id: str) -> dict[str, Any]:
        """Return what every athlete of an event ends up with; see `truth.py`."""
        answer = requests.get(f"{self.root_url}/ground-truth/{event_id}", timeout=60)
        answer.raise_for_status()
        truth: dict[str, Any] = orjson.loads(answer.content)
        return truth

    def struck(self) -> dict[str, int]:
        """Return in how many answers each fault has struck until now, by its name."""
        answer = requests.get(f"{self.root_url}/faults", timeout=60)
        answer.raise_for_status()
        struck: dict[str, int] = orjson.loads(answer.content)
        return struck

    def __enter__(self) -> Self:
        environment = {**os.environ, "CHRONOTRACK_LIVE_CLOCK": str(self._clock)}
        # The tie is to a thread, and who enters may do so in one that ends soon: it gets one of its own.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="simulator")
        # a file, not a pipe: nobody reads it while the simulator runs
        with tempfile.TemporaryFile("w+", encoding="utf-8") as talk:
            self._process = self._starter.submit(
                lambda: subprocess.Popen(
                    self._command,
                    env=environment,
                    preexec_fn=tied_to_us(signal.SIGTERM),
                    stdout=subprocess.PIPE,
                    stderr=talk,
                    text=True,
                )
            ).result()
            line = self._process.stdout.readline() if self._process.stdout else ""
            if not line.startswith(_ANNOUNCEMENT):
                self._stop()
                talk.seek(0)
                raise SimulatorError(f"The simulator did not come up. It said: {talk.read().strip()}")
        self.base_url = line.removeprefix(_ANNOUNCEMENT).strip()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise SimulatorError("The simulator is not running.")
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
        if self._starter:
            self._starter.shutdown()
