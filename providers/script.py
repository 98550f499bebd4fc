"""Runs a command's module as a script: `python schedulers/chronotrack_live_scheduler.py`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import NoReturn

from providers.exit_codes import COULD_NOT_START, INTERRUPTED

_ROOT = Path(__file__).resolve().parents[1]


def run(module: str, could_not_start: int = COULD_NOT_START) -> NoReturn:
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
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    command()
    sys.exit(0)
