"""Wrong answers: what a request for a list gets when the turn of a fault has come.

None of them is documented; they are what any API may do (fact sheet, section 10).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from contextvars import ContextVar
from email.utils import formatdate
from functools import partial
from itertools import chain, repeat
from typing import TYPE_CHECKING, TypeAlias

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from .faults import Faults

# takes the request, what answers it rightly, and the fault's amount
Way: TypeAlias = Callable[[web.Request, "Handler", float], Awaitable[web.StreamResponse]]

_CREDENTIALS = ("client_id", "user_id", "user_pass")
_HTML = b"<!DOCTYPE html><html><head><title>Sorry</title></head><body><h1>Sorry</h1></body></html>"
_ERROR = b'{"error":"Sorry"}'
_SIP = 16  # bytes of a trickle
_MEGABYTE = 1_000_000
_moved = ContextVar("moved", default=False)


class WrongAnswers:
    """Answers in place of the API whenever a fault has its turn."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._askings: Counter[object] = Counter()

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request: rightly, unless it is for a list and has met a fault."""
        if not _is_for_list(request):
            return await handler(request)
        asked = _without_credentials(request)
        self._askings[asked] += 1
        fault = self._faults.at(self._askings[asked])
        if fault is None:
            return await handler(request)
        answer = await _WAYS[fault.name](request, handler, fault.amount)
        # On page 1 no row has moved: that is counted where one has.
        if fault.name != "moving":
            self._faults.struck[fault.name] += 1
        return answer


def is_moved() -> bool:
    """Tell whether the request that is answered is to find its list without a row that was there before."""
    return _moved.get()


def _is_for_list(request: web.Request) -> bool:
    """Tell a list's path, event or event/89332/results, from that of a single resource."""
    first, *rest = request.path.strip("/").split("/")
    return first == "api" and len(rest) in (1, 3)


def _without_credentials(request: web.Request) -> object:
    query = ((name, value) for name, value in request.query.items() if name not in _CREDENTIALS)
    return request.path, tuple(sorted(query))


def _instead(
    status: int,
    body: bytes,
    content_type: str = "application/json",
    retry_after: Callable[[], str] | None = None,
) -> Way:
    """Answer with this, whatever the right answer is."""

    async def answer(_: web.Request, __: Handler, ___: float) -> web.StreamResponse:
        headers = {"Retry-After": retry_after()} if retry_after else None
        return web.Response(status=status, body=body, content_type=content_type, headers=headers)

    return answer


async def _truncated(request: web.Request, handler: Handler, _: float) -> web.StreamResponse:
    body, answer = await _right(request, handler)
    return web.Response(status=answer.status, headers=answer.headers, body=body[: len(body) // 2])


async def _broken_off(request: web.Request, handler: Handler, _: float) -> web.StreamResponse:
    body, answer = await _right(request, handler)
    answer.content_length = len(body)
    await _send(request, answer, [body[: len(body) // 2]])
    return _hung_up(request, answer)


async def _reset(request: web.Request, _: Handler, __: float) -> web.StreamResponse:
    return _hung_up(request, web.StreamResponse())


async def _slow(request: web.Request, handler: Handler, seconds: float) -> web.StreamResponse:
    await asyncio.sleep(seconds)
    return await handler(request)


async def _trickle(request: web.Request, handler: Handler, seconds: float) -> web.StreamResponse:
    body, answer = await _right(request, handler)
    answer.content_length = len(body)
    sips = (body[begin : begin + _SIP] for begin in range(0, len(body), _SIP))
    return await _send(request, answer, sips, seconds)


async def _huge(request: web.Request, handler: Handler, megabytes: float) -> web.StreamResponse:
    body, answer = await _right(request, handler)
    blanks = b" " * _MEGABYTE
    rest = blanks[: int(megabytes % 1 * _MEGABYTE)]
    return await _send(request, answer, chain([body[:1]], repeat(blanks, int(megabytes)), [rest + body[1:]]))


async def _moving(request: web.Request, handler: Handler, _: float) -> web.StreamResponse:
    before = _moved.set(True)
    try:
        return await handler(request)
    finally:
        # Its connection may bring another request.
        _moved.reset(before)


async def _right(request: web.Request, handler: Handler) -> tuple[bytes, web.StreamResponse]:
    """Return the body of the right answer, and an answer like it that awaits its body."""
    response = await handler(request)
    body = response.body if isinstance(response, web.Response) else None
    return bytes(body) if isinstance(body, bytes | bytearray) else b"", web.StreamResponse(
        status=response.status, headers=response.headers
    )


async def _send(
    request: web.Request, answer: web.StreamResponse, pieces: Iterable[bytes], pause: float = 0.0
) -> web.StreamResponse:
    """Send an answer piece by piece, `pause` seconds before each, for as long as anybody takes them."""
    with suppress(ConnectionError):
        await answer.prepare(request)
        for piece in pieces:
            await asyncio.sleep(pause)
            await answer.write(piece)
    return answer


def _hung_up(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """Close the connection; what was written of the answer still goes out."""
    if request.transport is not None:
        request.transport.close()
    return answer


_WAYS: dict[str, Way] = {
    "server_error": _instead(500, _HTML, "text/html"),
    "unavailable": _instead(503, _ERROR, retry_after=lambda: "0"),
    "too_many": _instead(429, _ERROR),
    "too_many_seconds": _instead(429, _ERROR, retry_after=lambda: "0"),
    "too_many_date": _instead(429, _ERROR, retry_after=partial(formatdate, usegmt=True)),
    "html": _instead(200, _HTML, "text/html"),
    "empty_body": _instead(200, b""),
    "truncated": _truncated,
    "broken_off": _broken_off,
    "reset": _reset,
    "array": _instead(200, b"[]"),
    "error_object": _instead(200, _ERROR),
    "moving": _moving,
    "slow": _slow,
    "trickle": _trickle,
    "huge": _huge,
}
