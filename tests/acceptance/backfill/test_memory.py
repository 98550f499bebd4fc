"""What a backfill takes of the machine's memory, whatever it imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.chronotrack_live.simulator.archive import Archive
from tests.acceptance.conftest import wait_until

LARGE = Archive(2, 22, 6_000)
MOST = 150 * 2**20


def high_water(pid):
    """The most memory that a process has had so far, in bytes; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    marks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(marks[0]) * 1024 if marks else 0


@pytest.mark.rehearsal
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc here")
def test_memory_stays_below_150_megabytes_with_a_hundred_thousand_athletes(
    open_archive, add_partners, started, ask
):
    add_partners(open_archive(LARGE), 2)
    process = started("--api-delay", 0, "--days", 800)
    peak = 0

    def ended():
        nonlocal peak
        peak = max(peak, high_water(process.pid))
        return process.poll() is not None

    wait_until(ended, patience=900)

    assert process.returncode == 0
    assert ask("SELECT count(*) FROM ct_participants") > 100_000
    assert 0 < peak < MOST
