"""The API's paths: from a request to an answer, for the account that its credentials open."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from .auth import Gate
from .directory import Directory
from .errors import ApiError, ArchivedError, NotFoundError, UnauthorizedError, UnknownEventError
from .listings import Listings
from .paging import Listing, Pager
from .truth import ground_truth
from .wrong_answers import WrongAnswers, is_moved

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from providers.clock import Clock

    from .accounts import Account
    from .faults import Faults
    from .variants import Variant
    from .world import World

_LISTS = {
    "event": ("race", "entry", "results", "bracket", "interval", "wave"),
    "race": ("entry", "results", "bracket", "interval", "wave"),
    "bracket": ("results",),
    "interval": ("results",),
    "entry": ("results",),
}


class Api:
    """Answers requests about a world at the instant that `clock` shows, in a variant and with its faults."""

    def __init__(self, world: World, clock: Clock, variant: Variant, faults: Faults) -> None:
        self._world = world
        self._clock = clock
        self._variant = variant
        self._faults = faults
        self._statuses = {
            ArchivedError: int(variant.archived),
            UnauthorizedError: int(variant.refusal),
            UnknownEventError: 200 if variant.unknown == "error" else UnknownEventError.status,
        }
        self._gate = Gate(world.accounts, variant, faults)
        self._directory = Directory(world)
        self._listings = Listings(world.events, variant)
        self._pager = Pager(variant, faults)
        self._truths: dict[str, bytes] = {}

    def application(self) -> web.Application:
        """Return the web application: the API, its token endpoint, the ground truth, and what went wrong."""
        wrong = [WrongAnswers(self._faults).answer] if self._faults.in_turn else []
        app = web.Application(middlewares=[*wrong, self._errors_as_json])
        app.router.add_get("/api/{path:.*}", self.answer)
        app.router.add_get("/oauth2/token", self.token)
        app.router.add_post("/oauth2/token", self.token)
        app.router.add_get("/ground-truth", self.truths)
        app.router.add_get("/ground-truth/{event_id}", self.truth)
        app.router.add_get("/faults", self.faults)
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
            self._truths[event_id] = orjson.dumps(ground_truth(event, self._variant.time_step))
        return _json(self._truths[event_id])

    async def faults(self, _: web.Request) -> web.Response:
        """Tell in how many answers each fault has struck until now."""
        return _json(orjson.dumps(dict(self._faults.struck)))

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request below /api."""
        authorization = request.headers.get("Authorization", "")
        account = self._gate.account(authorization, request.query, time.monotonic())
        first, *rest = request.match_info["path"].split("/")
        word = first.removesuffix(".json")
        key = "_".join((word, *rest[1:]))
        try:
            return self._found(request, account, key, word, *rest)
        except UnknownEventError:
            if self._variant.unknown != "nothing":
                raise
            return self._list(key, request, Listing.empty())

    def _found(self, request: web.Request, account: Account, key: str, word: str, *rest: str) -> web.Response:
        at = self._clock.now()
        match rest:
            case [] if word == "event":
                events = self._directory.events(account, at)
                return self._list(key, request, self._listings.of_events(events, at))
            case [number] if word in (*_LISTS, "wave"):
                place = self._directory.find(word, number, account)
                return _json(b'{"%b":%b}' % (key.encode(), self._listings.one(place, at)))
            case [number, kind] if kind in _LISTS.get(word, ()):
                place = self._directory.enter(word, number, account)
                return self._list(key, request, self._listings.inside(place, kind, request.query, at))
        raise NotFoundError

    def _list(self, key: str, request: web.Request, listing: Listing) -> web.Response:
        page = self._pager.asked(request.query, request.headers)
        rows, headers = self._pager.turn(page, listing, is_moved=is_moved())
        response = _json(b'{"%b":[%b]}' % (key.encode(), b",".join(rows)), headers)
        if self._variant.compression == "gzip" and "gzip" in request.headers.get("Accept-Encoding", ""):
            response.enable_compression(web.ContentCoding.gzip)
        return response

    @web.middleware
    async def _errors_as_json(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            return _error(error, self._statuses.get(type(error), error.status))
        except web.HTTPException as error:
            return _error(error.reason, error.status)


def _error(error: ApiError | str, status: int) -> web.Response:
    return _json(orjson.dumps({"error": str(error)}), status=status)


def _json(body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")
