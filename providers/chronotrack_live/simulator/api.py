"""The API's paths: from a request to rows, for the account that its credentials open."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from .auth import Gate
from .directory import Directory, Place
from .errors import ApiError, NotFoundError
from .paging import Page
from .publishing import Publisher
from .results import Scope
from .rows import bracket_row, entry_row, event_row, interval_row, race_row, wave_row
from .truth import ground_truth
from .world import Bracket, Entry, Event, Interval, Race, Wave, World

if TYPE_CHECKING:
    from datetime import datetime

    from aiohttp.typedefs import Handler

    from providers.clock import Clock

    from .wire import WireRow

_LISTS = {
    "event": ("race", "entry", "results", "bracket", "interval", "wave"),
    "race": ("entry", "results", "bracket", "interval", "wave"),
    "bracket": ("results",),
    "interval": ("results",),
    "entry": ("results",),
}


class Api:
    """Answers requests about a world, at the instant that `clock` shows."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._gate = Gate(world.accounts)
        self._directory = Directory(world)
        self._publishers = {event: Publisher(event) for event in world.events}
        self._entries: dict[Entry, bytes] = {}
        self._truths: dict[str, bytes] = {}

    def application(self) -> web.Application:
        """Return the web application: the API, its token endpoint, and the ground truth beside them."""
        app = web.Application(middlewares=[_errors_as_json])
        app.router.add_get("/api/{path:.*}", self.answer)
        app.router.add_get("/oauth2/token", self.token)
        app.router.add_post("/oauth2/token", self.token)
        app.router.add_get("/ground-truth", self.truths)
        app.router.add_get("/ground-truth/{event_id}", self.truth)
        return app

    async def token(self, request: web.Request) -> web.Response:
        """Answer a password grant, whose fields stand in the query or in a form."""
        fields = {**request.query, **{name: str(value) for name, value in (await request.post()).items()}}
        granted = self._gate.grant(request.headers.get("Authorization", ""), fields, time.monotonic())
        return _json(orjson.dumps(granted), {"Cache-Control": "no-store", "Pragma": "no-cache"})

    async def truths(self, _: web.Request) -> web.Response:
        """List the ids of all events, whoever may see them."""
        return _json(orjson.dumps({"event_ids": [event.event_id for event in self._world.events]}))

    async def truth(self, request: web.Request) -> web.Response:
        """Tell what every athlete of an event ends up with."""
        event_id = request.match_info["event_id"]
        if event_id not in self._truths:
            event = next((event for event in self._world.events if event.event_id == event_id), None)
            if event is None:
                raise NotFoundError
            self._truths[event_id] = orjson.dumps(ground_truth(event))
        return _json(self._truths[event_id])

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request below /api."""
        authorization = request.headers.get("Authorization", "")
        account = self._gate.account(authorization, request.query, time.monotonic())
        first, *rest = request.match_info["path"].split("/")
        word, at = first.removesuffix(".json"), self._clock.now()
        match rest:
            case [] if word == "event":
                events = self._directory.events(account)
                return _list("event", request, [event_row(event) for event in events])
            case [number] if word in (*_LISTS, "wave"):
                return _one(word, self._directory.find(word, number, account), at)
            case [number, kind] if kind in _LISTS.get(word, ()):
                place = self._directory.enter(word, number, account)
                if kind == "results":
                    return self._results(word, request, place, number, at)
                if kind == "entry":
                    return self._entry_list(word, request, place, at)
                return _list(f"{word}_{kind}", request, _rows(kind, place, at))
        raise NotFoundError

    def _entry_list(self, word: str, request: web.Request, place: Place, at: datetime) -> web.Response:
        with_tests = request.query.get("include_test_entries", "1").lower() in ("1", "true")
        entries = [
            (entry, race) for race in place.races for entry in race.entries if with_tests or not entry.is_test
        ]
        page = Page.asked(request.query, request.headers)
        rendered = [self._entry(entry, race, at) for entry, race in entries[page.rows]]
        return _rendered_list(f"{word}_entry", rendered, page.headers(len(entries)))

    def _entry(self, entry: Entry, race: Race, at: datetime) -> bytes:
        if entry not in self._entries:
            self._entries[entry] = orjson.dumps(entry_row(entry, race))[1:]
        return b'{"entry_status":"%b",%b' % (entry.status(at).encode(), self._entries[entry])

    def _results(
        self, word: str, request: web.Request, place: Place, number: str, at: datetime
    ) -> web.Response:
        query = request.query
        scope = Scope(word, number, query.get("interval", ""), query.get("bracket", ""))
        columns = frozenset(filter(None, query.get("columns", "").split(",")))
        page = Page.asked(query, request.headers)
        rendered, row_count = self._publishers[place.event].page(scope, columns, page, at)
        return _rendered_list(f"{word}_results", rendered, page.headers(row_count))


def _rows(kind: str, place: Place, at: datetime) -> list[WireRow]:
    if kind == "race":
        return [race_row(race, at) for race in place.races]
    if kind == "bracket":
        return [bracket_row(bracket) for race in place.races for bracket in race.brackets]
    if kind == "wave":
        return [wave_row(wave, race) for race in place.races for wave in race.waves]
    intervals = [(interval, race) for race in place.races for interval in race.intervals]
    intervals.sort(key=lambda pair: int(pair[0].interval_id))
    return [interval_row(interval, race, place.event) for interval, race in intervals]


def _one(word: str, place: Place, at: datetime) -> web.Response:
    race = place.races[0]
    match place.resource:
        case Event() as event:
            row = event_row(event)
        case Race():
            row = race_row(race, at)
        case Entry() as entry:
            row = {**entry_row(entry, race), "entry_status": entry.status(at)}
        case Bracket() as bracket:
            row = bracket_row(bracket)
        case Interval() as interval:
            row = interval_row(interval, race, place.event)
        case Wave() as wave:
            row = wave_row(wave, race)
    return _json(orjson.dumps({word: row}))


def _list(key: str, request: web.Request, rows: list[WireRow]) -> web.Response:
    page = Page.asked(request.query, request.headers)
    rendered = [orjson.dumps(row) for row in rows[page.rows]]
    return _rendered_list(key, rendered, page.headers(len(rows)))


def _rendered_list(key: str, rows: list[bytes], headers: dict[str, str]) -> web.Response:
    return _json(b'{"%b":[%b]}' % (key.encode(), b",".join(rows)), headers)


def _json(body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return _json(orjson.dumps({"error": str(error)}), status=error.status)
    except web.HTTPException as error:
        return _json(orjson.dumps({"error": error.reason}), status=error.status)
