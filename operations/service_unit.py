"""The scheduler's unit, as systemd sees it."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass

UNIT = "chronotrack-live-scheduler.service"
# systemd answers at once, or is not well.
_PATIENCE = 5.0
_PROPERTIES = "LoadState,ActiveState,SubState,NRestarts,StateChangeTimestampMonotonic"
# What systemctl says in English where no systemd runs, on whatever the machine was booted with.
_NO_SYSTEMD = ("not been booted with systemd", "Running in chroot")


class SystemdAway(Exception):
    """systemd is there and does not say how the unit is; the text says why."""


@dataclass(frozen=True, slots=True)
class ServiceUnit:
    """How systemd says that the unit is.

    Attributes:
        active: "active" or "failed", say.
        sub: "running" or "auto-restart", say.
        restarts: how often systemd has started it anew since somebody last did.
        seconds: for how long it has been so; None where systemd does not say.
    """

    active: str
    sub: str
    restarts: int
    seconds: float | None = None


def service_unit() -> ServiceUnit | None:
    """Return how the unit is; None where there is no systemd, or it has no such unit.

    Raises:
        SystemdAway: there is one, and it does not answer.
    """
    command = ["systemctl", "show", UNIT, f"--property={_PROPERTIES}"]
    try:
        done = subprocess.run(
            command,
            env=os.environ | {"LC_ALL": "C"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except OSError:
        return None
    except subprocess.TimeoutExpired:
        raise SystemdAway(f"no answer within {_PATIENCE:.0f} seconds") from None
    if any(words in done.stderr for words in _NO_SYSTEMD):
        return None
    said = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    if done.returncode != 0 or "LoadState" not in said:
        raise SystemdAway(_reason(done))
    if said["LoadState"] == "not-found":
        return None
    return ServiceUnit(
        active=said.get("ActiveState", "unknown"),
        sub=said.get("SubState", "unknown"),
        restarts=_number(said.get("NRestarts", "")),
        seconds=_since(said.get("StateChangeTimestampMonotonic", "")),
    )


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    words = " ".join(done.stderr.split()).rstrip(".")
    return words or f"systemctl ended with {done.returncode} and said nothing"


def _since(microseconds: str) -> float | None:
    """Return the seconds since an instant of the clock that nobody sets; 0 stands for none."""
    at = _number(microseconds)
    return max(0.0, time.clock_gettime(time.CLOCK_MONOTONIC) - at / 1e6) if at else None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
