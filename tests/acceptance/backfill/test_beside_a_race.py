"""A backfill beside the daemon and a race that is under way."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from operations.comparison import compare
from providers.chronotrack_live.simulator.process import SimulatorProcess
from providers.clock import Clock
from tests.acceptance.conftest import wait_until

MARATHON, DUATHLON, TEN_MILER = "91649", "91570", "91497"
LIMIT, SHARE = 40, 0.25
SPEED = 30.0
COLLECTED = "SELECT count(*) FROM sync_history WHERE sync_type = 'results' AND event_id = 'ctlive:1:91649'"


@pytest.fixture(scope="module")
def live():
    """A race that is on, thirty times as fast, with its clock."""
    now = datetime.now(UTC).replace(microsecond=0)
    start = now - timedelta(hours=1)
    clock = Clock.running(now, (now, SPEED))
    with SimulatorProcess(race_start=start, athletes=150, clock=clock) as simulator:
        yield simulator, clock


def spent(folder):
    """The instants of race time, in ms, of the backfill's and of all requests."""
    [file] = (folder / "state" / "budget").glob("*.sqlite")
    account = sqlite3.connect(file)
    try:
        rows = account.execute("SELECT name, item_timestamp FROM requests ORDER BY 2").fetchall()
    finally:
        account.close()
    return [at for name, at in rows if name == "backfill"], [at for _, at in rows]


def most_a_minute(instants):
    return max(sum(begin <= at < begin + 60_000 for at in instants) for begin in instants)


def test_the_race_is_collected_when_it_is_due_and_the_backfill_keeps_to_its_share(
    live, daemon, started, add_partner, ask, query, tmp_path
):
    simulator, clock = live
    add_partner(base_url=simulator.base_url, rate_limit=LIMIT)
    settings = {"CHRONOTRACK_LIVE_CLOCK": str(clock)}
    daemon(**settings)
    wait_until(lambda: ask(COLLECTED))

    process = started("--api-delay", 0, "--share", SHARE, **settings)

    assert process.wait(90) == 0
    said = (tmp_path / "backfill-0.log").read_text(encoding="utf-8")
    assert said.count("is under way; the backfill uses at most 10 of 40") == 1
    for event in (DUATHLON, TEN_MILER):
        kept = query("SELECT * FROM ct_results WHERE provider_event_id = %s", event)
        assert compare(simulator.ground_truth(event), kept).differences == ()
    ours, everybodys = spent(tmp_path)
    assert len(ours) > LIMIT * SHARE
    assert most_a_minute(ours) <= LIMIT * SHARE
    assert most_a_minute(everybodys) <= LIMIT
    seen = ask(COLLECTED)
    wait_until(lambda: ask(COLLECTED) > seen)
    assert (
        query(
            "SELECT status, lateness_seconds FROM sync_history WHERE sync_type = 'results'"
            " AND (status <> 'completed' OR lateness_seconds > 90)"
        )
        == []
    )
