"""A recording served again: what an API once answered, for whoever asks the same."""

from __future__ import annotations

import secrets
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import orjson
from aiohttp import web

from providers.errors import SettingsInvalid
from providers.recording import is_recording, read_recording

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from providers.recording import Answer

# Path below the base URL, and the query without credentials as sorted pairs.
Asked = tuple[str, tuple[tuple[str, str], ...]]

_API = "/api/"
_CREDENTIALS = ("client_id", "user_id", "user_pass")
_LIFETIME = 259_199
# What the server adds to an answer of its own accord, beside what the transport needs.
_ADDITIONS = ("Content-Type", "Date", "Server")


class Replay:
    """Gives the recorded answers to each request in their order, and the last one again from then on.

    Requests are the same when path and query are, credentials aside and in any order. Answers come at once,
    however long they took; where none was recorded to come, the connection is closed without one. Credentials
    are not looked at.
    """

    def __init__(self, recording: Path) -> None:
        """Read a recording into memory.

        Raises:
            SettingsInvalid: see `read_recording`.
        """
        self._answers: dict[Asked, deque[Answer]] = {}
        for answer in read_recording(recording):
            asked = _asked(answer.path, answer.query.items())
            self._answers.setdefault(asked, deque()).append(answer)

    def application(self) -> web.Application:
        """Return the web application: the API and its token endpoint."""
        app = web.Application()
        app.router.add_get(_API + "{path:.*}", self.answer)
        app.router.add_get("/oauth2/token", self.token)
        app.router.add_post("/oauth2/token", self.token)
        app.on_response_prepare.append(_Recorded.without_additions)
        return app

    async def token(self, _: web.Request) -> web.Response:
        """Grant a token that nobody will ask for."""
        granted = {
            "access_token": secrets.token_hex(20),
            "token_type": "bearer",
            "expires_in": _LIFETIME,
            "refresh_token": secrets.token_hex(20),
        }
        return _json(granted)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request below /api."""
        # As it was sent, not as the router reads it.
        sent = urlsplit(request.raw_path)
        asked = _asked(sent.path.removeprefix(_API), parse_qsl(sent.query, keep_blank_values=True))
        if asked not in self._answers:
            return _json({"error": f"This recording holds no answer to {_words(asked)}."}, status=404)
        answers = self._answers[asked]
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if answer.status is None:
            return _hung_up(request)
        return _Recorded(answer, answer.status)


class _Recorded(web.Response):
    """A recorded answer as a response, with the recorded headers only."""

    def __init__(self, answer: Answer, status: int) -> None:
        super().__init__(body=answer.body, status=status, headers=answer.headers)
        recorded = {name.lower() for name in answer.headers}
        self._invented = [name for name in _ADDITIONS if name.lower() not in recorded]

    @staticmethod
    async def without_additions(_: web.Request, response: web.StreamResponse) -> None:
        """Take back what the server has added; called before the headers are sent."""
        if isinstance(response, _Recorded):
            for name in response._invented:
                response.headers.popall(name, None)


def find_recording(folder: Path) -> Path:
    """Return the recording that a folder is, or the only one that lies in it.

    Raises:
        SettingsInvalid: there is none, or there are several; the message lists them.
    """
    if is_recording(folder):
        return folder
    found = sorted(inside for inside in folder.iterdir() if is_recording(inside))
    if not found:
        raise SettingsInvalid(f"{folder} holds no recording: give a folder that --record has filled.")
    if len(found) > 1:
        raise SettingsInvalid(
            f"{folder} holds several recordings, give one of them: {', '.join(map(str, found))}."
        )
    return found[0]


def _asked(path: str, query: Iterable[tuple[str, str]]) -> Asked:
    return unquote(path), tuple(sorted(pair for pair in query if pair[0] not in _CREDENTIALS))


def _words(asked: Asked) -> str:
    path, query = asked
    return f"{path}?{urlencode(query)}" if query else path


def _json(fields: dict[str, object], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(fields), status=status, content_type="application/json")


def _hung_up(request: web.Request) -> web.Response:
    """Close the connection; the response goes nowhere."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()
