"""A database that is lost, or not there yet, is waited for."""

from __future__ import annotations

import json
import signal
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

from providers.clock import Clock
from tests.acceptance.conftest import wait_until
from tests.acceptance.hand_made_api import HandMadeApi
from tests.soak.proxy import DatabaseProxy

RESULTS = "SELECT count(*) FROM sync_history WHERE sync_type = 'results' AND status = 'completed'"


@pytest.fixture
def proxy(daemon_dsn):
    with DatabaseProxy(daemon_dsn) as proxy:
        yield proxy


@pytest.fixture
def races(httpserver, add_partner):
    """Three races that are on."""
    api = HandMadeApi(httpserver)
    for number in range(1, 4):
        api.publish(number, datetime.now(UTC) - timedelta(hours=1))
    add_partner(base_url=api.url)
    return api


def logged_at(folder, event):
    """The instant at which the scheduler logged something."""
    lines = (folder / "scheduler-0.log").read_text(encoding="utf-8").splitlines()
    [line] = [line for line in map(json.loads, lines) if line["event"] == event]
    return datetime.fromisoformat(line["timestamp"])


@pytest.mark.waits
def test_a_lost_database_is_logged_once_and_what_passed_meanwhile_is_made_up_for_once(
    daemon, proxy, races, ask, query, said, tmp_path
):
    now = datetime.now(UTC)
    # An interval takes 3 seconds.
    clock = Clock.running(now, (now, 30.0))
    process = daemon(DATABASE_URL=proxy.dsn, CHRONOTRACK_LIVE_CLOCK=str(clock))
    wait_until(lambda: ask(RESULTS) >= 6)

    proxy.cut()
    wait_until(lambda: said("database.lost"))
    cut_at = clock.now()
    wait_until(lambda: clock.now() > cut_at + timedelta(seconds=300))
    collected = ask(RESULTS)
    proxy.mend()
    wait_until(lambda: said("database.back"))
    wait_until(lambda: ask(RESULTS) >= collected + 3)

    def made_up_for():
        return query(
            "SELECT event_id FROM sync_history WHERE sync_type = 'results' AND status = 'completed'"
            " AND sync_time - make_interval(secs => lateness_seconds) BETWEEN %s AND %s",
            cut_at.replace(tzinfo=None) + timedelta(seconds=90),
            (now + (logged_at(tmp_path, "database.back") - now) * 30).replace(tzinfo=None),
        )

    # What was asked for is stored a moment later.
    wait_until(lambda: len(made_up_for()) >= 3)
    assert (said("database.lost"), said("database.back")) == (1, 1)
    assert sorted(row["event_id"] for row in made_up_for()) == ["ctlive:1:1", "ctlive:1:2", "ctlive:1:3"]
    assert said("history.lost") == said("credentials.not_read") == 0
    assert said("Traceback") == 0
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


@pytest.mark.waits
def test_a_database_that_takes_everything_and_says_nothing_is_lost_once_and_recovered_from(
    daemon, proxy, races, ask, query, said
):
    now = datetime.now(UTC)
    # An interval takes 3 seconds.
    clock = Clock.running(now, (now, 30.0))
    daemon(DATABASE_URL=proxy.dsn, CHRONOTRACK_LIVE_CLOCK=str(clock))
    wait_until(lambda: ask(RESULTS) >= 6)

    proxy.hang()
    wait_until(lambda: said("database.lost"))
    collected = ask(RESULTS)
    proxy.flow()
    wait_until(lambda: said("database.back"))

    wait_until(lambda: ask(RESULTS) >= collected + 9)
    assert (said("database.lost"), said("database.back")) == (1, 1)
    assert said("Traceback") == 0


@pytest.mark.waits
def test_a_database_that_says_nothing_is_noticed_though_no_event_is_due_and_a_signal_was_to_read_it(
    daemon, proxy, httpserver, add_partner, ask, said
):
    add_partner(base_url=HandMadeApi(httpserver).url)
    process = daemon(DATABASE_URL=proxy.dsn)
    discovered = "SELECT count(*) FROM sync_history WHERE sync_type = 'events' AND status = 'completed'"
    wait_until(lambda: ask(discovered) == 1)

    proxy.hang()
    process.send_signal(signal.SIGHUP)
    # A statement is waited for for more than 5 minutes.
    wait_until(lambda: said("database.lost"))
    proxy.flow()
    wait_until(lambda: said("database.back"))

    assert (said("database.lost"), said("database.back")) == (1, 1)
    add_partner("Second Timing", base_url=HandMadeApi(httpserver).url)
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: said("partner.added"))
    assert said("Traceback") == 0


def test_a_daemon_whose_database_is_away_ends_on_a_signal(daemon, proxy, races, ask, said):
    process = daemon(DATABASE_URL=proxy.dsn)
    wait_until(lambda: ask(RESULTS) >= 3)
    proxy.cut()

    before = time.monotonic()
    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 0
    assert time.monotonic() - before < 20


def test_a_database_that_does_not_answer_yet_is_waited_for_at_the_start(daemon, proxy, races, ask, said):
    proxy.cut()
    daemon(DATABASE_URL=proxy.dsn)
    wait_until(lambda: said("database.awaited"))

    proxy.mend()

    wait_until(lambda: ask(RESULTS) >= 3)
    assert said("database.awaited") == 1


def test_a_database_that_answers_but_does_not_tell_the_partners_yet_is_waited_for_as_well(
    daemon, daemon_dsn, dsn, races, ask, said
):
    with closing(psycopg2.connect(dsn)) as migrating:
        migrating.cursor().execute("LOCK partner_provider_credentials")
        process = daemon(DATABASE_URL=make_dsn(daemon_dsn, options="-c lock_timeout=100ms"))
        wait_until(lambda: said("database.awaited") or process.poll() is not None)
        assert process.poll() is None

    wait_until(lambda: ask(RESULTS) >= 3)
    assert said("database.awaited") == 1
    assert said("Traceback") == 0


def test_a_signal_ends_the_wait_at_the_start(daemon, nowhere, said):
    process = daemon(DATABASE_URL=f"postgresql://hub@{nowhere}/hub")
    wait_until(lambda: said("database.awaited"))

    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 0


@pytest.mark.parametrize("wrong", [{"user": "nobody_of_this_name"}, {"dbname": "no_database_of_this_name"}])
def test_a_server_that_refuses_us_is_not_waited_for(daemon, daemon_dsn, said, wrong):
    process = daemon(DATABASE_URL=make_dsn(daemon_dsn, **wrong))

    assert process.wait(60) == 2
    assert said("chronotrack-live: ") == 1
    assert said("\n") == 1
