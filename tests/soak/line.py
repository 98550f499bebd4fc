"""A connection through the proxy: a client's and the server's, and how an exchange on it goes wrong."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

# Told what a client sends, as it comes.
Listener = Callable[[bytes], None]

_CHUNK = 65_536
# So often a second what is throttled goes on.
_SIPS = 20
# Closing such a socket sends RST.
_AT_ONCE = struct.pack("ii", 1, 0)


class Way(StrEnum):
    """A way in which an exchange, which is a question with its answer, goes wrong."""

    DELAY = "delayed"
    RESET = "reset"
    TRUNCATE = "truncated"
    THROTTLE = "throttled"
    BLACKHOLE = "blackholed"


WAYS = tuple(Way)


@dataclass(frozen=True, slots=True)
class Strike:
    """What befalls an exchange once so many bytes of its question or of its answer have passed.

    `pace` is for a delay in seconds, for a throttle in bytes a second.
    """

    way: Way
    in_answer: bool
    after: int
    pace: float


@dataclass(slots=True)
class Line:
    """A client's connection and the one that was made for it, with the exchange that is under way."""

    client: socket.socket
    upstream: socket.socket
    drawn: Callable[[], Strike | None]
    note: Callable[[Way], None]
    flows: threading.Event
    strike: Strike | None = None
    answered: bool = True
    # How many bytes of the question, or of its answer once that has begun.
    passed: int = 0
    is_dead: bool = False

    def hand_on(self, listener: Listener) -> None:
        """Hand on what the client sends until one side ends."""
        with suppress(OSError):
            while some := self.client.recv(_CHUNK):
                listener(some)
                self.flows.wait()
                if self.answered and not self.is_dead:
                    self._begin_exchange()
                self._pass(some, self.upstream, in_answer=False)
        shut(self.upstream)

    def hand_back(self) -> None:
        """Hand back what the server answers until one side ends."""
        with suppress(OSError):
            while some := self.upstream.recv(_CHUNK):
                self.flows.wait()
                if not self.answered:
                    self.answered, self.passed = True, 0
                self._pass(some, self.client, in_answer=True)
        if not self.is_dead:
            shut(self.client)

    def _begin_exchange(self) -> None:
        self.strike, self.answered, self.passed = self.drawn(), False, 0
        if self.strike is None:
            return
        if self.strike.way in (Way.DELAY, Way.THROTTLE):
            self.note(self.strike.way)
        if self.strike.way is Way.DELAY:
            time.sleep(self.strike.pace)

    def _pass(self, some: bytes, to: socket.socket, *, in_answer: bool) -> None:
        """Hand a piece on, as far as it gets.

        Raises:
            OSError: it does not, and the connection is at its end.
        """
        strike = self.strike
        if self.is_dead:
            return
        if strike is None or strike.way is Way.DELAY:
            to.sendall(some)
        elif strike.way is Way.THROTTLE:
            _sip(some, to, strike.pace)
        elif strike.in_answer is not in_answer or self.passed + len(some) <= strike.after:
            self.passed += len(some)
            to.sendall(some)
        else:
            self.is_dead = True
            self.note(strike.way)
            to.sendall(some[: max(0, strike.after - self.passed)])
            self._end(strike.way)

    def _end(self, way: Way) -> None:
        """End the connection in a way; what is blackholed is read on, and goes nowhere."""
        if way is Way.BLACKHOLE:
            return
        shut(self.upstream)
        if way is Way.RESET:
            # RST goes out when it is closed, which is when nobody waits for it any more.
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.client.shutdown(socket.SHUT_RD)
        else:
            shut(self.client)


def _sip(some: bytes, to: socket.socket, pace: float) -> None:
    """Hand a piece on, so many bytes a second."""
    sip = max(1, int(pace / _SIPS))
    for begin in range(0, len(some), sip):
        to.sendall(some[begin : begin + sip])
        if begin + sip < len(some):
            time.sleep(1 / _SIPS)


def shut(one: socket.socket) -> None:
    """Tell both sides of a connection that it is at its end."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
