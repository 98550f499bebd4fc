"""What the kernel says of running processes: Linux's /proc, see proc(5)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
# Counted after the name, which ends with the last parenthesis and may hold blanks.
_PARENT, _OWN, _CHILDRENS = 1, slice(11, 13), slice(13, 15)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    return sum(map(int, _stat(pid)[_OWN])) / _TICKS


def family_cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and of its children, those that have ended included."""
    seconds = sum(map(int, _stat(pid)[_CHILDRENS])) / _TICKS + cpu_seconds(pid)
    for child in _children(pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
            seconds += cpu_seconds(child)
    return seconds


def machine_cpu_seconds() -> float:
    """Return the CPU time that everything on this machine has used: all but idle and waiting for disks."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, (_PROC / "stat").read_text().split()[1:11])
    return (user + nice + system + irq + softirq) / _TICKS


def parent(pid: int) -> int:
    """Return the id of a process's parent."""
    return int(_stat(pid)[_PARENT])


def peak_memory(pid: int) -> int:
    """Return the largest resident memory that a process has had, in bytes."""
    return _status(pid, "VmHWM") * 1024


def threads(pid: int) -> int:
    """Return how many threads a process has."""
    return _status(pid, "Threads")


def tcp_connections(pid: int, port: int) -> int:
    """Return how many TCP connections over IPv4 a process has to a port, in whatever state."""
    sockets = set()
    for descriptor in (_PROC / str(pid) / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            sockets.add(str(descriptor.readlink()))
    lines = (_PROC / str(pid) / "net" / "tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(line[2].endswith(f":{port:04X}") and f"socket:[{line[9]}]" in sockets for line in fields)


def _children(pid: int) -> Iterator[int]:
    for process in _PROC.glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
            if parent(int(process.name)) == pid:
                yield int(process.name)


def _stat(pid: int) -> list[str]:
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _status(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", (_PROC / str(pid) / "status").read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"The kernel does not tell the {name} of process {pid}.")
    return int(found[1])
