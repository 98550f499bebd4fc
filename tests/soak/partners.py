"""Timing partners with credentials for an API."""

from __future__ import annotations

import hashlib

from psycopg2.extras import Json

from providers.chronotrack_live.simulator.accounts import Account
from tests.soak.truth import Query

_PARTNER = """
    WITH partner AS (
        INSERT INTO timing_partners (company_name) VALUES (%s) RETURNING timing_partner_id
    )
    INSERT INTO partner_provider_credentials
        (timing_partner_id, provider_id, principal, secret, additional_config)
    SELECT timing_partner_id, provider_id, %s, %s, %s
    FROM partner CROSS JOIN providers WHERE name = 'ChronoTrack Live'
"""


def add_partner(query: Query, account: Account, config: dict[str, object]) -> None:
    """Add the partner of an account: with its password for oauth2, else with a digest of it.

    Args:
        query: asks the database, as its owner.
        account: who asks.
        config: what else is to stand in `additional_config`; with `auth`.
    """
    identity = {"client_id": account.client_id, "client_secret": account.client_secret}
    secret = account.password
    if config["auth"] != "oauth2":
        # Simple authentication puts it into the address.
        identity["password_digest"] = "sha1" if config["auth"] == "simple" else "sha256"
        secret = hashlib.new(identity["password_digest"], secret.encode()).hexdigest()
    query(_PARTNER, f"Timing of {account.client_id}", account.user, secret, Json(config | identity))
