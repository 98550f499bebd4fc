"""What the adapter holds of an event between reading its lists and storing them."""

from __future__ import annotations

import gc
import tracemalloc

from providers.chronotrack_live.simulator.process import SimulatorProcess
from providers.registry import open_adapter
from tests.contract.simulated_api import demo_credentials

BYTES_AN_ATHLETE = 2048


def held(simulator, folder, clock):
    """Return how many athletes an event has, and the bytes that its results and entries take once read."""
    truths = [simulator.ground_truth(event_id) for event_id in simulator.event_ids()]
    marathon = max(truths, key=lambda truth: len(truth["athletes"]))
    event_id = marathon["event_id"]
    adapter = open_adapter("chronotrack_live", demo_credentials(simulator.base_url), folder, clock)
    # What is made once, whatever is read: connections, and what the first poll finds out.
    adapter.get_results(event_id)
    tracemalloc.start()
    try:
        snapshots = adapter.get_results(event_id), adapter.get_participants(event_id)
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        adapter.close()
    assert all(snapshot.complete for snapshot in snapshots)
    return len(marathon["athletes"]), size


def test_an_athlete_with_entry_result_and_eight_splits_takes_two_kilobytes_at_most(
    race_start, tmp_path, clock
):
    sizes = []
    for athletes in (200, 1200):
        with SimulatorProcess(race_start=race_start, athletes=athletes) as simulator:
            sizes.append(held(simulator, tmp_path, clock))

    (few, small), (many, large) = sizes
    assert many - few == 1000
    assert 0 < (large - small) / (many - few) <= BYTES_AN_ATHLETE
