"""The daemon, as a process that gets real signals."""

from __future__ import annotations

import json
import re
import signal
import threading
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug import Response

from operations.comparison import compare
from providers.chronotrack_live.simulator.process import SimulatorProcess
from providers.clock import Clock
from tests.acceptance.conftest import PATIENCE, wait_until

MARATHON = "91649"


@pytest.fixture(scope="module")
def live():
    """A race that is run 1,500 times as fast and has begun just now, with its clock."""
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    clock = Clock.running(start, (start, 1500.0), (start + timedelta(hours=6), 20_000.0))
    with SimulatorProcess(race_start=start, athletes=150, clock=clock) as simulator:
        yield simulator, clock, start


@pytest.mark.waits
def test_a_killed_daemon_is_followed_by_one_that_brings_the_race_to_its_end(
    live, daemon, add_partner, ask, database
):
    simulator, clock, start = live
    add_partner(base_url=simulator.base_url)
    settings = {"CHRONOTRACK_LIVE_CLOCK": str(clock)}
    results = "SELECT count(*) FROM ct_results WHERE provider_event_id = %s"
    first = daemon(**settings)
    wait_until(lambda: ask(results, MARATHON) > 50)
    first.kill()

    second = daemon(**settings)
    last = (start + timedelta(hours=72)).replace(tzinfo=None)
    wait_until(
        lambda: ask(
            "SELECT 1 FROM sync_history WHERE event_id = %s AND sync_type = 'results' AND sync_time >= %s",
            f"ctlive:1:{MARATHON}",
            last,
        )
    )
    second.send_signal(signal.SIGTERM)

    assert second.wait(30) == 0
    with database.transaction() as cursor:
        cursor.execute("SELECT * FROM ct_results WHERE provider_event_id = %s", (MARATHON,))
        assert compare(simulator.ground_truth(MARATHON), cursor.fetchall()).differences == ()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_with_exit_code_0_and_no_lock_left(
    number, daemon, add_partner, simulator, ask
):
    add_partner(base_url=simulator.base_url)
    process = daemon()
    wait_until(lambda: ask("SELECT count(*) FROM sync_history WHERE sync_type = 'events'"))

    process.send_signal(number)

    assert process.wait(30) == 0
    wait_until(
        lambda: ask(
            "SELECT count(*) = 0 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
            " WHERE locktype = 'advisory' AND datname = current_database()"
        )
    )


def test_an_event_of_the_standard_phase_is_collected_at_once_after_the_start(
    daemon, add_partner, simulator, ask
):
    add_partner(base_url=simulator.base_url)

    daemon()

    wait_until(lambda: ask("SELECT count(*) FROM ct_results WHERE provider_event_id = %s", MARATHON) > 280)


def test_a_refused_partner_is_logged_once_and_the_other_is_collected(
    daemon, add_partner, simulator, ask, tmp_path
):
    add_partner("Broken Timing", base_url=simulator.base_url, secret="wrong")
    add_partner("Harbour Timing", base_url=simulator.base_url)

    process = daemon()
    wait_until(lambda: ask("SELECT count(*) FROM ct_results WHERE timing_partner_id = 2") > 280)
    process.send_signal(signal.SIGTERM)
    process.wait(30)

    log = (tmp_path / "scheduler-0.log").read_text(encoding="utf-8")
    assert log.count("partner.refused") == 1
    assert "Traceback" not in log


def test_a_partner_who_is_refused_during_a_race_is_stopped_and_goes_on_when_it_is_accepted_again(
    daemon, add_partner, httpserver, ask, tmp_path
):
    refusing = threading.Event()

    def listing(wrapper, rows=()):
        def answer(_request):
            if refusing.is_set():
                return Response("who are you?", status=401)
            return Response(json.dumps({wrapper: rows}), content_type="application/json")

        return answer

    start = datetime.now(UTC) - timedelta(hours=1)
    events = [
        {"event_id": str(n), "event_name": f"Mile {n}", "event_start_time": str(int(start.timestamp()))}
        for n in range(1, 6)
    ]
    httpserver.expect_request("/api/event").respond_with_handler(listing("event", events))
    for what in ("race", "entry", "results"):
        path = re.compile(f"/api/event/[0-9]+/{what}")
        httpserver.expect_request(path).respond_with_handler(listing(f"event_{what}"))
    add_partner(base_url=httpserver.url_for("/api"))
    log = tmp_path / "scheduler-0.log"

    def said(what):
        return log.read_text(encoding="utf-8").count(what)

    now = datetime.now(UTC)
    daemon(CHRONOTRACK_LIVE_CLOCK=str(Clock.running(now, (now, 60.0))))
    polls = "SELECT count(*) FROM sync_history WHERE sync_type = 'results' AND status = 'completed'"
    wait_until(lambda: ask(polls) >= 5)
    refusing.set()
    wait_until(lambda: said("partner.refused"))
    refusing.clear()
    wait_until(lambda: said("partner.accepted_again"))
    polled = ask(polls)
    wait_until(lambda: ask(polls) > polled)

    assert (said("partner.refused"), said("partner.accepted_again")) == (1, 1)


def test_a_signal_starts_nothing_of_what_is_still_queued(daemon, add_partner, httpserver, ask, tmp_path):
    asked, answer = threading.Event(), threading.Event()

    def entries(_request):
        asked.set()
        answer.wait(PATIENCE)
        return Response('{"event_entry": []}', content_type="application/json")

    start = str(int((datetime.now(UTC) + timedelta(days=2)).timestamp()))
    events = [
        {"event_id": str(number), "event_name": f"Mile {number}", "event_start_time": start}
        for number in range(1, 41)
    ]
    httpserver.expect_request("/api/event").respond_with_json({"event": events})
    httpserver.expect_request(re.compile("/api/event/[0-9]+/race")).respond_with_json({"event_race": []})
    httpserver.expect_request(re.compile("/api/event/[0-9]+/entry")).respond_with_handler(entries)
    add_partner(base_url=httpserver.url_for("/api"))
    process = daemon()
    assert asked.wait(PATIENCE)

    process.send_signal(signal.SIGTERM)
    log = tmp_path / "scheduler-0.log"
    wait_until(lambda: "scheduler.stopping" in log.read_text(encoding="utf-8"))
    answer.set()

    assert process.wait(30) == 0
    assert ask("SELECT count(*) FROM sync_history WHERE sync_type = 'participants'") < 10
