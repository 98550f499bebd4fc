"""What was freed goes back to the system, where the C library can be told so."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from providers.heap import share_one_heap

ROOT = Path(__file__).resolve().parents[2]
BLOCK = 2**24
# A large block that is freed makes glibc take the next one of its size from the heap. A small one that lies
# above it there keeps it from going back. A process tells how many bytes it holds more than before.
READS_A_PAGE = f"""
import os
from providers.heap import share_one_heap

def held():
    with open("/proc/self/statm") as counts:
        return int(counts.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

{{prepare}}
before = held()
page = b"x" * {BLOCK}
del page
page = b"x" * {BLOCK}
kept = [b"x" * size for size in range(1_000, 60_000, 1_000)]
del page
print(held() - before)
"""


def bytes_held(prepare):
    told = subprocess.run(
        [sys.executable, "-c", READS_A_PAGE.format(prepare=prepare)],
        cwd=ROOT,
        # glibc's own settings would tell it before us.
        env={name: set_to for name, set_to in os.environ.items() if "MALLOC" not in name},
        capture_output=True,
        check=True,
        text=True,
    )
    return int(told.stdout)


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists() or not hasattr(ctypes.CDLL(None), "mallopt"),
    reason="only glibc's heaps can be told, and only Linux tells what a process holds",
)
def test_a_page_that_was_read_goes_back_though_what_was_made_of_it_is_kept():
    assert bytes_held("") > BLOCK * 0.9
    assert bytes_held("share_one_heap()") < BLOCK / 2


def no_library(name):
    raise OSError("no such library")


@pytest.mark.parametrize("library", [no_library, lambda name: SimpleNamespace()], ids=["none", "another"])
def test_where_there_is_no_glibc_all_stays_as_it_is(monkeypatch, library):
    monkeypatch.setattr(ctypes, "CDLL", library)

    share_one_heap()
