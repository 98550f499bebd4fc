"""How a contender's process is asked to work: a word a line, and what the work took a line back.

Nothing but the standard library: a contender may live in a virtual environment of its own.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

# The environment that a contender is told everything by.
API, DATABASE, FOLDER = "BENCHMARK_API", "DATABASE_URL", "CHRONOTRACK_LIVE_STATE"
# The argument with which it loads once and ends.
ONCE = "--once"


def api() -> str:
    """Return the address below which the API's lists are."""
    return os.environ[API]


def database() -> str:
    """Return the database, as a URL."""
    return os.environ[DATABASE]


def folder() -> Path:
    """Return the folder in which the contender may keep what it likes."""
    return Path(os.environ[FOLDER])


def serve(load: Callable[[], None], poll: Callable[[], None]) -> None:
    """Do what standard input asks for, line by line, until it ends; or load once and return.

    Args:
        load: brings in everything that the API has, into an empty database or not.
        poll: brings in what has changed since.
    """
    if ONCE in sys.argv[1:]:
        load()
        return
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        # Whatever else is printed is none.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in sys.stdin:
            wall, cpu = time.perf_counter(), _cpu()
            {"load": load, "poll": poll}[line.strip()]()
            took = {"wall": time.perf_counter() - wall, "cpu": _cpu() - cpu}
            answers.write(json.dumps(took) + "\n")
            answers.flush()


def _cpu() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
