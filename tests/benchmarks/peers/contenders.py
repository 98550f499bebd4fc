"""Who is compared, each as a command of its own and as a process that is kept."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from providers.child_process import tied_to_us
from providers.errors import SettingsInvalid
from tests.benchmarks import race_day_processes as processes
from tests.benchmarks.peers.protocol import ONCE

ROOT = Path(__file__).resolve().parents[3]
# The environment that `make bench` makes for dlt.
DLT_PYTHON = ROOT / ".cache" / "peers-venv" / "bin" / "python"
# Nothing that is configured for anything else reaches a contender.
_CONFIGURED = (
    "PG",
    "CHRONOTRACK_LIVE_",
    "DATABASE_URL",
    "DLT",
    "DESTINATION__",
    "PYTHONSTARTUP",
    # Installed packages are compiled already; this project's own are to be as well.
    "PYTHONDONTWRITEBYTECODE",
)


@dataclass(frozen=True, slots=True)
class Took:
    """What a piece of work took: seconds, and the largest resident memory of its process in bytes."""

    wall: float
    cpu: float
    memory: int


@dataclass(frozen=True, slots=True)
class Contender:
    """One who is compared.

    Attributes:
        key: its name for databases and folders.
        name: its name for people.
        command: brings in what there is, and ends.
        process: does so whenever it is asked; see `protocol`.
        schema: where its tables are.
    """

    key: str
    name: str
    command: tuple[str | Path, ...]
    process: tuple[str | Path, ...]
    schema: str = "public"

    @property
    def is_dlt(self) -> bool:
        """Return whether it needs dlt's environment."""
        return self.command[0] == DLT_PYTHON

    def run(self, environment: Mapping[str, str], log: Path) -> Took:
        """Run the command.

        Raises:
            SettingsInvalid: it failed.
        """
        with log.open("ab") as said:
            begun = time.perf_counter()
            process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                preexec_fn=tied_to_us(signal.SIGTERM),
            )
            # Not its own wait: this one tells what the process and its children used.
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SettingsInvalid(f"{self.name} has failed: see {log}.")
        return Took(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)

    @contextmanager
    def kept(self, environment: Mapping[str, str], log: Path) -> Iterator[Kept]:
        """Lend the process; it ends with the block."""
        with (
            log.open("ab") as said,
            subprocess.Popen(
                self.process,
                cwd=ROOT,
                env=_environment(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                preexec_fn=tied_to_us(signal.SIGTERM),
            ) as process,
        ):
            if process.stdin is None or process.stdout is None:
                raise AssertionError("Pipes were asked for.")
            try:
                yield Kept(self, process.pid, process.stdin, process.stdout, log)
            finally:
                process.terminate()


@dataclass(frozen=True, slots=True)
class Kept:
    """A contender's process that is kept, with what one needs to ask it."""

    contender: Contender
    pid: int
    words: IO[str]
    answers: IO[str]
    log: Path

    def ask(self, word: str) -> Took:
        """Have it `load` or `poll`.

        Raises:
            SettingsInvalid: it failed.
        """
        try:
            self.words.write(f"{word}\n")
            self.words.flush()
            answer = self.answers.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise SettingsInvalid(f"{self.contender.name} has failed: see {self.log}.")
        return Took(**json.loads(answer), memory=processes.peak_memory(self.pid))


def _module(python: str | Path, name: str, *arguments: str) -> tuple[str | Path, ...]:
    return (python, "-m", f"tests.benchmarks.peers.{name}", *arguments)


def _peer(key: str, name: str, program: tuple[str | Path, ...], schema: str = "public") -> Contender:
    return Contender(key, name, (*program, ONCE), program, schema)


OURS = Contender(
    "ours",
    "this project",
    (Path(sys.executable).parent / "chronotrack-live", "scheduler", "--once"),
    _module(sys.executable, "our_daemon"),
)
BARE = _peer("bare", "bare reference", _module(sys.executable, "bare_loader"))
DEFAULT, TUNED, ARROW = (
    _peer(f"dlt_{kind}", name, _module(DLT_PYTHON, "dlt_pipeline", kind), "race")
    for kind, name in (("default", "dlt, default"), ("tuned", "dlt, tuned"), ("arrow", "dlt, with Arrow"))
)
CONTENDERS = (OURS, BARE, DEFAULT, TUNED, ARROW)


def there() -> list[Contender]:
    """Return those that can run here: dlt only with its environment."""
    return [one for one in CONTENDERS if not one.is_dlt or shutil.which(DLT_PYTHON)]


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith(_CONFIGURED)}
    return others | settings
