"""Hubs in both shapes of the host's tables, whose history holds what a test notes."""

from __future__ import annotations

import pytest

from providers.accounts import SyncReport
from providers.statistics import Statistics


@pytest.fixture(params=["dsn", "shape_c_dsn"])
def hub_dsn(request):
    """A database in each shape of the host's tables."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def hub(hub_dsn, open_hub):
    """A hub without history."""
    hub = open_hub(hub_dsn)
    hub.query("DELETE FROM sync_history")
    return hub


@pytest.fixture
def note(hub):
    """Accounts for a poll of event 5 that found nothing new, or for what is said to differ."""

    def noted(at, **fields):
        notes = {"complete": True, "results": 40} | fields.pop("notes", {})
        given = {
            "sync_type": "results",
            "timing_partner_id": hub.partner.timing_partner_id,
            "status": "completed",
            "started": at,
            "seconds": 2.0,
            "event_id": hub.key("5"),
            "seen": 40,
            "lateness": 0.25,
            "statistics": Statistics(requests=7, bytes_read=900, rows_read=40, waited=0.5).as_dict() | notes,
        }
        hub.store.note(hub.partner, SyncReport(**(given | fields)))

    return noted
