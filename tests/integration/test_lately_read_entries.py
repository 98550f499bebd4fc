"""The entry list that participants were just read from tells the statuses as well: it is not read twice."""

from __future__ import annotations

import pytest

from providers.chronotrack_live import event_memory
from tests.integration.result_lists import finish


@pytest.fixture
def statuses(adapter):
    """Reads the event's results and returns their statuses, by entry."""

    def read():
        return {result.provider_result_id: result.status for result in adapter.get_results("5").records}

    return read


def test_participants_and_results_together_take_one_reading_of_the_entry_list(api, adapter, statuses):
    api.lists["entry"][1]["entry_status"] = "DQ"
    adapter.get_participants("5")
    api.asked.clear()

    assert statuses() == {"1": "finished", "2": "dq"}
    assert "entry" not in api.asked


def test_only_the_first_poll_goes_by_the_list_of_the_participants(api, adapter, statuses):
    adapter.get_participants("5")
    statuses()
    api.lists["entry"][1]["entry_status"] = "DQ"

    assert statuses() == {"1": "finished", "2": "dq"}


def test_a_result_of_somebody_who_was_entered_since_has_the_list_read_again(api, adapter, statuses):
    adapter.get_participants("5")
    api.lists["entry"].append({"entry_id": "3", "entry_status": "DNF"})
    api.lists["ALL"].append(finish(3, 3))

    assert statuses()["3"] == "dnf"


def test_a_list_that_moved_while_it_was_read_is_read_again(api, adapter, statuses):
    api.announced["entry"] = 3
    adapter.get_participants("5")
    del api.announced["entry"]
    api.lists["entry"][1]["entry_status"] = "DQ"

    assert statuses()["2"] == "dq"


def test_a_list_that_was_read_a_while_ago_is_read_again(api, adapter, statuses, monkeypatch):
    adapter.get_participants("5")
    monkeypatch.setattr(event_memory, "_LATELY", -1.0)
    api.lists["entry"][1]["entry_status"] = "DQ"

    assert statuses()["2"] == "dq"
