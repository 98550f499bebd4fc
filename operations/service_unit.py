"""The scheduler's unit, as systemd sees it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

UNIT = "chronotrack-live-scheduler.service"
# systemd answers at once, or is not well.
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class ServiceUnit:
    """How systemd says that the unit is: "active" and "running", say, and how often it was started again."""

    active: str
    sub: str
    restarts: int


def service_unit() -> ServiceUnit | None:
    """Return how the unit is; None where there is no systemd, or it has no such unit."""
    command = ["systemctl", "show", UNIT, "--property=LoadState,ActiveState,SubState,NRestarts"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    if done.returncode != 0 or said.get("LoadState") != "loaded":
        return None
    restarts = said.get("NRestarts", "")
    return ServiceUnit(
        active=said.get("ActiveState", "unknown"),
        sub=said.get("SubState", "unknown"),
        restarts=int(restarts) if restarts.isdigit() else 0,
    )
