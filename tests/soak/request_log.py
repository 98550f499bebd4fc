"""What was asked of an API, by whom and when: read on the way, so that what never arrives counts as well."""

from __future__ import annotations

import re
import threading
import time
from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

_AUTHORIZATION = re.compile(r"^authorization: (\w+) (\S+)", re.IGNORECASE | re.MULTILINE)


class RequestLog:
    """The requests of all clients of an API. May be told of them from several threads at once.

    Attributes:
        credentials: each text that proved somebody: what followed the scheme in an Authorization header, a
            password or its digest in a query.
    """

    def __init__(self) -> None:
        self.credentials: set[str] = set()
        self._at: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def listening(self) -> Callable[[bytes], None]:
        """Return what is told the bytes of one client, as they come."""
        heard = b""

        def listen(some: bytes) -> None:
            nonlocal heard
            # A GET has a head and no body.
            *heads, heard = (heard + some).split(b"\r\n\r\n")
            for head in heads:
                self._note(head.decode("latin-1"))

        return listen

    def most_within(self, span: timedelta) -> dict[str, int]:
        """Return the most requests that each client, by its id, made within any real span of this length."""
        with self._lock:
            return {client: _most(instants, span) for client, instants in self._at.items()}

    def _note(self, head: str) -> None:
        query = parse_qs(urlsplit(head.split(" ", 2)[1]).query)
        found = _AUTHORIZATION.search(head)
        scheme, proof = found.groups() if found else ("", "")
        client = query.get("client_id", [""])[0]
        if not client and scheme.lower() == "basic":
            # A request for a token.
            client = b64decode(proof).decode("latin-1").partition(":")[0]
        proofs = [proof, *query.get("user_pass", []), *query.get("password", [])]
        with self._lock:
            self._at[client].append(time.monotonic())
            self.credentials |= set(filter(None, proofs))


def _most(instants: list[float], span: timedelta) -> int:
    most, first = 0, 0
    for number, instant in enumerate(instants):
        while instant - instants[first] >= span.total_seconds():
            first += 1
        most = max(most, number - first + 1)
    return most
