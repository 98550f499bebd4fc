"""Threads that compute take turns.

Python runs one thread at a time. Threads that all have much to compute take the interpreter from each other
two hundred times a second, which costs a third of their time. So each computes a portion in one go, a page of
rows say, and then lets another one have its turn.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

MadeT = TypeVar("MadeT")

# Held while a portion is computed: some tens of milliseconds, and never while something is waited for.
turn = threading.RLock()
# So many records are a portion.
_PORTION = 500


def in_turns(made: Iterable[MadeT]) -> Iterator[MadeT]:
    """Yield what is made, a portion in one turn; whatever makes it must not wait for anything."""
    making = iter(made)
    while True:
        with turn:
            portion = list(islice(making, _PORTION))
        if not portion:
            return
        yield from portion
