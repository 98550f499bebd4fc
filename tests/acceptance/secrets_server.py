"""A careless API: it repeats each request in its answer, in the most ways, and fails where it is told to.

Its base URL says how and where: `/503/entry/api` answers everything but entry lists, and those with 503.
"""

from __future__ import annotations

import html
import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote

from tests.acceptance.secrets_marked import TOKEN

PLACES = ("token", "event", "race", "entry", "results")
# One event is being collected, one is of the past.
_STARTS = {"1": timedelta(hours=1), "2": timedelta(days=100)}


class CarelessServer(ThreadingHTTPServer):
    """Attributes: `sent`, the queries and Authorization headers that came; `failed`, how and where it did."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.sent: set[str] = set()
        self.failed: set[tuple[str, str]] = set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def base_url(self, failure: str, place: str) -> str:
        return f"http://{self.address}/{failure}/{place}/api"


@contextmanager
def careless_server() -> Iterator[CarelessServer]:
    """Serve for the length of the block."""
    with CarelessServer() as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()


class _Answering(BaseHTTPRequestHandler):
    server: CarelessServer

    def do_GET(self) -> None:
        path, _, self.query = self.path.partition("?")
        failure, place, *_, what = path.strip("/").split("/")
        self.authorization = self.headers.get("Authorization", "")
        self.server.sent |= {self.query, self.authorization}
        # Who gives up waiting is gone when the answer comes.
        with suppress(ConnectionError):
            if what == place and failure in FAILURES:
                self.server.failed.add((failure, place))
                FAILURES[failure](self)
            else:
                self.serve(what)

    def log_message(self, *_: object) -> None:
        pass

    def serve(self, what: str) -> None:
        if what == "token":
            self.answer(200, json.dumps({"access_token": TOKEN, "expires_in": 3600}), "application/json")
            return
        rows = []
        if what == "event":
            now = datetime.now(UTC)
            rows = [
                {
                    "event_id": number,
                    "event_name": f"Mile {number}",
                    "event_start_time": f"{at.timestamp():.0f}",
                }
                for number, at in ((number, now - ago) for number, ago in _STARTS.items())
            ]
        wrapper = what if what == "event" else f"event_{what}"
        self.answer(200, json.dumps({wrapper: rows}), "application/json")

    def answer(
        self, status: int, body: str, kind: str = "text/html", *headers: str, line: str | None = None
    ) -> None:
        """Answer; status line, type and a header repeat the request as well."""
        head = [
            line or f"HTTP/1.1 {status} {self.one_line}",
            f"Content-Type: {kind}; echo={self.one_line}",
            f"X-Echo: {self.one_line}",
            "Retry-After: 0",
            *headers,
        ]
        self.wfile.write("\r\n".join([*head, "", body]).encode())

    @property
    def said(self) -> list[str]:
        """The request, as it came and decoded."""
        scheme, _, encoded = self.authorization.partition(" ")
        pair = b64decode(encoded).decode() if scheme == "Basic" else encoded
        return [self.path, self.authorization, pair, *(value for _, value in parse_qsl(self.query))]

    @property
    def one_line(self) -> str:
        return " ".join(self.said)

    @property
    def echo(self) -> str:
        """The request in all spellings, none of which breaks a JSON text."""
        return " ".join(
            spelled
            for said in self.said
            for spelled in (json.dumps(said)[1:-1], json.dumps(html.escape(said))[1:-1], quote(said, safe=""))
        )


def _with_status(status: int) -> Callable[[_Answering], None]:
    return lambda asked: asked.answer(status, f"<html>{asked.one_line} {asked.echo}</html>")


def _with_json(text: str) -> Callable[[_Answering], None]:
    return lambda asked: asked.answer(200, text.replace("ECHO", asked.echo), "application/json")


def _redirected(to: str) -> Callable[[_Answering], None]:
    return lambda asked: asked.answer(
        301, asked.one_line, "text/html", f"Location: {to}{asked.path}#{asked.authorization}"
    )


FAILURES: dict[str, Callable[[_Answering], object]] = {
    **{str(status): _with_status(status) for status in (200, 400, 401, 403, 404, 418, 429, 500, 503)},
    "301": _redirected("http://127.0.0.1:9"),
    "redirect-to-nowhere": _redirected("http://[:"),
    "error": _with_json('{"error": "ECHO"}'),
    "error-500": lambda asked: asked.answer(500, json.dumps({"error": asked.one_line}), "application/json"),
    "refused": lambda asked: asked.answer(
        400, json.dumps({"error": "invalid_grant", "description": asked.one_line})
    ),
    "archived": lambda asked: asked.answer(400, f"Event is archived. {asked.one_line}"),
    "text": _with_json('"ECHO"'),
    "no-list": _with_json(
        '{"event": "ECHO", "event_race": "ECHO", "event_entry": "ECHO", "event_results": 1}'
    ),
    "half-json": _with_json('{"event": [{"event_id": "ECHO'),
    "breaks-off": lambda asked: asked.answer(200, asked.one_line, "text/html", "Content-Length: 999999"),
    "no-header": lambda asked: asked.answer(500, "", "text/html", asked.one_line, "X-More: 1"),
    "no-status": lambda asked: asked.answer(200, "", line=asked.one_line),
    "no-gzip": lambda asked: asked.answer(200, asked.one_line, "text/html", "Content-Encoding: gzip"),
    "no-chunk": lambda asked: asked.answer(
        200, f"{asked.one_line}\r\n", "text/html", "Transfer-Encoding: chunked"
    ),
    # Until the other side hangs up.
    "silent": lambda asked: asked.connection.recv(1),
}
# An adapter waits a while before it asks again: these name no time to do so.
REPEATED_LATER = {"breaks-off", "no-status", "no-gzip", "no-chunk", "silent"}
