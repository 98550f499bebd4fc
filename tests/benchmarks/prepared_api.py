"""The API of the benchmarks, a process of its own: prepared pages, for it has its share of the same cores.

The simulator has one race day of its own; this one has any number of events that are all alike, and costs
what it costs to send bytes, whoever asks: /1/api is that of the first partner.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from datetime import datetime

import click
import orjson
from aiohttp import web

from providers.chronotrack_live.simulator.server import serve_application
from tests.benchmarks.prepared_pages import Listing, Pages

# What the real API answers with when nobody says (fact sheet, section 3), and its largest page.
_SIZE, _LARGEST = 50, 1000
# The window in which a partner's requests are limited, in seconds.
_WINDOW = 60.0


class PreparedApi:
    """Answers for a number of partners that have equally many events each.

    Args:
        pages: of every event.
        events: how many there are.
        partners: who share them.
        finishers: how many athletes of each have finished at first.
        pace: seconds between two finishers of an event from now on; None: they come when they are set.
    """

    def __init__(self, pages: Pages, events: int, partners: int, finishers: int, pace: float | None) -> None:
        self._pages = pages
        ids = [str(100_000 + number) for number in range(events)]
        self._events = {str(n + 1): pages.events(ids[n::partners]) for n in range(partners)}
        self._finishers = finishers
        self._pace = pace
        self._begun = time.time()
        self._latency = 0.0
        self._requests = self._rows = self._most = 0
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)

    def application(self) -> web.Application:
        """Return the web application: the API, and beside it what the benchmark asks and sets."""
        app = web.Application()
        app.router.add_get("/account", self.account)
        app.router.add_post("/set", self.set)
        app.router.add_get("/{partner}/api/event", self.events)
        app.router.add_get("/{partner}/api/event/{event_id}/{what:race|entry|results}", self.listing)
        return app

    async def account(self, _: web.Request) -> web.Response:
        """Tell how many requests and rows there were; see `prepared_server.Account`."""
        said = {
            "requests": self._requests,
            "rows": self._rows,
            "most": self._most,
            "begun": self._begun,
        }
        return web.Response(body=orjson.dumps(said), content_type="application/json")

    async def set(self, request: web.Request) -> web.Response:
        """Take how many have finished, and how long each answer is to take in seconds."""
        self._finishers = int(request.query.get("finishers", self._finishers))
        self._latency = float(request.query.get("latency", self._latency))
        return web.Response()

    async def events(self, request: web.Request) -> web.Response:
        """List the partner's events."""
        return await self._answer(request, self._events[request.match_info["partner"]], "")

    async def listing(self, request: web.Request) -> web.Response:
        """Answer with a list of an event."""
        event_id, what = request.match_info["event_id"], request.match_info["what"]
        if what == "race":
            return await self._answer(request, self._pages.races, event_id)
        if what == "entry":
            return await self._answer(request, self._pages.entries, event_id)
        came = 0 if self._pace is None else int((time.time() - self._begun) / self._pace)
        listing = self._pages.results(self._finishers + came, request.query.get("bracket", ""))
        return await self._answer(request, listing, event_id)

    async def _answer(self, request: web.Request, listing: Listing, event_id: str) -> web.Response:
        if self._latency:
            await asyncio.sleep(self._latency)
        number = int(request.query.get("page", "1"))
        size = min(_LARGEST, int(request.query.get("size", _SIZE)))
        page = listing.page(number, size)
        self._count(request.match_info["partner"])
        self._rows += max(0, min(size, page.row_count - (number - 1) * size))
        headers = {
            "X-Ctlive-Row-Count": str(page.row_count),
            "X-Ctlive-Page-Count": str(page.page_count),
            "X-Ctlive-Page-Size": str(size),
            "X-Ctlive-Current-Page": str(number),
        }
        return web.Response(body=page.about(event_id), headers=headers, content_type="application/json")

    def _count(self, partner: str) -> None:
        """Count a request, and how many the partner has made in the last minute."""
        now, recent = time.monotonic(), self._recent[partner]
        recent.append(now)
        while recent[0] <= now - _WINDOW:
            recent.popleft()
        self._requests += 1
        self._most = max(self._most, len(recent))


@click.command(name="prepared_api")
@click.option("--events", type=int, required=True)
@click.option("--partners", type=int, required=True)
@click.option("--athletes", type=int, required=True)
@click.option("--start", type=datetime.fromisoformat, required=True, help="Of every event, with its zone.")
@click.option("--finishers", type=int, required=True, help="Athletes of each event who have finished.")
@click.option("--pace", type=float, help="Seconds between two more of them.")
@click.option("--splits/--no-splits", default=True)
def command(
    *,
    events: int,
    partners: int,
    athletes: int,
    start: datetime,
    finishers: int,
    pace: float | None,
    splits: bool,
) -> None:
    """Serve the API on a free port of 127.0.0.1 until SIGTERM; the first line says where."""
    api = PreparedApi(Pages(start, athletes, splits=splits), events, partners, finishers, pace)
    serve_application(api.application(), "127.0.0.1", 0)


if __name__ == "__main__":
    command()
