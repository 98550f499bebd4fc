"""The API of the benchmark, a process of its own: prepared pages, for it has its share of the same cores.

The simulator has one race day of its own; this one has any number of events that are all alike. It answers
whoever asks: /1/api is that of the first partner.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import click
import orjson
from aiohttp import web

from providers.chronotrack_live.simulator.server import serve_application
from tests.benchmarks.race_day_pages import Answer, Pages


class PreparedApi:
    """Answers for a number of partners that have equally many events each."""

    def __init__(self, pages: Pages, events: int, partners: int) -> None:
        self._pages = pages
        ids = [str(100_000 + number) for number in range(events)]
        self._events = {str(n + 1): pages.events(ids[n::partners]) for n in range(partners)}
        self._polls = Counter[str]()
        self._requests = 0

    def application(self) -> web.Application:
        """Return the web application: the API, and how many requests it has had beside it."""
        app = web.Application()
        app.router.add_get("/requests", self.requests)
        app.router.add_get("/{partner}/api/event", self.events)
        app.router.add_get("/{partner}/api/event/{event_id}/{what:race|entry|results}", self.listing)
        return app

    async def requests(self, _: web.Request) -> web.Response:
        """Tell how many requests there were."""
        return web.Response(body=orjson.dumps(self._requests), content_type="application/json")

    async def events(self, request: web.Request) -> web.Response:
        """List the partner's events."""
        return self._answer(self._events[request.match_info["partner"]], "")

    async def listing(self, request: web.Request) -> web.Response:
        """Answer with a list of an event; its results are those of its next poll each time."""
        event_id, what = request.match_info["event_id"], request.match_info["what"]
        if what == "race":
            return self._answer(self._pages.races, event_id)
        if what == "entry":
            return self._answer(self._pages.entries, event_id)
        bracket = request.query.get("bracket", "")
        if not bracket:
            self._polls[event_id] += 1
        return self._answer(self._pages.results(self._polls[event_id] - 1, bracket), event_id)

    def _answer(self, answer: Answer, event_id: str) -> web.Response:
        self._requests += 1
        headers = {
            "X-Ctlive-Row-Count": str(answer.rows),
            "X-Ctlive-Page-Count": "1",
            "X-Ctlive-Page-Size": "1000",
            "X-Ctlive-Current-Page": "1",
        }
        return web.Response(body=answer.about(event_id), headers=headers, content_type="application/json")


@click.command(name="race_day_api")
@click.option("--events", type=int, required=True)
@click.option("--partners", type=int, required=True)
@click.option("--athletes", type=int, required=True)
@click.option("--start", type=datetime.fromisoformat, required=True, help="Of every event, with its zone.")
def command(*, events: int, partners: int, athletes: int, start: datetime) -> None:
    """Serve the API on a free port of 127.0.0.1 until SIGTERM; the first line says where."""
    api = PreparedApi(Pages(start, athletes), events, partners)
    serve_application(api.application(), "127.0.0.1", 0)


if __name__ == "__main__":
    command()
