"""A place between an adapter and its API, where requests fail the way networks and servers do."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer

DROPPED = b""


def said(status: str, *headers: str, body: str = "") -> bytes:
    """Return an answer of HTTP, after which the connection ends."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", body]).encode()


class Gateway:
    """A context manager: inside, it listens at `address`.

    Args:
        answers: what the first connections get, one each, in place of the API; DROPPED is a closed one.
        onward: the API's host and port, where all further ones are led; None repeats the last answer.

    Attributes:
        connections: how many there were.
        heard: the heads of the requests that got one of the answers.
    """

    def __init__(self, *answers: bytes, onward: str | None = None) -> None:
        self._answers = list(answers)
        self._onward = onward
        self._lock = threading.Lock()
        self.connections = 0
        self.heard = b""
        self._led: list[socket.socket] = []

    @property
    def address(self) -> str:
        """The host and port."""
        host, port = self._server.server_address[:2]
        return f"{host}:{port}"

    def __enter__(self) -> Gateway:
        gateway = self

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                gateway.meet(self.request)

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.shutdown()
        self._thread.join()
        for client in self._led:
            # The adapter may keep its connection for later, and whoever leads it would wait for more.
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    def meet(self, client: socket.socket) -> None:
        """Serve one connection."""
        with self._lock:
            self.connections += 1
            answer = self._next_answer()
            if answer is None:
                self._led.append(client)
        if answer is None:
            self._lead_onward(client)
            return
        # A connection that is closed with something unread is reset, and the answer lost.
        request = b""
        while not request.endswith(b"\r\n\r\n") and (more := client.recv(65_536)):
            request += more
        with self._lock:
            self.heard += request
        client.sendall(answer)

    def _next_answer(self) -> bytes | None:
        if len(self._answers) > 1 or (self._answers and self._onward):
            return self._answers.pop(0)
        return self._answers[0] if self._answers else None

    def _lead_onward(self, client: socket.socket) -> None:
        host, _, port = (self._onward or "").partition(":")
        with socket.create_connection((host, int(port))) as api:
            back = threading.Thread(target=_pass_on, args=(api, client))
            back.start()
            _pass_on(client, api)
            back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
