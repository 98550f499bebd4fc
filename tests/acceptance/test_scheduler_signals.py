"""Credentials that are read again, on SIGHUP or not, and what the service manager is told: a real process."""

from __future__ import annotations

import signal
import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from pytest_httpserver import HTTPServer

from tests.acceptance.conftest import wait_until
from tests.acceptance.hand_made_api import HandMadeApi

COLLECTED = (
    "SELECT count(*) FROM sync_history WHERE sync_type = 'results' AND status = 'completed'"
    " AND timing_partner_id = %s"
)

# The other partner's tests of the credentials and discoveries: one each, while nobody disturbs it.
TESTED = (
    "SELECT count(*) FROM sync_history WHERE sync_type IN ('authentication', 'events')"
    " AND timing_partner_id = 2"
)


@pytest.fixture
def apis():
    """Two APIs, each with a race that is on."""
    servers = [HTTPServer(), HTTPServer()]
    made = []
    for server in servers:
        server.start()
        api = HandMadeApi(server)
        api.publish(1, datetime.now(UTC) - timedelta(hours=1))
        made.append(api)
    yield made
    for api, server in zip(made, servers, strict=True):
        api.let_go()
        server.clear()
        server.stop()


@pytest.fixture
def manager():
    """The socket of a service manager, and what it heard so far."""
    address = f"@chronotrack-live-{uuid4().hex}"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind("\0" + address[1:])
        listening.settimeout(60)
        yield listening, address


def heard_until(listening, word):
    """Return what is heard up to a word of the protocol."""
    heard = []
    while not heard or word not in heard[-1]:
        heard.append(listening.recv(4096).decode().split("\n"))
    return heard


def test_sighup_takes_in_new_partners_changes_changed_ones_and_lets_removed_ones_go(
    daemon, add_partner, apis, ask, query, said
):
    first, second = apis
    for name in ("Unchanged", "Changed", "Removed"):
        add_partner(name, base_url=first.url)
    process = daemon()
    for partner in (1, 2, 3):
        wait_until(lambda number=partner: ask(COLLECTED, number))
    asked_before = ask("SELECT count(*) FROM sync_history WHERE timing_partner_id = 1")

    add_partner("New", base_url=second.url)
    query(
        "UPDATE partner_provider_credentials SET additional_config = jsonb_build_object('base_url', %s)"
        " WHERE timing_partner_id = 2",
        second.url,
    )
    query("DELETE FROM partner_provider_credentials WHERE timing_partner_id = 3")
    process.send_signal(signal.SIGHUP)

    wait_until(lambda: ask(COLLECTED, 4))
    wait_until(lambda: said("partner.changed") and second.asked["event"] >= 4)
    assert (said("partner.added"), said("partner.changed"), said("partner.removed")) == (1, 1, 1)
    assert ask("SELECT count(*) FROM sync_history WHERE timing_partner_id = 1") == asked_before
    assert said("Traceback") == 0
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_whatever_changes_in_the_hub_is_taken_over_within_an_interval_though_nobody_says_so(
    daemon, add_partner, apis, ask, query, said
):
    first, second = apis
    for name in ("Changed", "Unchanged"):
        add_partner(name, base_url=first.url)
    daemon(CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS="1")
    wait_until(lambda: ask(COLLECTED, 1) and ask(COLLECTED, 2))
    wait_until(lambda: ask(f"{TESTED} AND sync_type = 'events'"))

    add_partner("New", base_url=second.url)
    wait_until(lambda: ask(COLLECTED, 3))
    query("UPDATE partner_provider_credentials SET principal = 'new' WHERE timing_partner_id = 1")
    wait_until(lambda: said("partner.changed"))
    query("DELETE FROM partner_provider_credentials")
    wait_until(lambda: said("partners.none"))
    add_partner("Newest", base_url=second.url)
    wait_until(lambda: ask(COLLECTED, 4))

    counts = [said(f"partner.{what}") for what in ("added", "changed", "removed")]
    assert counts == [2, 1, 3]
    assert (said("partners.none"), said("Traceback")) == (1, 0)
    assert ask(TESTED) == 2


