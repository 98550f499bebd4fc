"""A way to the database that can be cut and mended, or swallow what it is to hand on."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from psycopg2.extensions import make_dsn, parse_dsn


class Relay:
    """A context manager: inside, `dsn` leads to the server whose socket another dsn names."""

    def __init__(self, dsn: str) -> None:
        server = parse_dsn(dsn)
        self._upstream = f"{server['host']}/.s.PGSQL.{server['port']}"
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self._address = ("127.0.0.1", 0)
        self._dsn = dsn
        self._flows = threading.Event()
        self._flows.set()

    @property
    def dsn(self) -> str:
        """How the database is reached through this."""
        host, port = self._address
        return make_dsn(self._dsn, host=host, port=port, sslmode="disable", gssencmode="disable")

    def __enter__(self) -> Relay:
        self.mend()
        return self

    def __exit__(self, *failure: object) -> None:
        self.cut()

    def mend(self) -> None:
        """Listen, at the same address as before."""
        listener = socket.create_server(self._address)
        self._address = listener.getsockname()
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

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
            sockets, self._sockets = self._sockets, []
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                upstream = socket.socket(socket.AF_UNIX)
                upstream.connect(self._upstream)
                with self._lock:
                    self._sockets += [client, upstream]
                for pair in ((client, upstream), (upstream, client)):
                    threading.Thread(target=self._hand_on, args=pair, daemon=True).start()

    def _hand_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while some := one.recv(65_536):
                self._flows.wait()
                other.sendall(some)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)
