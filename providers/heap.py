"""How this process holds memory: what pages of JSON have once taken is given back when they were read."""

from __future__ import annotations

import ctypes
from contextlib import suppress

# Of glibc's mallopt(): where free memory at the heap's end, and blocks of their own, begin; how many heaps.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
# In bytes: an answer of the API is larger, and what Python makes of it is not.
_LARGE = 2**17
# In bytes: the rows of a page take about as much. To give that back after each page, and to take it again for
# the next, costs as much as to read it.
_PAGE = 2**21


def share_one_heap() -> None:
    """Let all threads take memory from one heap, and large blocks go back to the system once they are free.

    To be called before there are any threads. glibc gives each thread a heap of its own, and lets heaps and
    blocks grow with what was once needed. Another C library does as it always does.
    """
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 1)
        mallopt(_TRIM_THRESHOLD, _PAGE)
        mallopt(_MMAP_THRESHOLD, _LARGE)
