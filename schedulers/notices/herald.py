"""The daemon's own thread for telling: nothing else ever waits for a server that is slow, or dead."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

from providers.clock import Clock
from schedulers.notices.courier import open_recipients
from schedulers.notices.ledger_file import own_ledger
from schedulers.notices.teller import Teller
from schedulers.notices.watch import Watch

# It looks so often, in seconds, and for so long after a fault of ours not at all.
_LOOKS_EVERY = 1.0
_AFTER_A_FAULT = 300.0
# So many seconds the end of the process waits for a last look.
_LAST_MOMENT = 3.0

log = structlog.get_logger()


@contextmanager
def told_changes(urls: Sequence[str], setting: str, state: Path, clock: Clock) -> Iterator[Watch]:
    """Tell the recipients, for the length of the block, of what the watch meets that it yields.

    Raises:
        SettingsInvalid: see `open_recipients`.
    """
    watch, ending = Watch(clock), threading.Event()
    recipients = open_recipients(urls, setting)
    with own_ledger(state / "notices" / "scheduler.json") as file:
        teller = Teller(recipients, file, _complain)
        herald = threading.Thread(target=_tell, args=(watch, teller, ending), name="herald", daemon=True)
        herald.start()
        try:
            yield watch
        finally:
            ending.set()
            herald.join(_LAST_MOMENT)


def _tell(watch: Watch, teller: Teller, ending: threading.Event) -> None:
    is_last = False
    while not is_last:
        is_last = ending.wait(_LOOKS_EVERY)
        try:
            teller.tell(watch.look())
        except Exception:  # a fault of ours must not end what is told of others
            log.exception("notices.broke")
            is_last = is_last or ending.wait(_AFTER_A_FAULT)


def _complain(problem: str) -> None:
    log.warning("notices.not_told", reason=problem)
