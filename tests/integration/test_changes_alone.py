"""Of a poll whose predecessor was stored, only what changed is stored; the hub is as if all of it were."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from database.store import Store
from providers import sync
from providers.chronotrack_live import fingerprints
from providers.clock import Clock
from providers.registry import open_adapter
from tests.integration.result_lists import START, finish


@pytest.fixture
def collected(store, clock, query):
    """Polls the event's results with an adapter and a store; returns what is kept of them, by entry."""

    def collect(adapter, into=store):
        [event] = into.live_events(adapter.credentials, START - timedelta(hours=1))
        report = sync.collect_results(adapter, into, clock, event)
        assert report.error is None
        return {row["provider_result_id"]: row for row in query("SELECT * FROM ct_results")}

    return collect


@pytest.fixture
def poll(adapter, store, clock, collected):
    """The same with the one adapter."""
    sync.discover_events(adapter, store, clock)
    return lambda: collected(adapter)


@pytest.fixture
def offered(adapter):
    """What the next reading of the event offers as changes: ids that changed, and ids that did not."""

    def read():
        changes = adapter.get_results("5").changes
        if changes is None:
            return None
        changed = sorted(result.provider_result_id for result in changes.records)
        return changed, sorted(changes.unchanged)

    return read


def test_the_first_reading_is_told_in_full_and_the_next_by_its_changes(api, poll, offered):
    assert offered() is None
    poll()
    assert offered() == ([], ["1", "2"])
    api.lists["ALL"][1]["results_time"] = "00:41:00.000"
    assert offered() == (["2"], ["1"])


def test_what_was_read_but_not_stored_is_told_again(api, poll, offered):
    poll()
    api.lists["ALL"][1]["results_time"] = "00:41:00.000"
    offered()

    assert offered() == (["2"], ["1"])


def test_an_unchanged_poll_counts_all_of_its_results_and_writes_none(adapter, store, clock, poll, query):
    poll()
    [event] = store.live_events(adapter.credentials, START - timedelta(hours=1))

    report = sync.collect_results(adapter, store, clock, event)

    assert (report.status, report.seen, report.written) == ("completed", 2, 0)
    assert report.statistics["results"] == 2
    assert {row["result_status"] for row in query("SELECT * FROM ct_results")} == {"finished"}


def test_what_another_process_stored_in_between_is_compared_in_full(
    api, adapter, poll, collected, daemon_database, clock, tmp_path
):
    poll()
    api.lists["ALL"][0]["results_first_name"] = "Grace"
    with (
        closing(open_adapter("chronotrack_live", adapter.credentials, tmp_path / "b", clock)) as others,
        closing(Store(daemon_database)) as their_store,
    ):
        assert collected(others, their_store)["1"]["results_first_name"] == "Grace"
    del api.lists["ALL"][0]["results_first_name"]

    # For this process it is as it was, and the hub is not.
    assert poll()["1"]["results_first_name"] is None


def test_a_place_that_goes_after_its_list_failed_goes_from_the_hub(api, poll):
    assert poll()["2"]["gender_place"] == 1
    api.failing["SEX"] = 500
    assert poll()["2"]["gender_place"] == 1
    del api.failing["SEX"]
    api.lists["SEX"] = [finish(1, 1)]

    assert poll()["2"]["gender_place"] is None


def test_an_athlete_who_is_gone_from_two_readings_is_removed_and_the_others_are_not(api, poll):
    api.lists["ALL"].append(finish(3, 3))
    poll()
    gone = api.lists["ALL"].pop(1)
    poll()

    kept = poll()

    assert {entry: row["result_status"] for entry, row in kept.items()} == {
        "1": "finished", "2": "removed", "3": "finished",
    }  # fmt: skip
    api.lists["ALL"].insert(1, gone)
    assert poll()["2"]["result_status"] == "finished"


def test_a_name_of_an_interval_that_is_corrected_is_corrected_for_everybody(api, poll):
    def passing(entry, name):
        interval = {"results_interval_id": "2", "results_interval_name": name, "results_interval_full": "0"}
        return finish(entry, 1, **interval)

    finishes = list(api.lists["ALL"])
    api.lists["ALL"] = [*finishes, passing(1, "5K"), passing(2, "5K")]
    poll()
    api.lists["ALL"] = [*finishes, passing(1, "5 km"), passing(2, "5 km")]

    kept = poll()

    assert [row["split_times"][0]["name"] for row in kept.values()] == ["5 km", "5 km"]


def test_what_somebody_else_changed_in_the_hub_is_put_right_by_the_next_full_comparison(
    poll, query, monkeypatch
):
    poll()
    query("UPDATE ct_results SET results_time = NULL WHERE provider_result_id = '1'")
    assert poll()["1"]["results_time"] is None

    monkeypatch.setattr(fingerprints, "_TRUSTED", 0.0)

    assert poll()["1"]["results_time"] is not None


def test_an_athlete_whose_id_is_too_long_for_its_column_stays(api, poll):
    api.lists["ALL"].append(finish("x" * 101, 3))

    assert [len(poll()) for _ in range(4)] == [3, 3, 3, 3]
    assert {row["result_status"] for row in poll().values()} == {"finished"}


def test_a_row_that_another_event_had_meanwhile_comes_back(poll, query):
    poll()
    query("INSERT INTO ct_events (event_id, event_name) VALUES ('ctlive:1:6', 'Harbour Walk')")
    query("UPDATE ct_results SET event_id = 'ctlive:1:6' WHERE provider_result_id = '1'")
    poll()

    assert poll()["1"]["event_id"] == "ctlive:1:5"


def test_a_row_that_somebody_else_marked_as_removed_comes_back(poll, query):
    poll()
    query("UPDATE ct_results SET result_status = 'removed' WHERE provider_result_id = '1'")
    poll()

    assert poll()["1"]["result_status"] == "finished"


def test_what_a_process_stored_whose_clock_is_behind_is_compared_in_full(
    api, adapter, poll, collected, daemon_database, clock, tmp_path
):
    poll()
    api.lists["ALL"][0]["results_first_name"] = "Grace"
    behind = Clock.running(datetime.now(UTC), (clock.now() - timedelta(seconds=50), 1.0))
    [event] = Store(daemon_database).live_events(adapter.credentials, START - timedelta(hours=1))
    with (
        closing(open_adapter("chronotrack_live", adapter.credentials, tmp_path / "b", behind)) as others,
        closing(Store(daemon_database)) as their_store,
    ):
        sync.collect_results(others, their_store, behind, event)
    del api.lists["ALL"][0]["results_first_name"]

    assert poll()["1"]["results_first_name"] is None


def test_a_rejected_row_that_came_in_well_goes_from_the_list_of_rejected_ones(api, poll, query):
    again = finish(1, 9, results_interval_id="9")
    api.lists["ALL"].append(again)
    api.announced["ALL"] = 7
    poll()
    assert len(query("SELECT * FROM ct_live_rejected_rows")) == 1
    api.lists["ALL"].remove(again)
    poll()

    poll()

    assert query("SELECT * FROM ct_live_rejected_rows") == []
