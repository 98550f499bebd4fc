"""Two daemons share the work without doing any of it twice, and take over from one another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from providers.clock import Clock
from tests.acceptance.conftest import wait_until
from tests.acceptance.hand_made_api import HandMadeApi

# Race time runs so fast that an interval of 90 seconds takes 3.
SPEED = 30.0
INTERVAL = timedelta(seconds=90)
COLLECTIONS = """
    SELECT event_id, sync_time, sync_time - make_interval(secs => lateness_seconds::float) AS planned
    FROM sync_history WHERE sync_type = 'results' AND status IN ('completed', 'partial')
    ORDER BY sync_time
"""


@pytest.fixture
def race(httpserver, add_partner):
    """An API with six races that have just begun, and the clock."""
    now = datetime.now(UTC).replace(microsecond=0)
    api = HandMadeApi(httpserver)
    for number in range(1, 7):
        api.publish(number, now - timedelta(minutes=4))
    add_partner(base_url=api.url)
    return api, Clock.running(now, (now, SPEED)), now + timedelta(minutes=1)


def instants(query, first):
    """For each event the numbers of the due instants that were collected, in order."""
    found = {}
    for row in query(COLLECTIONS):
        planned = row["planned"].replace(tzinfo=UTC)
        found.setdefault(row["event_id"], []).append(
            (planned - first + timedelta(milliseconds=1)) // INTERVAL
        )
    return found


@pytest.mark.waits
def test_each_due_instant_is_collected_once_and_by_the_other_when_one_is_killed(race, daemon, query, said):
    api, clock, first = race
    settings = {"CHRONOTRACK_LIVE_CLOCK": str(clock)}
    one, _ = daemon(**settings), daemon(**settings)

    def all_reached(number):
        found = instants(query, first)
        return len(found) == 6 and all(numbers[-1] >= number for numbers in found.values())

    wait_until(lambda: all_reached(3))
    one.kill()
    reached = max(numbers[-1] for numbers in instants(query, first).values())
    wait_until(lambda: all_reached(reached + 4))

    for numbers in instants(query, first).values():
        assert len(set(numbers)) == len(numbers), "an instant was collected twice"
        assert numbers == list(range(numbers[0], numbers[-1] + 1)), "an instant was missed"
    assert said("Traceback") == said("Traceback", 1) == 0
    # Reading an entry list is due once at first; whoever came second found it read.
    assert all(api.asked[f"event/{number}/entry"] <= 2 for number in range(1, 7))


def test_an_event_that_the_other_daemon_found_is_taken_over_when_that_one_dies(race, daemon, query, said):
    api, clock, first = race
    settings = {"CHRONOTRACK_LIVE_CLOCK": str(clock)}
    other = daemon(**settings)
    wait_until(lambda: instants(query, first))
    api.publish(77, clock.now() - timedelta(minutes=1), name="Found late")
    finder = daemon(**settings)
    found = "SELECT 1 FROM ct_events WHERE provider_event_id = '77'"
    wait_until(lambda: query(found))

    finder.kill()

    collected = "SELECT 1 FROM sync_history WHERE event_id = 'ctlive:1:77' AND status = 'completed'"
    wait_until(lambda: query(f"{collected} AND sync_type = 'results'"))
    assert other.poll() is None
