"""An API over pytest-httpserver whose events a test makes, and which it can make hang or refuse."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from datetime import datetime

from werkzeug import Request, Response

_PATIENCE = 90


class HandMadeApi:
    """Serves events without races, entries or results.

    Attributes:
        url: for `base_url`.
        asked: how often each path below the events was asked for.
        refusing: while it is set, every request is refused.
        hanging: what a path contains that gets no answer until `let_go`.
        hung: set when a request hangs.
    """

    def __init__(self, httpserver) -> None:
        self.url = httpserver.url_for("/api")
        self.asked: Counter[str] = Counter()
        self.refusing = threading.Event()
        self.hanging: str | None = None
        self.hung = threading.Event()
        self._released = threading.Event()
        self._events: list[dict[str, str]] = []
        httpserver.expect_request(re.compile("/api/.*")).respond_with_handler(self._answer)

    def publish(self, event_id: int, start: datetime, name: str | None = None) -> None:
        """List an event, in place of the one with this id if there is one."""
        self._events = [event for event in self._events if event["event_id"] != str(event_id)]
        self._events.append(
            {
                "event_id": str(event_id),
                "event_name": name or f"Mile {event_id}",
                "event_start_time": str(int(start.timestamp())),
            }
        )

    def let_go(self) -> None:
        """Answer what hangs, and hang no more."""
        self.hanging = None
        self._released.set()

    def _answer(self, request: Request) -> Response:
        if self.refusing.is_set():
            return Response("who are you?", status=401)
        path = request.path.removeprefix("/api/")
        self.asked[path] += 1
        if self.hanging is not None and self.hanging in path:
            self.hung.set()
            self._released.wait(_PATIENCE)
        wrapper = "event" if path == "event" else f"event_{path.rpartition('/')[2]}"
        rows = self._events if path == "event" else []
        return Response(json.dumps({wrapper: rows}), content_type="application/json")
