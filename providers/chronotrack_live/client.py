"""The ChronoTrack Live REST API over HTTP: requests and answers, nothing of what they mean.

Source of every path, wrapper key and header: the fact sheet of the API, sections 1 to 5.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar
from urllib.parse import urlencode

import requests
import structlog
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from providers import statistics
from providers.chronotrack_live.answers import EVENTS, Reply, check, not_visible, page_of, token_of
from providers.chronotrack_live.auth import Token, client_auth, login_of, secrets_of
from providers.chronotrack_live.pages import Page, Reading, Row
from providers.chronotrack_live.settings import ChronoTrackLiveSettings
from providers.errors import AnswerUnusable, ApiUnreachable, CredentialsRefused
from providers.recording import Answer, Recording

AnswerT = TypeVar("AnswerT")

# The page size that two independent clients name as the maximum; a server that clamps says so in its headers.
_PAGE_SIZE = 1000
# Pages after the first that are under way at once, over all lists of a partner. Each list has a few of
# them, so that one event that is slow to answer leaves room for the others.
_CONNECTIONS = 16
# Connections that are kept: those, and one for each list whose first page is read.
_POOLED = 32
# No answer is larger, in bytes after decompression: a page of 1000 rows has about a million.
_LARGEST_ANSWER = 64 * 2**20
_CHUNK = 2**16
# What people know the request for a token by.
_TOKEN = "oauth2/token"  # noqa: S105 - a path

# At DEBUG it logs each request with its query, which holds the digest in simple authentication.
logging.getLogger("urllib3").setLevel(logging.INFO)


class Attempt(Protocol):
    """Makes a request within the budget, and repeats it when that may help."""

    def __call__(self, request: Callable[[], AnswerT]) -> AnswerT:
        """Return what the request returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A request: `path` is what people know it by, `hidden` the part of its query that nobody may see."""

    path: str
    url: str
    shown: Mapping[str, str]
    hidden: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str]
    auth: AuthBase = field(repr=False)


class ChronoTrackLiveClient:
    """One partner's connection to the API. May be used from several threads at once."""

    def __init__(
        self,
        settings: ChronoTrackLiveSettings,
        attempt: Attempt,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        """Prepare the connections.

        Args:
            settings: where the API is and who asks.
            attempt: makes a request within the budget and repeats it when that may help.
            log: the partner's.
        """
        self._settings = settings
        self._attempt = attempt
        self._log = log
        self._recording: Recording | None = None
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=_POOLED))
        self._login = login_of(settings, lambda: attempt(self._grant))
        self._workers = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="chronotrack-live-api")

    def listing(
        self, path: str, wrapper: str, is_new: Callable[[Row], bool], **parameters: str
    ) -> Reading[Reply]:
        """Read a list, page after page, for example `event/89332/entry` wrapped in "event_entry".

        Args:
            path: below the base URL.
            wrapper: the key of the list in the answer.
            is_new: told every row in order; whether it is not a repeat.
            parameters: of the query.

        Raises (while iterating):
            NotFound, EventArchived, CredentialsRefused, AnswerUnusable, RetryLater.
        """
        return Reading(
            partial(self._page, path, parameters), partial(_counted_page, wrapper), is_new, self._workers
        )

    def probe(self) -> None:
        """Ask for the smallest list that there is.

        Raises:
            CredentialsRefused, AnswerUnusable, RetryLater.
        """
        page_of(self._page(EVENTS, {}, 1, size=1), EVENTS)

    def record_to(self, recording: Recording) -> None:
        """Keep from now on what the API answers, without what is secret in it."""
        for secret in secrets_of(self._settings):
            recording.hide(secret)
        self._recording = recording

    def close(self) -> None:
        """Close the connections."""
        self._workers.shutdown(cancel_futures=True)
        self._session.close()

    def _page(
        self, path: str, parameters: Mapping[str, str], number: int, *, size: int = _PAGE_SIZE
    ) -> Reply:
        """Ask for a page of a list.

        Below an event, a refusal may mean the event or the login: the list of events tells which.
        """
        query = {**parameters, "page": str(number), "size": str(size)}
        try:
            return self._signed(path, query)
        except CredentialsRefused:
            if path == EVENTS:
                raise
        self.probe()
        raise not_visible(path, self._settings)

    def _signed(self, path: str, query: Mapping[str, str]) -> Reply:
        """Make a request with what signs it now; once more when that has just been renewed."""
        auth = self._login.current()
        try:
            return self._attempt(partial(self._ask, path, query, auth))
        except CredentialsRefused:
            if not self._login.is_renewed(auth):
                raise
        return self._attempt(partial(self._ask, path, query, self._login.current()))

    def _ask(self, path: str, query: Mapping[str, str], auth: AuthBase) -> Reply:
        client = {"client_id": self._settings.client_id} if self._settings.client_id else {}
        reply = self._send(
            _Request(
                path=path,
                url=f"{self._settings.base_url}/{path}",
                shown={"format": "json", **query},
                hidden=client,
                headers={"X-Ctlive-Page": query["page"], "X-Ctlive-Per-Page": query["size"]},
                auth=auth,
            )
        )
        check(reply, self._settings)
        return reply

    def _grant(self) -> Token:
        """Ask for a token by login and password: the one call that is not below the base URL."""
        reply = self._send(
            _Request(
                path=_TOKEN,
                url=self._settings.token_url,
                shown={"grant_type": "password"},
                hidden={"username": self._settings.user, "password": self._settings.secret},
                headers={},
                auth=client_auth(self._settings),
            )
        )
        token = token_of(reply, self._settings)
        if self._recording:
            self._recording.hide(token.access)
        return token

    def _send(self, request: _Request) -> Reply:
        """Make one request: the only place that touches the network.

        Raises:
            ApiUnreachable: no answer came, or not all of it in time.
            AnswerUnusable: the answer is larger than any that the API gives.
        """
        began, at = time.monotonic(), datetime.now(UTC)
        try:
            with closing(
                self._session.get(
                    request.url,
                    params={**request.shown, **request.hidden},
                    headers={"Accept": "application/json", **request.headers},
                    auth=request.auth,
                    timeout=self._settings.timeout,
                    stream=True,
                    # A redirect would carry the credentials to wherever it points.
                    allow_redirects=False,
                )
            ) as response:
                body = self._body(request.path, response)
                reply = Reply(request.path, response.status_code, response.headers, body)
                failure = None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            # Its message holds the URL with its query, so it goes no further, not even as a cause.
            reply, failure = Reply(request.path, 0, {}, b""), _kind(error)
        seconds = time.monotonic() - began
        self._log.debug(
            "request.failed" if failure else "request.answered",
            path=request.path,
            query=urlencode(request.shown, safe=","),
            status=reply.status or None,
            bytes=len(reply.body),
            seconds=round(seconds, 3),
            reason=failure,
        )
        # The answer to a request for a token is nothing but secrets.
        if self._recording and request.path != _TOKEN:
            self._recording.keep(
                Answer(
                    at=at,
                    seconds=seconds,
                    path=request.path,
                    query=request.shown,
                    status=reply.status or None,
                    headers=reply.headers,
                    body=reply.body,
                    failure=failure,
                )
            )
        if failure:
            raise ApiUnreachable(
                f"{self._settings.base_url} cannot be reached ({failure}): "
                "check base_url in additional_config and the network."
            )
        statistics.current().count_bytes(len(reply.body))
        return reply

    def _body(self, path: str, response: requests.Response) -> bytes:
        """Read the whole body, uncompressed, within the time that a first byte may take."""
        deadline = time.monotonic() + self._settings.timeout
        parts: list[bytes] = []
        left = _LARGEST_ANSWER
        while part := response.raw.read1(_CHUNK, decode_content=True):
            parts.append(part)
            left -= len(part)
            if left < 0:
                raise AnswerUnusable(f"{path}: the answer is larger than {_LARGEST_ANSWER:,} bytes.")
            if time.monotonic() > deadline:
                raise requests.Timeout
        return b"".join(parts)


def _counted_page(wrapper: str, reply: Reply) -> Page:
    page = page_of(reply, wrapper)
    statistics.current().count_rows(len(page.rows))
    return page


def _kind(error: Exception) -> str:
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS fails"
    if isinstance(error, requests.ConnectionError | urllib3.exceptions.ProtocolError):
        return "no connection"
    return type(error).__name__
