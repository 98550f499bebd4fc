"""Two processes that import the same events at the same instant store them once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from operations.comparison import compare

DUATHLON, TEN_MILER = "91570", "91497"
MARATHON, FIVE_K, NEXT_WEEK = "91649", "91609", "91761"


@pytest.mark.parametrize(
    ("command", "events"),
    [
        (("backfill", "--yes", "--api-delay", "0"), {DUATHLON, TEN_MILER}),
        (("scheduler", "--once"), {MARATHON, FIVE_K, NEXT_WEEK}),
    ],
    ids=["two backfills", "two passes of the scheduler"],
)
def test_two_processes_at_once_store_each_event_once(run, add_partner, simulator, query, command, events):
    add_partner(base_url=simulator.base_url)

    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda _: run(*command), range(2)))

    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    stored = query("SELECT provider_event_id FROM ct_events WHERE data_source = 'chronotrack_live'")
    assert sorted(row["provider_event_id"] for row in stored) == sorted(events)
    for event in events:
        rows = query("SELECT * FROM ct_results WHERE provider_event_id = %s", event)
        assert compare(simulator.ground_truth(event), rows).differences == ()
    # Whoever came second found nothing to write: no row has a second version, no serial value is unused.
    assert query("SELECT count(*) AS n FROM ct_results WHERE updated_at <> created_at") == [{"n": 0}]
    assert query("SELECT max(id) - count(*) AS unused FROM ct_results") == [{"unused": 0}]
