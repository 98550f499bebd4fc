"""A way to a server on which things go wrong: seeded at random for some of what is asked, or all at once."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Self

from psycopg2.extensions import make_dsn, parse_dsn

# A socket's path, or host and port.
Address = str | tuple[str, int]
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
class _Strike:
    """What befalls an exchange once so many bytes of its question or of its answer have passed.

    `pace` is for a delay in seconds, for a throttle in bytes a second.
    """

    way: Way
    in_answer: bool
    after: int
    pace: float


class Proxy:
    """A context manager: inside, `address` leads to `upstream`.

    Every exchange may be struck, whatever its connection has seen before: see `strike`. Whatever is drawn
    comes from the dice; how it meets the threads of those who ask does not.

    Attributes:
        struck: how often each way struck until now.
    """

    def __init__(
        self, upstream: Address, dice: Random | None = None, listening: Callable[[], Listener] | None = None
    ) -> None:
        """Prepare it.

        Args:
            upstream: where it leads.
            dice: what decides who is struck.
            listening: makes what is told the bytes of one client.
        """
        self.address = ("127.0.0.1", 0)
        self.struck: Counter[Way] = Counter()
        self._upstream = upstream
        self._dice = dice or Random()
        self._listening = listening or (lambda: lambda _: None)
        self._ways: tuple[Way, ...] = ()
        self._share = 0.0
        self._longest = 0.0
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._flows = threading.Event()
        self._flows.set()

    def __enter__(self) -> Self:
        self.mend()
        return self

    def __exit__(self, *failure: object) -> None:
        self.cut()

    def strike(self, share: float, *ways: Way, longest: float = 3.0) -> None:
        """Strike a share of the exchanges that begin from now on, each in one of the ways.

        What is blackholed stays so until its client hangs up.

        Args:
            share: 0.1 for one in ten.
            ways: all are as likely.
            longest: how long a delay may be, in seconds.
        """
        with self._lock:
            self._share, self._ways, self._longest = share, ways, longest

    def spare(self) -> None:
        """Strike no exchange that begins from now on."""
        with self._lock:
            self._ways = ()

    def mend(self) -> None:
        """Listen, at the same address as before."""
        listener = socket.create_server(self.address, backlog=512)
        self.address = listener.getsockname()
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def turn_to(self, upstream: Address) -> None:
        """Lead elsewhere from now on, and end every connection that leads where it did."""
        self._upstream = upstream
        self.cut()
        self.mend()

    def hang(self) -> None:
        """Go on to take connections and what is sent on them, but hand nothing on."""
        self._flows.clear()

    def flow(self) -> None:
        """Hand everything on again, what was held back first."""
        self._flows.set()

    def cut(self) -> None:
        """End every connection, and refuse new ones."""
        self._flows.set()
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for one in sockets:
            _end(one)

    def _accept(self, listener: socket.socket) -> None:
        while listener.fileno() >= 0:
            # A client may be gone before it is let in.
            with suppress(OSError):
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            upstream = _connected(self._upstream)
        except OSError:
            _end(client)
            return
        with self._lock:
            self._sockets |= {client, upstream}
        line = _Line(client, upstream, self._drawn, self._note, self._flows)
        answering = threading.Thread(target=line.hand_back, daemon=True)
        answering.start()
        line.hand_on(self._listening())
        answering.join()
        with self._lock:
            self._sockets -= {client, upstream}
        client.close()
        upstream.close()

    def _drawn(self) -> _Strike | None:
        """Draw what befalls an exchange."""
        with self._lock:
            dice = self._dice
            if not self._ways or dice.random() >= self._share:
                return None
            way = dice.choice(self._ways)
            pace = dice.uniform(0, self._longest) if way is Way.DELAY else 10 ** dice.uniform(3.5, 6)
            # The beginning of a question is met as often as the midst of a long answer.
            return _Strike(way, dice.random() < 0.6, int(10 ** dice.uniform(0, 4.5)) - 1, pace)

    def _note(self, way: Way) -> None:
        with self._lock:
            self.struck[way] += 1


class DatabaseProxy(Proxy):
    """A proxy to the PostgreSQL whose socket a dsn names."""

    def __init__(self, dsn: str, dice: Random | None = None) -> None:
        server = parse_dsn(dsn)
        super().__init__(f"{server['host']}/.s.PGSQL.{server['port']}", dice)
        self._dsn = dsn

    @property
    def dsn(self) -> str:
        """How the database is reached through this."""
        host, port = self.address
        return make_dsn(self._dsn, host=host, port=port, sslmode="disable", gssencmode="disable")


@dataclass(slots=True)
class _Line:
    """A client's connection and the one that was made for it, with the exchange that is under way."""

    client: socket.socket
    upstream: socket.socket
    drawn: Callable[[], _Strike | None]
    note: Callable[[Way], None]
    flows: threading.Event
    strike: _Strike | None = None
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
        _shut(self.upstream)

    def hand_back(self) -> None:
        """Hand back what the server answers until one side ends."""
        with suppress(OSError):
            while some := self.upstream.recv(_CHUNK):
                self.flows.wait()
                if not self.answered:
                    self.answered, self.passed = True, 0
                self._pass(some, self.client, in_answer=True)
        if not self.is_dead:
            _shut(self.client)

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
        _shut(self.upstream)
        if way is Way.RESET:
            # RST goes out when it is closed, which is when nobody waits for it any more.
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.client.shutdown(socket.SHUT_RD)
        else:
            _shut(self.client)


def _sip(some: bytes, to: socket.socket, pace: float) -> None:
    """Hand a piece on, so many bytes a second."""
    sip = max(1, int(pace / _SIPS))
    for begin in range(0, len(some), sip):
        to.sendall(some[begin : begin + sip])
        if begin + sip < len(some):
            time.sleep(1 / _SIPS)


def _connected(address: Address) -> socket.socket:
    if isinstance(address, tuple):
        return socket.create_connection(address)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    return connection


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


def _end(one: socket.socket) -> None:
    _shut(one)
    one.close()
