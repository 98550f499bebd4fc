"""How to speak to one partner's ChronoTrack Live: read once from the credentials row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from providers.errors import SettingsInvalid
from providers.rate_limit import REQUESTS_PER_HOUR, REQUESTS_PER_MINUTE
from providers.records import Credentials

# The public API's production address [official].
PRODUCTION_URL = "https://api.chronotrack.com/api"

AUTH_MODES = ("basic", "simple", "oauth2")
# What each mode cannot do without, beside login and secret.
_NEEDS = {"basic": (), "simple": ("client_id",), "oauth2": ("client_id", "client_secret")}
# Digest -> its length in hex. The integration's specification asks for SHA-256, every public client of
# the real service sends SHA-1; "plain" sends the password itself.
DIGESTS = {"sha256": 64, "sha1": 40, "plain": 0}
# Longer than any answer takes, and within what a socket can wait.
_LONGEST_TIMEOUT = 3600


@dataclass(frozen=True, slots=True)
class ChronoTrackLiveSettings:
    """The settings of one credentials row (`additional_config`).

    Attributes:
        base_url: the API's address, without a slash at its end.
        user: the login.
        secret: the password, or its digest.
        timeout: seconds for a connection and for each wait for bytes.
        rate_limit: requests in any 60 seconds.
        auth: basic, simple or oauth2.
        password_digest: sha256, sha1 or plain; oauth2 sends the password itself.
        client_id: sent as a query parameter when set.
        client_secret: what an oauth2 client proves itself by.
        similar_name_is_duplicate: the store's own; read here so that an impossible value stops this partner
            as any other does.
    """

    base_url: str
    user: str
    secret: str = field(repr=False)
    timeout: float = 30.0
    rate_limit: int = REQUESTS_PER_MINUTE
    auth: str = "basic"
    password_digest: str = "sha256"  # noqa: S105 - the name of a digest
    client_id: str | None = field(default=None, repr=False)
    client_secret: str | None = field(default=None, repr=False)
    similar_name_is_duplicate: bool = False

    @property
    def token_url(self) -> str:
        """Where tokens are to be had: outside /api, beside it (fact sheet, section 1)."""
        parts = urlsplit(self.base_url)
        before_api = parts.path.partition("/api")[0]
        return f"{parts.scheme}://{parts.netloc}{before_api}/oauth2/token"

    @property
    def is_public_api(self) -> bool:
        """Whether this is ChronoTrack's own API, be it production or test."""
        host = urlsplit(self.base_url).hostname or ""
        return host == "chronotrack.com" or host.endswith(".chronotrack.com")

    @classmethod
    def of(cls, credentials: Credentials) -> ChronoTrackLiveSettings:
        """Read the settings of a credentials row.

        Raises:
            SettingsInvalid: a field is missing or impossible; the message names partner and field.
        """
        where = f"the credentials of {credentials.label}"
        config = _mapping(credentials.additional_config, where)
        if not credentials.principal or not credentials.principal.strip() or not credentials.secret:
            raise SettingsInvalid(
                f"principal or secret is missing in {where}: set both in the credentials row."
            )
        auth = _one_of(config.get("auth"), "auth", AUTH_MODES, where)
        digest = _digest(config.get("password_digest"), auth, where)
        if auth == "basic" and ":" in credentials.principal:
            raise SettingsInvalid(
                f"principal holds a colon in {where}, and basic auth ends the login at the first: "
                "set auth to 'simple' in additional_config."
            )
        client_id = _identifier(config.get("client_id"), "client_id", where)
        client_secret = _identifier(config.get("client_secret"), "client_secret", where)
        for needed, value in (("client_id", client_id), ("client_secret", client_secret)):
            if needed in _NEEDS[auth] and not value:
                raise SettingsInvalid(
                    f"{needed} is missing in additional_config of {where}: {auth} auth needs it."
                )
        return cls(
            base_url=_url(config.get("base_url"), where),
            user=credentials.principal,
            secret=credentials.secret,
            timeout=_timeout(config.get("timeout"), where),
            rate_limit=_rate_limit(config.get("rate_limit"), where),
            auth=auth,
            password_digest=digest,
            client_id=client_id,
            client_secret=client_secret,
            similar_name_is_duplicate=credentials.similar_name_is_duplicate,
        )

    def kept_secret(self, password: str) -> str:
        """Return what the credentials row is to keep of a password: its digest, or itself when that is sent.

        A password that looks like a digest is digested as any other: the digest of it is what the API knows.
        """
        if not DIGESTS[self.password_digest]:
            return password
        return hashlib.new(self.password_digest, password.encode(), usedforsecurity=False).hexdigest()


def _mapping(config: object, where: str) -> Mapping[str, object]:
    """Return additional_config as a mapping: the JSON of the host's column may be anything."""
    if config is None:
        return {}
    if not isinstance(config, Mapping):
        raise SettingsInvalid(
            f"additional_config is a JSON {type(config).__name__} in {where}: use an object, "
            f'such as {{"base_url": "{PRODUCTION_URL}"}}.'
        )
    return config


def _one_of(value: object, name: str, allowed: tuple[str, ...], where: str) -> str:
    if value is None:
        return allowed[0]
    if value not in allowed:
        # What stands there is not repeated: the digest itself is easily put where its name belongs.
        raise SettingsInvalid(
            f"{name} in additional_config of {where} is unknown: use one of {', '.join(allowed)}."
        )
    return str(value)


def _digest(value: object, auth: str, where: str) -> str:
    if auth != "oauth2":
        return _one_of(value, "password_digest", tuple(DIGESTS), where)
    if value not in (None, "plain"):
        raise SettingsInvalid(
            f"password_digest does not go with oauth2 in additional_config of {where}: oauth2 sends the "
            "password itself, so set it to 'plain' and keep the password in secret."
        )
    return "plain"


def _identifier(value: object, name: str, where: str) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SettingsInvalid(f"{name} in additional_config of {where} must be a text.")
    return str(value)


def _timeout(value: object, where: str) -> float:
    seconds = 30.0 if value is None else _number(value)
    if not 0 < seconds <= _LONGEST_TIMEOUT:
        raise SettingsInvalid(
            f"timeout in additional_config of {where} is impossible: use seconds, up to {_LONGEST_TIMEOUT}."
        )
    return seconds


def _rate_limit(value: object, where: str) -> int:
    requests = float(REQUESTS_PER_MINUTE) if value is None else _number(value)
    if not 1 <= requests <= REQUESTS_PER_HOUR or requests != int(requests):
        raise SettingsInvalid(
            f"rate_limit in additional_config of {where} is impossible: use a whole number of requests "
            f"in 60 seconds, usually {REQUESTS_PER_MINUTE}."
        )
    return int(requests)


def _number(value: object) -> float:
    """Return a number, also one written as text; 0, which no setting takes, for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return 0.0
    try:
        return float(value)
    except (ValueError, OverflowError):
        return 0.0


def _url(value: object, where: str) -> str:
    if value is None or value == "":
        return PRODUCTION_URL
    # Not repeated in the error either: a user with a password may stand in it.
    if isinstance(value, str) and _is_address(value):
        return value.rstrip("/")
    raise SettingsInvalid(
        f"base_url in additional_config of {where} must look like {PRODUCTION_URL}, "
        "without a user or a query."
    )


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    odd = any(mark in text for mark in "@?#\\") or not text.isprintable() or " " in text
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0 and not odd