def test_a_row_that_cannot_work_stops_its_partner_alone_with_one_line_until_it_is_mended(
    daemon, add_partner, apis, ask, query, said
):
    api, other = apis
    add_partner("Broken", base_url=api.url)
    add_partner("Harbour", base_url=other.url)
    set_auth = (
        "UPDATE partner_provider_credentials SET additional_config = additional_config || %s::jsonb"
        " WHERE timing_partner_id = 1"
    )
    process = daemon()
    wait_until(lambda: ask(COLLECTED, 1) and ask(COLLECTED, 2))
    wait_until(lambda: ask(f"{TESTED} AND sync_type = 'events'"))

    query(set_auth, '{"auth": "magic"}')
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: said("partner.invalid"))
    query(set_auth, '{"auth": "basic"}')
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: said("partner.added"))

    assert (said("partner.invalid"), said("partner.removed"), said("partner.changed")) == (1, 0, 0)
    assert ask(TESTED) == 2
    assert process.poll() is None


def test_work_under_way_ends_with_the_credentials_that_it_began_with(
    daemon, add_partner, apis, ask, query, said
):
    first, second = apis
    first.hanging = "/results"
    add_partner(base_url=first.url)
    process = daemon()
    assert first.hung.wait(60)

    query(
        "UPDATE partner_provider_credentials SET additional_config = jsonb_build_object('base_url', %s)",
        second.url,
    )
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: said("partner.changed"))
    first.let_go()

    wait_until(lambda: ask(COLLECTED, 1))
    wait_until(lambda: second.asked["event"] >= 2)
    assert said("Traceback") == 0


def test_nobody_is_left_and_the_daemon_waits_for_somebody_to_come(
    daemon, add_partner, apis, ask, query, said
):
    api, _ = apis
    add_partner(base_url=api.url)
    process = daemon()
    wait_until(lambda: ask(COLLECTED, 1))

    query("DELETE FROM partner_provider_credentials")
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: said("partners.none"))
    add_partner("New", base_url=api.url)
    process.send_signal(signal.SIGHUP)

    wait_until(lambda: ask(COLLECTED, 2))


def test_the_service_manager_is_told_of_start_life_reload_and_end(daemon, add_partner, apis, manager, said):
    api, _ = apis
    listening, address = manager
    add_partner(base_url=api.url)

    process = daemon(NOTIFY_SOCKET=address, WATCHDOG_USEC="1000000")
    assert heard_until(listening, "READY=1")[-1][1].startswith("STATUS=1 partners; events: ")
    for _ in range(3):
        heard_until(listening, "WATCHDOG=1")
    process.send_signal(signal.SIGHUP)
    reloading = heard_until(listening, "RELOADING=1")[-1]
    heard_until(listening, "READY=1")
    process.send_signal(signal.SIGTERM)
    heard_until(listening, "STOPPING=1")

    assert reloading[1].startswith("MONOTONIC_USEC=")
    assert process.wait(30) == 0


def test_the_status_counts_the_events_by_phase(daemon, add_partner, apis, manager):
    api, _ = apis
    listening, address = manager
    api.publish(2, datetime.now(UTC) + timedelta(days=2))
    api.publish(3, datetime.now(UTC) - timedelta(hours=20))
    add_partner(base_url=api.url)

    daemon(NOTIFY_SOCKET=address, WATCHDOG_USEC="500000")

    heard_until(listening, "STATUS=1 partners; events: 1 intensive, 1 standard, 1 waiting")


def test_a_wait_for_the_database_is_told_so_that_the_start_may_take_longer(daemon, nowhere, manager):
    listening, address = manager

    daemon(DATABASE_URL=f"postgresql://hub@{nowhere}/hub", NOTIFY_SOCKET=address)

    [_, longer] = heard_until(listening, "STATUS=Waiting for the database")[-1]
    assert longer == "EXTEND_TIMEOUT_USEC=61000000"
