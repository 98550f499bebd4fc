"""The API of Sundial Timing, as far as the adapter asks it: a small real HTTP server.

One login works. It sees a meeting that is over, one that is over and has a tally nobody can read, one that
is locked away and one that is still to come; a fifth belongs to somebody else.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

LOGIN = "clerk@gnomon.test"
# No Latin-1 holds it, and a colon is none of the login's.
PASSWORD = "nōmen: at noon"
FINISHED, ODD, LOCKED, UPCOMING, HIDDEN = "m-1", "m-2", "m-3", "m-4", "m-5"
_ASKS = "Basic " + base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()


class SundialApi:
    """A context manager: inside, the API answers at `address`, with what stands in its three lists.

    Args:
        start: of the meetings that are over (aware, UTC).
    """

    def __init__(self, start: datetime) -> None:
        self._start = start
        self.meetings = [
            self._meeting(FINISHED, "Gnomon Half", timedelta()),
            self._meeting(ODD, "Shadow Mile", timedelta(hours=1)),
            self._meeting(LOCKED, "Meridian Relay", timedelta(days=-700)),
            self._meeting(UPCOMING, "Equinox Run", timedelta(days=30)),
        ]
        self.starters = {
            FINISHED: [self._starter(FINISHED, bib) for bib in range(1, 8)],
            ODD: [self._starter(ODD, bib) for bib in range(1, 4)],
            UPCOMING: [self._starter(UPCOMING, 1)],
        }
        self.starters[FINISHED].append(self._starter(FINISHED, 999) | {"trial": True})
        # Number 7 was never seen.
        self.tallies = {
            FINISHED: [
                self._tally(FINISHED, 1, 1),
                self._tally(FINISHED, 2, 2),
                self._tally(FINISHED, 3, 3) | {"gross": None, "bib": None},
                self._tally(FINISHED, 4, None, "on course"),
                self._tally(FINISHED, 5, None, "gave up"),
                self._tally(FINISHED, 6, None, "struck out"),
            ],
            ODD: [
                self._tally(ODD, 1, 1),
                self._tally(ODD, 2, 2) | {"net": "slow"},
                self._tally(ODD, 3, 3),
            ],
            UPCOMING: [],
        }

    @property
    def address(self) -> str:
        """The host and port."""
        host, port = self._server.server_address[:2]
        return f"{host}:{port}"

    @property
    def base_url(self) -> str:
        """What stands in the credentials row."""
        return f"http://{self.address}/v1"

    def answer(self, path: str, authorization: str | None) -> tuple[int, object]:
        """Return the status and the JSON for a request."""
        if authorization != _ASKS:
            return 401, {"mistake": "who are you?"}
        match path.removeprefix("/v1/").split("/"):
            case ["meetings"]:
                return 200, {"meetings": self.meetings}
            case ["meetings", meeting, "starters"] if meeting in self.starters:
                return 200, {"starters": self.starters[meeting]}
            case ["meetings", meeting, "tallies"] if meeting in self.tallies:
                return 200, {"tallies": self.tallies[meeting]}
            case ["meetings", meeting, "starters" | "tallies"] if meeting == LOCKED:
                return 410, {"mistake": "locked away"}
        return 404, {"mistake": "there is no such thing"}

    def __enter__(self) -> SundialApi:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _meeting(self, ref: str, title: str, later: timedelta) -> dict[str, object]:
        opens = self._start + later
        course = {"ref": f"{ref}-long", "title": "Long course", "gun": _text(opens + timedelta(minutes=30))}
        return {
            "ref": ref,
            "title": title,
            "opens": _text(opens),
            "closes": _text(opens + timedelta(hours=6)),
            "courses": [course],
        }

    def _starter(self, meeting: str, bib: int) -> dict[str, object]:
        return {
            "ref": f"{meeting}-s{bib}",
            "course": f"{meeting}-long",
            "bib": str(bib),
            "given": f"Ada {bib}",
            "family": "Łukasz-Ōta",
            "club": "Noon Runners",
            "trial": False,
        }

    def _tally(self, meeting: str, bib: int, place: int | None, state: str = "home") -> dict[str, object]:
        """An athlete who passed the half; one who came home has a time and a place."""
        net = None if place is None else 4000.125 + bib
        half = {"ref": f"{meeting}-half", "title": "Half", "net": 2000.5 + bib, "gross": None, "place": bib}
        return {
            "ref": f"{meeting}-t{bib}",
            "starter": f"{meeting}-s{bib}",
            "course": f"{meeting}-long",
            "state": state,
            "bib": str(bib),
            "net": net,
            "gross": None if net is None else net + 1.5,
            "place": place,
            "crossed": None if net is None else _text(self._start + timedelta(seconds=1800 + net)),
            "marks": [half],
        }


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _handler(api: SundialApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, said = api.answer(self.path, self.headers["Authorization"])
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the tests' output is the tests'."""

    return Handler
