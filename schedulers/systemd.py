"""What systemd is told about the daemon, by its own protocol: see sd_notify(3).

A datagram with lines NAME=value to the socket that NOTIFY_SOCKET names; without that nobody is told.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Systemd:
    """The service manager that started this process, if one did.

    Attributes:
        address: of its socket, None without one; an abstract one begins with @.
        watchdog: how many seconds it waits for a sign of life before it kills; None when it does not.
    """

    address: str | None = None
    watchdog: float | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Systemd:
        """Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which systemd sets."""
        microseconds = environ.get("WATCHDOG_USEC", "")
        meant = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watched = meant and microseconds.isdigit() and int(microseconds) > 0
        return cls(environ.get("NOTIFY_SOCKET") or None, int(microseconds) / 1e6 if watched else None)

    def starting(self, status: str, seconds: float) -> None:
        """Say what the start waits for, and that it may take so many seconds more."""
        self._tell(f"STATUS={status}", f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    def ready(self, status: str) -> None:
        """Say that the start, or the reading of settings and credentials again, is done."""
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Say that settings and credentials are being read again; `ready` ends that."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._tell("STOPPING=1", "STATUS=Collections under way are being finished")

    def alive(self, status: str) -> None:
        """Give a sign of life to the watchdog."""
        self._tell("WATCHDOG=1", f"STATUS={status}")

    def _tell(self, *lines: str) -> None:
        if self.address is None:
            return
        # The first byte of an abstract address is 0.
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        # Whether systemd listens is none of the daemon's concern: it goes on.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto("\n".join(lines).encode(), address)
