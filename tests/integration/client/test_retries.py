"""What the adapter asks for again, how often, and what it gives up."""

from __future__ import annotations

import sqlite3

import pytest

from providers import statistics
from providers.errors import IntegrationError, ServerFailed, TooManyRequests
from tests.integration.client.conftest import ENTRIES, page


@pytest.mark.parametrize(
    ("status", "category"), [(429, "rate_limited"), (500, "server_error"), (503, "server_error")]
)
def test_what_may_go_well_later_is_repeated_after_the_wait_that_was_asked_for(
    httpserver, adapter, status, category
):
    for _ in range(2):
        httpserver.expect_ordered_request(ENTRIES).respond_with_data(
            "later", status=status, headers={"Retry-After": "0"}
        )
    httpserver.expect_ordered_request(ENTRIES).respond_with_response(page([{"entry_id": "1"}]))

    with statistics.measured() as counted:
        [participant] = adapter.get_participants("77").records
    assert participant.provider_participant_id == "1"
    assert (counted.requests, counted.as_dict()["retries"]) == (3, {category: 2})


def test_what_never_goes_well_is_given_up_after_five_tries(httpserver, adapter):
    httpserver.expect_request(ENTRIES).respond_with_data("", status=503, headers={"Retry-After": "0"})
    with pytest.raises(ServerFailed):
        adapter.get_participants("77")
    assert len(httpserver.log) == 5


def test_a_wait_beyond_what_a_collection_has_is_not_begun(httpserver, adapter):
    httpserver.expect_request(ENTRIES).respond_with_data("", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(TooManyRequests):
        adapter.get_participants("77")
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("status", [200, 302, 404, 418])
def test_what_will_not_go_well_is_asked_once(httpserver, adapter, status):
    httpserver.expect_request(ENTRIES).respond_with_data("no", status=status)
    with pytest.raises(IntegrationError):
        adapter.get_participants("77")
    assert len(httpserver.log) == 1


def test_every_try_is_taken_from_the_budget(httpserver, adapter, tmp_path):
    httpserver.expect_request(ENTRIES).respond_with_data("", status=503, headers={"Retry-After": "0"})
    with pytest.raises(ServerFailed):
        adapter.get_participants("77")

    account = sqlite3.connect(tmp_path / "test.sqlite")
    assert account.execute("SELECT count(*) FROM requests").fetchone() == (5,)
    account.close()


def test_an_event_whose_races_cannot_be_read_stands_without_them(httpserver, adapter):
    events = [
        {"event_id": str(n), "event_name": f"Mile {n}", "event_start_time": "1761469200"} for n in (1, 2)
    ]
    httpserver.expect_request("/api/event").respond_with_json({"event": events})
    httpserver.expect_request("/api/event/1/race").respond_with_data("<html>")
    httpserver.expect_request("/api/event/2/race").respond_with_json({"event_race": [{"race_id": "51"}]})
    snapshot = adapter.get_events(None, None)
    first, second = snapshot.records
    assert first.races is None
    assert snapshot.complete is False
    assert [race.provider_race_id for race in second.races] == ["51"]
