"""How to speak to one partner's ChronoTrack Live: read once from the credentials row."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from providers.errors import SettingsInvalid
from providers.rate_limit import REQUESTS_PER_MINUTE
from providers.records import Credentials

# The public API's production address [official].
PRODUCTION_URL = "https://api.chronotrack.com/api"

AUTH_MODES = ("basic", "simple")
# Digest -> its length in hex. The integration's specification asks for SHA-256, every public client of
# the real service sends SHA-1; "plain" sends the password itself.
DIGESTS = {"sha256": 64, "sha1": 40, "plain": 0}


@dataclass(frozen=True, slots=True)
class ChronoTrackLiveSettings:
    """The settings of one credentials row (`additional_config`).

    Attributes:
        base_url: the API's address, without a slash at its end.
        user: the login.
        secret: the password, or its digest.
        timeout: seconds for a connection and for each wait for bytes.
        rate_limit: requests in any 60 seconds.
        auth: basic or simple.
        password_digest: sha256, sha1 or plain.
        client_id: sent as a query parameter when set.
    """

    base_url: str
    user: str
    secret: str = field(repr=False)
    timeout: float = 30.0
    rate_limit: int = REQUESTS_PER_MINUTE
    auth: str = "basic"
    password_digest: str = "sha256"  # noqa: S105 - the name of a digest
    client_id: str | None = None

    @classmethod
    def of(cls, credentials: Credentials) -> ChronoTrackLiveSettings:
        """Read the settings of a credentials row.

        Raises:
            SettingsInvalid: a field is missing or impossible; the message names partner and field.
        """
        config = credentials.additional_config
        where = f"the credentials of {credentials.label}"
        if not credentials.principal or not credentials.secret:
            raise SettingsInvalid(
                f"principal or secret is missing in {where}: set both in the credentials row."
            )
        auth = _one_of(config.get("auth"), "auth", AUTH_MODES, where)
        digest = _one_of(config.get("password_digest"), "password_digest", tuple(DIGESTS), where)
        client_id = config.get("client_id")
        if auth == "simple" and not client_id:
            raise SettingsInvalid(
                f"client_id is missing in additional_config of {where}: simple auth needs it."
            )
        return cls(
            base_url=_url(config.get("base_url") or PRODUCTION_URL, where),
            user=credentials.principal,
            secret=credentials.secret,
            timeout=_positive(config.get("timeout", 30), "timeout", where),
            rate_limit=int(_positive(config.get("rate_limit", REQUESTS_PER_MINUTE), "rate_limit", where)),
            auth=auth,
            password_digest=digest,
            client_id=str(client_id) if client_id else None,
        )


def _one_of(value: object, name: str, allowed: tuple[str, ...], where: str) -> str:
    if value is None:
        return allowed[0]
    if value not in allowed:
        raise SettingsInvalid(
            f"{name} is {value!r} in additional_config of {where}: use one of {', '.join(allowed)}."
        )
    return str(value)


def _positive(value: object, name: str, where: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever stands in the JSON
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise SettingsInvalid(f"{name} is {value!r} in additional_config of {where}: use a positive number.")
    return number


def _url(value: object, where: str) -> str:
    url = str(value).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise SettingsInvalid(
            f"base_url in additional_config of {where} must look like {PRODUCTION_URL}, "
            "without a user or a query."
        )
    return url
