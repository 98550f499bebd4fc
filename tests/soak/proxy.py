"""A way to a server on which things go wrong: seeded at random for some of what is asked, or all at once."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Self

from psycopg2.extensions import make_dsn, parse_dsn

from tests.soak.line import Line, Listener, Strike, Way, shut

# A socket's path, or host and port.
Address = str | tuple[str, int]


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
        line = Line(client, upstream, self._drawn, self._note, self._flows)
        answering = threading.Thread(target=line.hand_back, daemon=True)
        answering.start()
        line.hand_on(self._listening())
        answering.join()
        with self._lock:
            self._sockets -= {client, upstream}
        client.close()
        upstream.close()

    def _drawn(self) -> Strike | None:
        """Draw what befalls an exchange."""
        with self._lock:
            dice = self._dice
            if not self._ways or dice.random() >= self._share:
                return None
            way = dice.choice(self._ways)
            pace = dice.uniform(0, self._longest) if way is Way.DELAY else 10 ** dice.uniform(3.5, 6)
            # The beginning of a question is met as often as the midst of a long answer.
            return Strike(way, dice.random() < 0.6, int(10 ** dice.uniform(0, 4.5)) - 1, pace)

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


def _connected(address: Address) -> socket.socket:
    if isinstance(address, tuple):
        return socket.create_connection(address)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    return connection


def _end(one: socket.socket) -> None:
    shut(one)
    one.close()
