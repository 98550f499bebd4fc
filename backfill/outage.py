"""A database that is lost on the way: nothing is begun until it answers again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from providers.errors import IntegrationError

# A restart takes seconds, a failover some minutes; after that a person is needed.
PATIENCE = 300.0
# It is asked again after so many seconds, twice as long each time up to the second number.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0


class Outage:
    """Waits for the database. `end` may be called from another thread."""

    def __init__(self, answers: Callable[[], None], patience: float = PATIENCE) -> None:
        """Keep what asks the database (`Store.answers`), and for how many seconds it is waited for."""
        self.patience = patience
        self._answers = answers
        self._ending = threading.Event()

    def wait(self) -> bool:
        """Return whether the database answers: True as soon as it does, False after the patience or `end`."""
        deadline, pause = time.monotonic() + self.patience, _FIRST_PAUSE
        while not self._ending.is_set():
            try:
                self._answers()
            except IntegrationError:
                if time.monotonic() + pause > deadline:
                    return False
                self._ending.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return True
        return False

    def end(self) -> None:
        """Wait no more."""
        self._ending.set()
