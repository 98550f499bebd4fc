"""One HTTP request and its answer: connections, time and size limits, the log, the recording.

Nothing of what an answer means, and nothing of a request's credentials in what is logged, kept or raised.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import requests
import structlog
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from providers import statistics
from providers.chronotrack_live.answers import Reply
from providers.errors import AnswerUnusable, ApiUnreachable
from providers.recording import Answer, Recording

# Connections that are kept to be used again.
_POOLED = 32
# No answer is larger, in bytes after decompression: a page of 1000 rows has about a million.
_LARGEST_ANSWER = 64 * 2**20
_TOO_LARGE = f"the answer is larger than {_LARGEST_ANSWER:,} bytes"
_CHUNK = 2**16

# It logs requests with their query, which holds the digest in simple authentication: each one at DEBUG,
# and at WARNING those that are answered with broken headers.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request.

    Attributes:
        path: what people know it by.
        url: where it goes, without a query.
        shown: the part of its query that anybody may see.
        hidden: the part that nobody may.
        headers: beside those that every request has.
        auth: what signs it.
        is_secret: whether its answer holds credentials.
    """

    path: str
    url: str
    shown: Mapping[str, str]
    auth: AuthBase = field(repr=False)
    hidden: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    is_secret: bool = False


class _TooLargeError(Exception):
    """An answer that is larger than any that the API gives."""


class Transport:
    """The connections to one API. May be used from several threads at once."""

    def __init__(self, base_url: str, timeout: float, log: structlog.typing.FilteringBoundLogger) -> None:
        """Prepare the connections; none is opened yet.

        Args:
            base_url: of the API, for messages; a proxy is found by it.
            timeout: seconds for a connection, for the first byte of an answer, and from there to its last.
            log: the partner's.
        """
        self._base_url = base_url
        self._timeout = timeout
        self._log = log
        # No session sends: it would follow redirects, which carry the credentials to wherever they point, and
        # look before each request which proxy and which certificates the environment names.
        self._connections = HTTPAdapter(pool_maxsize=_POOLED)
        with requests.Session() as session:
            self._headers = {**session.headers, "Accept": "application/json"}
            named = session.merge_environment_settings(base_url, {}, stream=True, verify=None, cert=None)
            self._environment: dict[str, Any] = {**named}
        self.recording: Recording | None = None

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def send(self, request: Request) -> Reply:
        """Make one request, once: the only place that touches the network.

        Raises:
            ApiUnreachable: no answer came, or not all of it in time.
            AnswerUnusable: the answer is larger than any that the API gives.
        """
        began, at = time.monotonic(), datetime.now(UTC)
        try:
            prepared = requests.Request(
                "GET",
                request.url,
                params={**request.shown, **request.hidden},
                headers={**self._headers, **request.headers},
                auth=request.auth,
            ).prepare()
            sent = self._connections.send(prepared, timeout=self._timeout, **self._environment)
            with closing(sent) as response:
                body = self._body(response)
                reply = Reply(request.path, response.status_code, response.headers, body)
                failure = None
        except _TooLargeError:
            reply, failure = Reply(request.path, response.status_code, response.headers, b""), _TOO_LARGE
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
        if self.recording and not request.is_secret:
            self.recording.keep(
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
        if failure == _TOO_LARGE:
            raise AnswerUnusable(f"{request.path}: {failure}: check base_url in additional_config.")
        if failure:
            raise ApiUnreachable(
                f"{self._base_url} cannot be reached ({failure}): "
                "check base_url in additional_config and the network."
            )
        statistics.current().count_bytes(len(reply.body))
        return reply

    def _body(self, response: requests.Response) -> bytes:
        """Read the whole body, uncompressed, within the time that a first byte may take."""
        deadline = time.monotonic() + self._timeout
        parts: list[bytes] = []
        left = _LARGEST_ANSWER
        while part := response.raw.read1(_CHUNK, decode_content=True):
            parts.append(part)
            left -= len(part)
            if left < 0:
                raise _TooLargeError
            if time.monotonic() > deadline:
                raise requests.Timeout
        return b"".join(parts)


def _kind(error: Exception) -> str:
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS fails"
    if isinstance(error, requests.ConnectionError | urllib3.exceptions.ProtocolError):
        return "no connection"
    return type(error).__name__
