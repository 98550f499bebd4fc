"""How a request says who asks: login and digest, or a token that is asked for and renewed."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import Protocol

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth

from providers.chronotrack_live.settings import DIGESTS, ChronoTrackLiveSettings
from providers.errors import RetryLater

# A token is renewed when this share of its life is left, but not earlier than so many seconds before its
# end. (A share: an API that hands out the same token again has less and less life to offer.)
_LAST_SHARE = 0.1
_LAST_SECONDS = 300.0


@lru_cache(maxsize=256)
def sent_password(secret: str, digest: str) -> str:
    """Return what is sent in place of the password, made once a process.

    A secret of exactly the digest's length in hex is the digest already; anything else is the password
    and is digested here, in memory.
    """
    length = DIGESTS[digest]
    if not length:
        return secret
    if re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", secret):
        return secret.lower()
    return hashlib.new(digest, secret.encode(), usedforsecurity=False).hexdigest()


class SimpleAuth(AuthBase):
    """Login and digest as query parameters ("Test Auth Scheme" of the API's documentation)."""

    def __init__(self, user: str, password: str) -> None:
        self._parameters = {"user_id": user, "user_pass": password}

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the parameters to a request."""
        request.prepare_url(request.url, self._parameters)
        return request


@dataclass(frozen=True, slots=True)
class Token(AuthBase):
    """An access token. Instants are those of the monotonic clock, infinite when the API named no life."""

    access: str = field(repr=False)
    renew_at: float = inf
    dies_at: float = inf

    @classmethod
    def living(cls, access: str, seconds: float | None) -> Token:
        """Return a token that lives for so long from now; None for nobody knows how long."""
        if seconds is None:
            return cls(access)
        now = time.monotonic()
        return cls(access, now + seconds - min(seconds * _LAST_SHARE, _LAST_SECONDS), now + seconds)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the token to a request."""
        request.headers["Authorization"] = f"Bearer {self.access}"
        return request


class Login(Protocol):
    """What signs the requests of one partner. Used by several threads at once."""

    def current(self) -> AuthBase:
        """Return what signs a request now; may ask the API for it."""

    def is_renewed(self, refused: AuthBase) -> bool:
        """Say whether `current` has something other to offer than what the API has just refused."""


class PasswordLogin:
    """The same login and password, or digest, for every request."""

    def __init__(self, auth: AuthBase) -> None:
        self._auth = auth

    def current(self) -> AuthBase:
        """Return login and password."""
        return self._auth

    def is_renewed(self, refused: AuthBase) -> bool:  # noqa: ARG002 - of the protocol
        """Say no: a password does not change by itself."""
        return False


class TokenLogin:
    """OAuth2: one token for all threads, renewed before it ends and when the API has forgotten it."""

    def __init__(self, grant: Callable[[], Token]) -> None:
        """Keep what asks the API for a token; it is asked at the first request."""
        self._grant = grant
        self._token: Token | None = None
        self._lock = threading.Lock()

    def current(self) -> AuthBase:
        """Return the token that lives, asking for one when there is none or it ends soon.

        Raises:
            CredentialsRefused, AnswerUnusable, RetryLater: there is none to be had.
        """
        with self._lock:
            token = self._token
            if token is None or token.renew_at <= time.monotonic():
                token = self._token = self._renewed(token)
            return token

    def is_renewed(self, refused: AuthBase) -> bool:
        """Let go of a token that the API refused, unless another thread did so already."""
        with self._lock:
            if self._token is refused:
                self._token = None
        return True

    def _renewed(self, old: Token | None) -> Token:
        try:
            return self._grant()
        except RetryLater:
            now = time.monotonic()
            if old is None or old.dies_at <= now:
                raise
            # It lives still: the next renewal is due when half of what is left is over.
            return Token(old.access, now + (old.dies_at - now) / 2, old.dies_at)


def client_auth(settings: ChronoTrackLiveSettings) -> AuthBase:
    """Return what signs the request for a token: the client's id and secret."""
    return HTTPBasicAuth((settings.client_id or "").encode(), (settings.client_secret or "").encode())


def login_of(settings: ChronoTrackLiveSettings, grant: Callable[[], Token]) -> Login:
    """Return the login that the settings ask for.

    Args:
        settings: of the credentials row.
        grant: asks the API for a token.
    """
    if settings.auth == "oauth2":
        return TokenLogin(grant)
    password = sent_password(settings.secret, settings.password_digest)
    if settings.auth == "simple":
        return PasswordLogin(SimpleAuth(settings.user, password))
    # requests encodes text as Latin-1; logins and passwords may be any Unicode.
    return PasswordLogin(HTTPBasicAuth(settings.user.encode(), password.encode()))


def secrets_of(settings: ChronoTrackLiveSettings) -> set[str]:
    """Return every text that must never be written, in the forms in which it is sent."""
    password = sent_password(settings.secret, settings.password_digest)
    pairs = [(settings.user, settings.secret), (settings.user, password)]
    pairs.append((settings.client_id or "", settings.client_secret or ""))
    spelt = {b64encode(f"{user}:{secret}".encode()).decode() for user, secret in pairs if secret}
    return spelt | {settings.secret, password, *filter(None, (settings.client_id, settings.client_secret))}
