"""The ChronoTrack Live REST API over HTTP: requests and answers, nothing of what they mean.

Source of every path, wrapper key and header: the fact sheet of the API, sections 3 to 7.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import orjson
import requests
import structlog
import urllib3
from requests.adapters import HTTPAdapter

from providers import statistics
from providers.chronotrack_live.auth import authentication
from providers.chronotrack_live.pages import Page, Reading, Row
from providers.chronotrack_live.settings import ChronoTrackLiveSettings
from providers.errors import (
    AnswerUnusable,
    ApiUnreachable,
    CredentialsRefused,
    EventArchived,
    IntegrationError,
    NotFound,
    ServerFailed,
    TooManyRequests,
)

Attempt = Callable[[Callable[[], requests.Response]], requests.Response]

log = structlog.get_logger()

# The page size that two independent clients name as the maximum; a server that clamps says so in its headers.
_PAGE_SIZE = 1000
# Pages after the first that are under way at once, over all lists of a partner.
_CONNECTIONS = 4
# Connections that are kept: those, and one for each list whose first page is read.
_POOLED = 16
_ARCHIVED = "event is archived"
# The list that every account has: when it is not there, nothing of the API is.
_EVENTS = "event"
# What a header may count, in plain digits.
_COUNT = re.compile(r"[0-9]{1,9}")
_REFUSED = (401, 403)
_NOT_FOUND = 404
_TOO_MANY = 429
_SERVER_ERROR = 500
_BAD = 400
_REDIRECTED = 300

# At DEBUG it logs each request with its query, which holds the digest in simple authentication.
logging.getLogger("urllib3").setLevel(logging.INFO)


class ChronoTrackLiveClient:
    """One partner's connection to the API. May be used from several threads at once."""

    def __init__(self, settings: ChronoTrackLiveSettings, attempt: Attempt) -> None:
        """Prepare the connections.

        Args:
            settings: where the API is and who asks.
            attempt: makes a request within the budget and repeats it when that may help.
        """
        self._settings = settings
        self._attempt = attempt
        self._session = requests.Session()
        self._session.auth = authentication(settings)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=_POOLED))
        self._workers = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="chronotrack-live-api")

    def listing(self, path: str, wrapper: str, is_new: Callable[[Row], bool], **parameters: str) -> Reading:
        """Read a list, page after page, for example `event/89332/entry` wrapped in "event_entry".

        Args:
            path: below the base URL.
            wrapper: the key of the list in the answer.
            is_new: told every row in order; whether it is not a repeat.
            parameters: of the query.

        Raises (while iterating):
            NotFound, EventArchived, CredentialsRefused, AnswerUnusable, RetryLater.
        """
        return Reading(partial(self._page, path, wrapper, parameters), is_new, self._workers)

    def probe(self) -> None:
        """Ask for the smallest list that there is.

        Raises:
            CredentialsRefused, AnswerUnusable, RetryLater.
        """
        self._page(_EVENTS, "event", {}, 1, size=1)

    def close(self) -> None:
        """Close the connections."""
        self._workers.shutdown(cancel_futures=True)
        self._session.close()

    def _page(
        self, path: str, wrapper: str, parameters: Mapping[str, str], number: int, size: int = _PAGE_SIZE
    ) -> Page:
        body, headers = self._get(path, wrapper, {**parameters, "page": str(number), "size": str(size)})
        rows = body.get(wrapper)
        if not isinstance(rows, list):
            raise AnswerUnusable(f"{path} answers without a list {wrapper!r}.")
        statistics.current().count_rows(len(rows))
        return Page(
            # What is no object has no fields: the parser then sets it aside, whole.
            rows=[row if isinstance(row, dict) else {"row": row} for row in rows],
            row_count=_count(headers, "X-Ctlive-Row-Count"),
            page_count=_count(headers, "X-Ctlive-Page-Count"),
        )

    def _get(
        self, path: str, wrapper: str, parameters: dict[str, str]
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        response = self._attempt(partial(self._request, path, parameters))
        return _decoded(path, wrapper, response), response.headers

    def _request(self, path: str, parameters: dict[str, str]) -> requests.Response:
        """Make one request: the only place that touches the network."""
        query = {"format": "json", **parameters}
        if self._settings.client_id:
            query["client_id"] = self._settings.client_id
        headers = {"Accept": "application/json"}
        if "page" in parameters:
            headers |= {"X-Ctlive-Page": parameters["page"], "X-Ctlive-Per-Page": parameters["size"]}
        failure: IntegrationError | None = None
        try:
            response = self._session.get(
                f"{self._settings.base_url}/{path}",
                params=query,
                headers=headers,
                timeout=self._settings.timeout,
                # A redirect would carry the credentials to wherever it points.
                allow_redirects=False,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            # Its message holds the URL with its query, so it goes no further, not even as a cause.
            failure = ApiUnreachable(
                f"{self._settings.base_url} cannot be reached ({_kind(error)}): "
                "check base_url in additional_config and the network."
            )
        if failure is not None:
            raise failure
        statistics.current().count_request(len(response.content))
        log.debug(
            "request.answered",
            path=path,
            page=parameters.get("page"),
            status=response.status_code,
            bytes=len(response.content),
            seconds=round(response.elapsed.total_seconds(), 3),
        )
        _check_status(path, response, self._settings)
        return response


def _check_status(path: str, response: requests.Response, settings: ChronoTrackLiveSettings) -> None:
    """Turn a status into an error: the one place where that happens."""
    status = response.status_code
    if status < _REDIRECTED:
        return
    if _says_archived(response):
        raise _archived(path)
    if status in _REFUSED:
        raise CredentialsRefused(
            f"{settings.base_url} refuses the credentials of {settings.user} (HTTP {status}): "
            "check principal and secret" + _digest_hint(settings)
        )
    if status == _NOT_FOUND and path == _EVENTS:
        raise AnswerUnusable(f"{settings.base_url} has no list of events (HTTP 404): check base_url.")
    if status == _NOT_FOUND:
        raise NotFound(f"{path} is not known to the API, or not visible to {settings.user}.")
    if status == _TOO_MANY:
        raise TooManyRequests(
            f"{path}: the API says that it was asked too often (HTTP 429).", _retry_after(response)
        )
    if status >= _SERVER_ERROR:
        raise ServerFailed(f"{path}: the API failed (HTTP {status}).", _retry_after(response))
    if status >= _BAD:
        raise AnswerUnusable(f"{path}: the API does not take the request (HTTP {status}).")
    raise AnswerUnusable(
        f"{path}: the API redirects elsewhere (HTTP {status}): check base_url in additional_config."
    )


def _digest_hint(settings: ChronoTrackLiveSettings) -> str:
    if settings.password_digest == "sha256":  # noqa: S105 - the name of a digest
        return "; the public API may want password_digest 'plain' (with basic) or 'sha1' (with simple)."
    return f"; password_digest is {settings.password_digest!r}."


def _archived(path: str) -> EventArchived:
    return EventArchived(
        f"{path}: the event is archived in ChronoTrack Live; its owner can un-archive it there."
    )


def _says_archived(response: requests.Response) -> bool:
    return _ARCHIVED in response.content[:1000].decode("utf-8", "replace").lower()


def _decoded(path: str, wrapper: str, response: requests.Response) -> dict[str, Any]:
    body = _json(response.content)
    if isinstance(body, dict) and wrapper in body:
        return body
    if _says_archived(response):
        raise _archived(path)
    if body is None:
        kind = response.headers.get("Content-Type", "no content type")
        raise AnswerUnusable(
            f"{path}: the answer is not JSON ({kind}, {len(response.content)} bytes): check base_url."
        )
    if not isinstance(body, dict):
        raise AnswerUnusable(f"{path}: the answer is a JSON {type(body).__name__}, not an object.")
    if "error" in body:
        raise AnswerUnusable(f"{path}: the API answers with an error object.")
    return body


def _json(content: bytes) -> object:
    """Return what the JSON says; None when it is none, or says nothing.

    One text that is not quite Unicode must not cost a whole page: bytes that are no UTF-8 and halves of
    surrogate pairs, which the fast reader refuses, become surrogates, and the parser knows those.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        # The error holds the answer, so nothing is raised from here, not even with this as its context.
        pass
    try:
        return json.loads(content.decode("utf-8-sig", "surrogateescape"), parse_constant=str)
    except (ValueError, RecursionError):
        return None


def _kind(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS fails"
    return "no connection" if isinstance(error, requests.ConnectionError) else type(error).__name__


def _retry_after(response: requests.Response) -> float | None:
    seconds = _count(response.headers, "Retry-After")
    return None if seconds is None else float(seconds)


def _count(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if _COUNT.fullmatch(text) else None
