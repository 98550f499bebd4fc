"""Brings messages to people: apprise, fenced. Its URLs hold tokens and passwords: nothing here tells one."""

from __future__ import annotations

import importlib
import logging
import re
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from providers.errors import SettingsInvalid
from schedulers.notices.message import Message

if TYPE_CHECKING:
    from apprise import Apprise

# What it logs may name a URL, at times with all that is in it.
_TALKATIVE = ("apprise", "urllib3")
# What a person writes between two URLs by habit; to apprise it is part of the first.
_SEVERAL = re.compile(r",\s*[A-Za-z][A-Za-z0-9+.-]*://")


class Recipient:
    """One of those to whom messages go.

    Attributes:
        name: by which logs and ledgers know him: his place among the URLs, and the scheme of his own.
    """

    def __init__(self, name: str, service: Apprise) -> None:
        """Take a name, and an Apprise with just one service."""
        self.name = name
        self._service = service
        self._sending: _Sending | None = None

    def __repr__(self) -> str:
        return f"Recipient({self.name!r})"

    @property
    def is_busy(self) -> bool:
        """Return whether a message is still on its way to him."""
        return self._sending is not None and self._sending.is_alive()

    def send(self, message: Message) -> _Sending:
        """Begin to send a message; whoever waits for it waits as long as he likes."""
        self._sending = _Sending(self._service, message)
        self._sending.start()
        return self._sending


class _Sending(threading.Thread):
    """A message on its way. A server may never answer: the process does not wait for it when it ends.

    Attributes:
        taken: whether the service has taken it.
    """

    def __init__(self, service: Apprise, message: Message) -> None:
        super().__init__(name="notification", daemon=True)
        self.taken = False
        self._service = service
        self._message = message

    def run(self) -> None:
        """Send the message."""
        from apprise import NotifyFormat, NotifyType

        # What is raised may quote the URL: that the message was not taken is all that can be said.
        with suppress(Exception):
            self.taken = bool(
                self._service.notify(
                    title=self._message.title,
                    body=self._message.body,
                    notify_type=NotifyType.FAILURE if self._message.is_bad else NotifyType.SUCCESS,
                    body_format=NotifyFormat.TEXT,
                )
            )


def open_recipients(urls: Sequence[str], setting: str) -> list[Recipient]:
    """Return the recipients that apprise's URLs name; nothing is sent yet.

    Args:
        urls: as the operator wrote them.
        setting: where he did, for messages.

    Raises:
        SettingsInvalid: apprise is not installed, or cannot send to one of them.
    """
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        importlib.import_module("apprise")
    except ModuleNotFoundError as missing:
        raise SettingsInvalid(
            f"{setting} wants the Python package apprise, and {missing.name} is missing: run "
            f"`{sys.executable} -m pip install 'apprise>=2.0'`."
        ) from missing
    return [_recipient(number, url, setting) for number, url in enumerate(urls, start=1)]


def deliver(messages: Mapping[Recipient, Message], patience: float) -> set[Recipient]:
    """Send messages side by side; return who has taken his within so many seconds."""
    deadline = time.monotonic() + patience
    sendings = {recipient: recipient.send(message) for recipient, message in messages.items()}
    for sending in sendings.values():
        sending.join(max(0.0, deadline - time.monotonic()))
    return {recipient for recipient, sending in sendings.items() if sending.taken}


def _recipient(number: int, url: str, setting: str) -> Recipient:
    from apprise import Apprise, AppriseAsset, OverflowMode

    if _SEVERAL.search(url):
        raise SettingsInvalid(f"{setting}: between two URLs there are to be blanks, no commas.")
    # With a limit of its own it would work in threads of its own, which a process waits for when it ends.
    asset = AppriseAsset(app_id="ChronoTrack Live", async_mode=False, service_timeout=0)
    try:
        service = Apprise.instantiate(url, asset=asset)
    except Exception:  # noqa: BLE001 - it may quote the URL
        service = None
    if service is None:
        raise SettingsInvalid(
            f"{setting}: URL {number} of those that are set is none to which apprise can send; "
            "https://appriseit.com/services has what it wants for each service, a further package for some."
        )
    if service.overflow_mode == OverflowMode.UPSTREAM:
        # What is too long for the service is cut, rather than refused again and again.
        service.overflow_mode = OverflowMode.TRUNCATE
    apprise = Apprise(asset=asset)
    apprise.add(service)
    scheme = re.match(r"[A-Za-z0-9]+(?=://)", url)
    return Recipient(f"{number} ({scheme[0].lower() if scheme else 'unnamed'})", apprise)
