"""Tells recipients what has changed: looks come in, messages go out, the ledger keeps what was told."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from providers.errors import SettingsInvalid
from schedulers.notices.concern import Look
from schedulers.notices.courier import Recipient, deliver
from schedulers.notices.ledger import Ledger, News
from schedulers.notices.ledger_file import LedgerFile
from schedulers.notices.message import message

# So many seconds a look waits for the services to take what it sends them.
_PATIENCE = 10.0
_LEDGER = "ledger"


class Teller:
    """Tells some recipients, each at his own pace. What could not be told is told later.

    Where the ledger cannot be kept, nobody is told anything: it would be told again and again.
    """

    def __init__(
        self, recipients: Sequence[Recipient], file: LedgerFile, complain: Callable[[str], None]
    ) -> None:
        """Take who is told, where the ledgers are, and who hears, once each, what is in the way of it."""
        self._recipients = recipients
        self._file = file
        self._complain = complain
        # What is in the way at present, by where.
        self._problems: dict[str, str] = {}

    def tell(self, look: Look) -> None:
        """Tell what is to be told after a look; it takes no longer than a few seconds.

        While another process tells out of the same ledger, nothing is done.
        """
        try:
            with self._file.alone() as alone:
                if alone:
                    self._tell(look)
        except SettingsInvalid as problem:
            self._note(_LEDGER, f"Nothing is told: {problem}")
        else:
            self._note(_LEDGER, None)

    def _tell(self, look: Look) -> None:
        known = self._known()
        ledgers, news = dict(known), dict[Recipient, News]()
        for recipient in self._recipients:
            ledger = ledgers.get(recipient.name, Ledger()).having_seen(look)
            found = None if recipient.is_busy else ledger.news(look)
            if found is not None:
                news[recipient], ledger = found, ledger.trying(look.at)
            ledgers[recipient.name] = ledger
        # Before anything is sent: whatever happens then, the next message keeps its distance.
        if ledgers != known:
            self._file.write(ledgers)
        if not news:
            return
        host = socket.gethostname()
        messages = {recipient: message(found, host, look.at) for recipient, found in news.items()}
        taken = deliver(messages, _PATIENCE)
        for recipient in taken:
            ledgers[recipient.name] = ledgers[recipient.name].having_told(news[recipient])
        if taken:
            self._file.write(ledgers)
        for recipient in news:
            refused = f"Notification URL {recipient.name} took no message"
            self._note(
                recipient.name,
                None if recipient in taken else f"{refused}: it is tried again, ever more rarely.",
            )

    def _known(self) -> dict[str, Ledger]:
        try:
            return self._file.read()
        except ValueError as damage:
            self._note(_LEDGER, f"{damage} It is begun anew, and what stands is told again.")
            return {}

    def _note(self, where: str, problem: str | None) -> None:
        """Complain of a problem when it begins; None is the end of one."""
        if problem is None:
            self._problems.pop(where, None)
        elif self._problems.get(where) != problem:
            self._problems[where] = problem
            self._complain(problem)
