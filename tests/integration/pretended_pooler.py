"""A relay before a PostgreSQL that tells its clients a process id of its own making, as poolers do."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from psycopg2.extensions import make_dsn, parse_dsn

MADE_UP = 20_000_088  # more than any kernel's largest process id


@contextmanager
def pretended_pooler(dsn: str, process: int | None = MADE_UP) -> Iterator[str]:
    """Relay to the server whose socket `dsn` names; yield the dsn of the relay.

    Args:
        dsn: of a server that asks for no password.
        process: the process id that clients are told, None for the true one.
    """
    server = parse_dsn(dsn)

    class Relay(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as upstream, suppress(ConnectionError):
                upstream.connect(f"{server['host']}/.s.PGSQL.{server['port']}")
                threading.Thread(target=_ask, args=(self.connection, upstream), daemon=True).start()
                with upstream.makefile("rb") as answers:
                    _greet(answers, self.wfile, process)
                    while some := answers.read1():
                        self.wfile.write(some)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Relay) as relay:
        relay.daemon_threads = True  # whoever is connected stays so
        serving = threading.Thread(target=relay.serve_forever, args=(0.05,))
        serving.start()
        host, port = relay.server_address
        try:
            # Without encryption, about which client and server would speak before the first message.
            yield make_dsn(dsn, host=host, port=port, sslmode="disable", gssencmode="disable")
        finally:
            relay.shutdown()
            serving.join()


def _ask(client: socket.socket, upstream: socket.socket) -> None:
    """Hand on what the client says, and that it has nothing more to say."""
    with suppress(OSError):
        while some := client.recv(65_536):
            upstream.sendall(some)
    with suppress(OSError):
        upstream.shutdown(socket.SHUT_WR)


def _greet(answers: BinaryIO, client: BinaryIO, process: int | None) -> None:
    """Hand on the server's messages up to BackendKeyData ('K': process id and key), which is changed."""
    kind = b""
    while kind != b"K" and (head := answers.read(5)):
        kind, length = struct.unpack("!ci", head)
        body = answers.read(length - 4)
        if kind == b"K" and process is not None:
            body = struct.pack("!i", process) + body[4:]
        client.write(head + body)
