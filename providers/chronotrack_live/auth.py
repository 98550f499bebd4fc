"""How a request says who asks."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth

from providers.chronotrack_live.settings import DIGESTS, ChronoTrackLiveSettings


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


def authentication(settings: ChronoTrackLiveSettings) -> AuthBase:
    """Return the authentication that the settings ask for."""
    password = sent_password(settings.secret, settings.password_digest)
    if settings.auth == "simple":
        return SimpleAuth(settings.user, password)
    # requests encodes text as Latin-1; logins and passwords may be any Unicode.
    return HTTPBasicAuth(settings.user.encode(), password.encode())
