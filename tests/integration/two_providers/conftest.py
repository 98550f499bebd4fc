"""A partner with two live providers, in either order."""

from __future__ import annotations

import pytest

from tests.fixtures_hub import Hub


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A lock that is waited for fails the test instead of holding it up."""
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=10s")


@pytest.fixture
def sundial(hub):
    """The hub's partner through Sundial Timing."""
    partner = hub.partner.timing_partner_id
    hub.query("INSERT INTO providers (name) VALUES ('Sundial Timing')")
    hub.query(
        "INSERT INTO partner_provider_credentials (timing_partner_id, provider_id, principal, secret)"
        " SELECT %s, provider_id, 'demo', 'demo' FROM providers WHERE name = 'Sundial Timing'",
        partner,
    )
    [credentials] = hub.store.credentials("Sundial Timing", [partner])
    return Hub(hub.database, hub.store, credentials, hub.query)


@pytest.fixture(params=["ChronoTrack Live first", "Sundial Timing first"])
def pair(request, hub, sundial):
    """The two providers, in either order."""
    return (hub, sundial) if request.param == "ChronoTrack Live first" else (sundial, hub)
