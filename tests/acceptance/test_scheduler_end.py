"""How the daemon ends: what runs may end, nothing is waited for, and it is over within 30 seconds."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.acceptance.conftest import wait_until
from tests.acceptance.hand_made_api import HandMadeApi

RESULTS = "SELECT count(*) FROM sync_history WHERE sync_type = 'results'"


@pytest.fixture
def api(httpserver):
    """An API with one race that is on."""
    api = HandMadeApi(httpserver)
    api.publish(1, datetime.now(UTC) - timedelta(hours=1))
    yield api
    api.let_go()


def test_a_collection_under_way_is_finished_and_accounted_for(daemon, add_partner, api, ask, said):
    api.hanging = "/results"
    add_partner(base_url=api.url)
    process = daemon()
    assert api.hung.wait(60)

    process.send_signal(signal.SIGTERM)
    wait_until(lambda: said("scheduler.stopping"))
    api.let_go()

    assert process.wait(30) == 0
    assert ask(f"{RESULTS} AND status = 'completed'") == 1
    assert said("scheduler.stopped") == 1


@pytest.mark.waits
def test_an_api_that_hangs_holds_the_end_up_for_less_than_30_seconds(daemon, add_partner, api, ask, said):
    api.hanging = "/results"
    add_partner(base_url=api.url, timeout=80)
    process = daemon()
    assert api.hung.wait(60)

    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 0
    assert said("scheduler.gave_up") == 1
    assert ask(RESULTS) == 0
    assert said("Traceback") == 0


def test_a_second_signal_ends_it_at_once(daemon, add_partner, api, said):
    api.hanging = "/results"
    add_partner(base_url=api.url, timeout=80)
    process = daemon()
    assert api.hung.wait(60)
    process.send_signal(signal.SIGINT)
    wait_until(lambda: said("scheduler.stopping"))

    before = time.monotonic()
    process.send_signal(signal.SIGINT)

    assert process.wait(30) == 130
    assert time.monotonic() - before < 10


def test_whoever_waits_for_the_budget_ends_at_once_without_an_account(daemon, add_partner, api, ask, said):
    # The test of the credentials and the first page use up what a minute has; the discovery needs more.
    add_partner(base_url=api.url, rate_limit=2)
    process = daemon()
    wait_until(lambda: api.asked["event"] == 2)

    before = time.monotonic()
    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 0
    assert time.monotonic() - before < 15
    assert api.asked.total() == 2
    assert ask("SELECT count(*) FROM sync_history WHERE sync_type = 'events'") == 0
    assert said("scheduler.gave_up") == 0


def test_whoever_waits_before_a_request_is_repeated_ends_at_once(daemon, add_partner, httpserver, ask, said):
    httpserver.expect_request("/api/event").respond_with_data(
        "busy", status=503, headers={"Retry-After": "40"}
    )
    add_partner(base_url=httpserver.url_for("/api"))
    process = daemon()
    wait_until(lambda: said("request.repeated"))

    before = time.monotonic()
    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 0
    assert time.monotonic() - before < 15
    assert ask("SELECT count(*) FROM sync_history") == 0
