"""The pipeline over the real adapter, a real HTTP server and a real PostgreSQL."""

from __future__ import annotations

from operations.comparison import compare
from providers import sync
from providers.registry import open_adapter


def test_a_finished_event_is_stored_equal_to_the_ground_truth(
    add_partner, simulator, store, database, clock, tmp_path
):
    adapter = open_adapter("chronotrack_live", add_partner(base_url=simulator.base_url), tmp_path, clock)
    sync.discover_events(adapter, store, clock)
    marathon = next(
        event
        for event in store.live_events(adapter.credentials, clock.now() - sync.DISCOVERY_LOOKS_BACK)
        if event.name == "Harbour City Marathon"
    )

    report = sync.collect_results(adapter, store, clock, marathon)

    with database.transaction() as cursor:
        cursor.execute("SELECT * FROM ct_results WHERE event_id = %s", (marathon.event_id,))
        comparison = compare(simulator.ground_truth(marathon.provider_event_id), cursor.fetchall())
    assert report.status == "completed"
    assert comparison.differences == ()
    assert comparison.athletes == 300
    adapter.close()
