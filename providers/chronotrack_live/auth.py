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
from providers.errors import CredentialsRefused, IntegrationError

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
        # The last grant that failed, and when that was known.
        self._failure: tuple[float, IntegrationError] | None = None

    def current(self) -> AuthBase:
        """Return the token that lives, asking for one when there is none or it ends soon.

        While one lives, only the thread that renews it waits for that; when there is none, all wait for one
        thread, and share its failure.

        Raises:
            CredentialsRefused, AnswerUnusable, RetryLater: there is none to be had.
        """
        token, asked = self._token, time.monotonic()
        if token is None or token.dies_at <= asked:
            with self._lock:
                return self._granted(asked)
        if token.renew_at <= asked and self._lock.acquire(blocking=False):
            try:
                # Another thread may have been quicker.
                return self._renewed(token) if self._token is token else self._token or token
            finally:
                self._lock.release()
        return token

    def is_renewed(self, refused: AuthBase) -> bool:
        """Let go of a token that the API refused, unless another thread did so already."""
        with self._lock:
            if self._token is refused:
                self._token = None
        return True

    def _granted(self, asked: float) -> Token:
        """Return a new token, or what another thread got or failed to get since `asked`."""
        token = self._token
        if token is not None and token.dies_at > time.monotonic():
            return token
        if self._failure is not None and self._failure[0] >= asked:
            raise self._failure[1]
        try:
            token = self._token = self._grant()
        except IntegrationError as error:
            self._failure = time.monotonic(), error
            raise
        return token

    def _renewed(self, old: Token) -> Token:
        """Return a new token in place of one that lives still; that one, when there is none at present."""
        try:
            token = self._grant()
        except CredentialsRefused:
            raise
        except IntegrationError:
            # The next renewal is due when half of what is left is over.
            now = time.monotonic()
            token = Token(old.access, now + (old.dies_at - now) / 2, old.dies_at)
        self._token = token
        return token


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
