"""Runs a command's module as a script: `python schedulers/chronotrack_live_scheduler.py`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import NoReturn

# As in providers.terminal, which cannot be imported when packages are missing.
_COULD_NOT_START = 2
_ROOT = Path(__file__).resolve().parents[1]


def run(module: str, could_not_start: int = _COULD_NOT_START) -> NoReturn:
    """Import `module` under its own name and run its `command`.

    Where a package is missing it says what to install, and ends with `could_not_start`.
    """
    try:
        command = importlib.import_module(module).command
    except ModuleNotFoundError as missing:
        sys.stderr.write(
            f"The Python package {missing.name!r} is not installed for {sys.executable}: "
            f"run `{sys.executable} -m pip install -e {_ROOT}`, "
            f"or `make -C {_ROOT} setup` and then {_ROOT}/.venv/bin/python instead.\n"
        )
        sys.exit(could_not_start)
    command()
    sys.exit(0)
