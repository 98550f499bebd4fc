"""The client, which tries once, the adapter, which tries again, and the API's side of it."""

from __future__ import annotations

import hashlib
import json

import pytest
import structlog
from werkzeug import Response

from providers.chronotrack_live.client import ChronoTrackLiveClient
from providers.chronotrack_live.settings import ChronoTrackLiveSettings
from providers.chronotrack_live_adapter import ChronoTrackLiveAdapter
from providers.clock import Clock
from providers.rate_limit import Limit, RequestBudget
from providers.records import Credentials

USER = "timing@harbour.example.test"
PASSWORD = "open sésame & more"
DIGEST = hashlib.sha256(PASSWORD.encode()).hexdigest()
ENTRIES = "/api/event/77/entry"


@pytest.fixture
def base_url(httpserver):
    return httpserver.url_for("/api")


@pytest.fixture
def open_client(base_url):
    """A maker of clients that try each request once."""
    opened = []

    def make(**settings):
        made = ChronoTrackLiveSettings(
            **{"base_url": base_url, "user": USER, "secret": PASSWORD, "timeout": 20, **settings}
        )
        opened.append(ChronoTrackLiveClient(made, lambda request: request(), structlog.get_logger()))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def adapter(base_url, tmp_path):
    """The real adapter, which repeats what may go well later."""
    credentials = Credentials(
        credentials_id=1,
        timing_partner_id=7,
        partner_name="Harbour Timing",
        provider_id=1,
        data_source="chronotrack_live",
        principal=USER,
        secret=PASSWORD,
        additional_config={"base_url": base_url},
    )
    opened = ChronoTrackLiveAdapter(credentials, RequestBudget(tmp_path, "test", Limit(), Clock()))
    yield opened
    opened.close()


def entries(client, is_new=lambda row: True, **parameters):
    return list(client.listing("event/77/entry", "event_entry", is_new, **parameters))


def page(rows, count=None, pages=1):
    count = len(rows) if count is None else count
    headers = {"X-Ctlive-Row-Count": str(count), "X-Ctlive-Page-Count": str(pages)}
    return Response(json.dumps({"event_entry": rows}), headers=headers, content_type="application/json")
