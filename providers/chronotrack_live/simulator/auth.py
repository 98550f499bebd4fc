"""Authentication: HTTP Basic, the simple scheme in the query, and OAuth2 bearer tokens."""

from __future__ import annotations

import math
import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .accounts import Account, same
from .errors import ApiError, UnauthorizedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .faults import Faults
    from .variants import Variant

_DIGESTS = ("sha1", "sha256")
_USES = 5  # of a token, when tokens expire early


@dataclass(slots=True)
class Token:
    """An access token; it dies when used up, or at an instant in seconds of the server's own clock."""

    access: str
    refresh: str
    account: Account
    dies_at: float
    uses: float

    def lives(self, at: float) -> bool:
        """Tell whether it still opens its account."""
        return at < self.dies_at and self.uses > 0


class Gate:
    """Finds the account that a request belongs to. Instants are seconds that only ever grow."""

    def __init__(self, accounts: tuple[Account, ...], variant: Variant, faults: Faults) -> None:
        self._accounts = accounts
        self._tokens: dict[str, Token] = {}
        self._token_life = variant.token_life
        self._token_uses = _USES if "expired_tokens" in faults.standing else math.inf
        self._struck = faults.struck
        is_any = variant.digests == "any"
        self._simple_forms = _DIGESTS if is_any else (variant.digests,)
        self._basic_forms = ("plain", *_DIGESTS) if is_any else (variant.digests,)

    def account(self, authorization: str, query: Mapping[str, str], at: float) -> Account:
        """Return the account that the credentials open; a header wins over the query.

        Raises:
            UnauthorizedError: they open none.
        """
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "basic":
            found = self._by_basic(credentials, query.get("client_id"))
        elif scheme.lower() == "bearer":
            found = self._by_token(credentials.strip(), query.get("client_id", ""), at)
        else:
            found = self._by_query(query)
        if found is None:
            raise UnauthorizedError
        return found

    def grant(self, authorization: str, fields: Mapping[str, str], at: float) -> dict[str, Any]:
        """Answer a password grant: a new token, or the one that still lives with what is left of its life.

        Raises:
            UnauthorizedError: wrong client or user.
            ApiError: another grant was asked for.
        """
        if fields.get("grant_type") != "password":
            raise ApiError("unsupported_grant_type")
        scheme, _, credentials = authorization.partition(" ")
        client_id, secret = _split_basic(credentials) if scheme.lower() == "basic" else ("", "")
        user, password = fields.get("username", ""), fields.get("password", "")
        for account in self._accounts:
            is_client = account.is_client(client_id) & account.is_secret(secret)
            if is_client & account.is_user(user) & account.is_password(password, ("plain",)):
                return self._answer(account, at)
        raise UnauthorizedError

    def _answer(self, account: Account, at: float) -> dict[str, Any]:
        token = self._tokens.get(account.client_id)
        if token is None or not token.lives(at):
            access, refresh = secrets.token_hex(20), secrets.token_hex(20)
            token = Token(access, refresh, account, at + self._token_life, self._token_uses)
            self._tokens[account.client_id] = token
        return {
            "access_token": token.access,
            "token_type": "bearer",
            "expires_in": int(token.dies_at - at),
            "refresh_token": token.refresh,
        }

    def _by_basic(self, credentials: str, client_id: str | None) -> Account | None:
        user, password = _split_basic(credentials)
        for account in self._accounts:
            is_right = account.is_user(user) & account.is_password(password, self._basic_forms)
            if is_right and (client_id is None or account.is_client(client_id)):
                return account
        return None

    def _by_query(self, query: Mapping[str, str]) -> Account | None:
        client_id, user, password = (query.get(name, "") for name in ("client_id", "user_id", "user_pass"))
        for account in self._accounts:
            is_user = account.is_client(client_id) & account.is_user(user)
            if is_user & account.is_password(password, self._simple_forms):
                return account
        return None

    def _by_token(self, access: str, client_id: str, at: float) -> Account | None:
        for token in self._tokens.values():
            if not same(access, token.access) & token.account.is_client(client_id):
                continue
            if token.lives(at):
                token.uses -= 1
                return token.account
            if token.uses <= 0:
                self._struck["expired_tokens"] += 1
        return None


def _split_basic(credentials: str) -> tuple[str, str]:
    try:
        user, _, password = b64decode(credentials, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        return "", ""
    return user, password
