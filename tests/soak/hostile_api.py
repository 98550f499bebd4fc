"""An API that serves prepared lists as real pages over real HTTP (fact sheet, section 4)."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

# What the real API answers with when nobody says, and its largest page.
_SIZE, _LARGEST = 50, 1000


class HostileApi:
    """A context manager: inside, it serves lists at `address`.

    Args:
        events: rows of the list of events.
        more_events: the JSON of further ones.
        lists: the JSON of each row, by the path of the list: "event/7/entry", "event/7/results", and
            "event/7/results?bracket=SEX". Any other list is empty.
    """

    def __init__(
        self,
        events: Sequence[Mapping[str, Any]],
        more_events: Sequence[str],
        lists: Mapping[str, Sequence[str]],
    ) -> None:
        self._lists = {**lists, "event": [*map(json.dumps, events), *more_events]}
        self._pages: dict[tuple[str, int, int], bytes] = {}

    @property
    def address(self) -> str:
        """The address, as http://127.0.0.1:PORT/api."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/api"

    def __enter__(self) -> Self:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                api.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer with a page of the list that is asked for."""
        parts = urlsplit(request.path)
        query = parse_qs(parts.query)
        path = parts.path.removeprefix("/api/")
        wrapper = "event" if path == "event" else f"event_{path.rpartition('/')[2]}"
        if "bracket" in query:
            path += f"?bracket={query['bracket'][0]}"
        rows = self._lists.get(path, [])
        number = int(query.get("page", ["1"])[0])
        size = min(_LARGEST, int(query.get("size", [str(_SIZE)])[0]))
        body = self._page(path, wrapper, rows, number, size)
        request.send_response(200)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": len(body),
            "X-Ctlive-Row-Count": len(rows),
            "X-Ctlive-Page-Count": -(-len(rows) // size),
            "X-Ctlive-Page-Size": size,
            "X-Ctlive-Current-Page": number,
        }.items():
            request.send_header(name, str(value))
        request.end_headers()
        request.wfile.write(body)

    def _page(self, path: str, wrapper: str, rows: Sequence[str], number: int, size: int) -> bytes:
        key = path, number, size
        if not rows or key not in self._pages:
            some = rows[(number - 1) * size : number * size]
            page = f'{{"{wrapper}": [{", ".join(some)}]}}'.encode()
            if not rows:
                return page
            self._pages[key] = page
        return self._pages[key]
