"""What an answer of the API means: rows, a token, or one of our errors.

The only place where a status becomes an error. No error repeats a body: a careless server may echo the
request in it, and with that the credentials.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from providers.chronotrack_live.auth import Token
from providers.chronotrack_live.pages import Page
from providers.chronotrack_live.settings import ChronoTrackLiveSettings
from providers.errors import (
    AnswerUnusable,
    CredentialsRefused,
    EventArchived,
    NotFound,
    ServerFailed,
    TooManyRequests,
)

# The list that every account has: when it is not there, nothing of the API is.
EVENTS = "event"

_ARCHIVED = "event is archived"
# What a header may count, in plain digits.
_COUNT = re.compile(r"[0-9]{1,9}")
_REDIRECTED, _BAD, _SERVER_ERROR = 300, 400, 500
_BAD_REQUEST = (400, 413, 422)
_FORBIDDEN = 403
_REFUSED = (401, _FORBIDDEN)
_NOT_FOUND = 404
_TOO_MANY = 429
# What else a wrong address may answer with. No other type is repeated: a header may echo the request, too.
_TEXTS = ("text/html", "text/plain", "text/xml", "application/xml", "application/json")
# How an OAuth2 server says that login, password, client id or client secret is wrong (RFC 6749, 5.2).
_GRANT_REFUSED = ("invalid_grant", "invalid_client", "unauthorized_client", "access_denied")


class BadRequest(AnswerUnusable):
    """The API does not take the request; some servers say so of a page that is too large for them."""


class Forbidden(CredentialsRefused):
    """HTTP 403: whoever asks is known, and may not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came: the path that was asked for, below the base URL, and the body uncompressed."""

    path: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def check(reply: Reply, settings: ChronoTrackLiveSettings) -> None:
    """Turn a status into an error.

    Raises:
        CredentialsRefused, NotFound, EventArchived, TooManyRequests, ServerFailed, AnswerUnusable.
    """
    path, status = reply.path, reply.status
    if status < _REDIRECTED:
        return
    if _says_archived(reply):
        raise _archived(path)
    if status in _REFUSED:
        raise _refused(status, settings)
    if status == _NOT_FOUND and path == EVENTS:
        raise AnswerUnusable(f"{settings.base_url} has no list of events (HTTP 404): check base_url.")
    if status == _NOT_FOUND:
        raise not_visible(path, settings)
    if status == _TOO_MANY:
        raise TooManyRequests(
            f"{path}: the API says that it was asked too often (HTTP 429).", _retry_after(reply.headers)
        )
    if status >= _SERVER_ERROR:
        raise ServerFailed(f"{path}: the API failed (HTTP {status}).", _retry_after(reply.headers))
    if status >= _BAD:
        error = BadRequest if status in _BAD_REQUEST else AnswerUnusable
        raise error(f"{path}: the API does not take the request (HTTP {status}).")
    raise AnswerUnusable(
        f"{path}: the API redirects elsewhere (HTTP {status}): check base_url in additional_config."
    )


def not_visible(path: str, settings: ChronoTrackLiveSettings) -> NotFound:
    """Return the error for what is not there, or not for this login."""
    return NotFound(f"{path} is not known to the API, or not visible to {settings.user}.")


def page_of(reply: Reply, wrapper: str) -> Page:
    """Return the page of a list that stands under the key `wrapper`.

    Raises:
        AnswerUnusable: the answer is none; EventArchived when it says so.
    """
    rows = _object(reply, wrapper).get(wrapper)
    if not isinstance(rows, list):
        raise AnswerUnusable(f"{reply.path} answers without a list {wrapper!r}.")
    return Page(
        # What is no object has no fields: the parser then sets it aside, whole.
        rows=[row if isinstance(row, dict) else {"row": row} for row in rows],
        row_count=_count(reply.headers, "X-Ctlive-Row-Count"),
        page_count=_count(reply.headers, "X-Ctlive-Page-Count"),
    )


def token_of(reply: Reply, settings: ChronoTrackLiveSettings) -> Token:
    """Return the token that was granted (fact sheet, section 2).

    Raises:
        CredentialsRefused: none was, for these credentials.
        AnswerUnusable, TooManyRequests, ServerFailed: nobody can tell.
    """
    body = _json(reply.body)
    granted = body if isinstance(body, dict) else {}
    if granted.get("error") in _GRANT_REFUSED:
        raise _refused(reply.status, settings)
    if reply.status == _NOT_FOUND:
        raise AnswerUnusable(
            f"{settings.token_url} is not there (HTTP 404): check base_url in additional_config."
        )
    check(reply, settings)
    access = granted.get("access_token")
    if not isinstance(access, str) or not access or not access.isascii() or not access.isprintable():
        raise AnswerUnusable(f"{settings.token_url} answers without an access_token: check base_url.")
    life = _seconds(granted.get("expires_in"))
    return Token.living(access, life)


def _refused(status: int, settings: ChronoTrackLiveSettings) -> CredentialsRefused:
    error = Forbidden if status == _FORBIDDEN else CredentialsRefused
    return error(
        f"{settings.base_url} refuses the credentials of {settings.user} (HTTP {status}): "
        f"check principal and secret{_hint(settings)}"
    )


def _hint(settings: ChronoTrackLiveSettings) -> str:
    """Return what else may be wrong: the public API takes no SHA-256 (fact sheet, section 2)."""
    if settings.auth == "oauth2":
        return ", client_id and client_secret in additional_config; secret must be the password itself."
    if settings.password_digest == "sha256" and settings.is_public_api:  # noqa: S105 - the name of a digest
        wanted = "plain" if settings.auth == "basic" else "sha1"
        return f"; the public API knows no SHA-256: set password_digest to {wanted!r} in additional_config."
    return f"; password_digest is {settings.password_digest!r}."


def _archived(path: str) -> EventArchived:
    return EventArchived(
        f"{path}: the event is archived in ChronoTrack Live; its owner can un-archive it there."
    )


def _says_archived(reply: Reply) -> bool:
    return _ARCHIVED in reply.body[:1000].decode("utf-8", "replace").lower()


def _object(reply: Reply, wrapper: str) -> dict[str, Any]:
    body = _json(reply.body)
    if isinstance(body, dict) and wrapper in body:
        return body
    if _says_archived(reply):
        raise _archived(reply.path)
    if body is None:
        kind = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        kind = kind if kind in _TEXTS else "of an unknown content type"
        raise AnswerUnusable(
            f"{reply.path}: the answer is not JSON ({kind}, {len(reply.body)} bytes): check base_url."
        )
    if not isinstance(body, dict):
        raise AnswerUnusable(f"{reply.path}: the answer is a JSON {type(body).__name__}, not an object.")
    if "error" in body:
        raise AnswerUnusable(f"{reply.path}: the API answers with an error object.")
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
        text = content.decode("utf-8-sig", "surrogateescape")
        return json.loads(text, parse_constant=str, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _finite(text: str) -> float | str:
    """Return a number, or its text when no float holds it."""
    number = float(text)
    return number if math.isfinite(number) else text


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the wait in seconds that the API asks for, as a number or as an HTTP date."""
    seconds = _count(headers, "Retry-After")
    if seconds is not None:
        return float(seconds)
    until = _http_date(headers.get("Retry-After"))
    if until is None:
        return None
    # The server's own clock, where it tells, knows best how far off that is.
    now = _http_date(headers.get("Date")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _http_date(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _seconds(value: object) -> float | None:
    """Return the seconds of `expires_in`, a number or a text; None when there are none."""
    try:
        seconds = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < math.inf else None


def _count(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if _COUNT.fullmatch(text) else None
