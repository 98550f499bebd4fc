"""What is asked of the simulated API about events of the past, before anything of them is read."""

from __future__ import annotations

from contextlib import closing, nullcontext

import pytest

from providers import past_events
from providers.errors import DuplicateEvent, EventArchived
from providers.registry import open_adapter

TEN_MILER, FOUNDERS_MILE, MARATHON = "91497", "91422", "91649"


@pytest.fixture
def open_provider(add_partner, tmp_path, clock):
    """A maker of adapters for a simulated API."""
    opened = []

    def make(simulator):
        credentials = add_partner(base_url=simulator.base_url)
        opened.append(open_adapter("chronotrack_live", credentials, tmp_path, clock))
        return opened[-1]

    yield make
    for adapter in opened:
        adapter.close()


@pytest.fixture
def provider(open_provider, simulator):
    return open_provider(simulator)


@pytest.fixture
def events(provider):
    return {event.provider_event_id: event for event in provider.list_events().records}


def test_all_events_are_listed_in_one_request_without_their_races(provider, events):
    assert provider.budget.used() == 1
    assert {TEN_MILER, FOUNDERS_MILE, MARATHON} <= events.keys()
    assert {event.races for event in events.values()} == {None}


def test_the_races_of_a_chosen_event_are_those_that_the_listing_with_races_has(provider, events):
    [whole] = [e for e in provider.get_events(None, None).records if e.provider_event_id == TEN_MILER]

    assert tuple(provider.get_races(TEN_MILER).records) == whole.races


def test_how_much_an_event_has_is_announced_for_two_small_requests(provider, simulator):
    announced = provider.announced(TEN_MILER)

    assert provider.budget.used() == 2
    assert announced.entries == len(list(provider.get_participants(TEN_MILER).records))
    finishers = [a for a in simulator.ground_truth(TEN_MILER)["athletes"] if a["status"] == "finished"]
    assert announced.result_rows >= len(finishers)


def test_an_api_without_page_headers_announces_nothing(open_provider, start_simulator):
    assert open_provider(start_simulator(variants={"page_headers": "none"})).announced(TEN_MILER) is None


def test_an_archived_event_is_known_before_anything_of_it_is_read(provider, store, clock, events):
    with pytest.raises(EventArchived):
        past_events.look_at_past_event(provider, store, clock, events[FOUNDERS_MILE], nullcontext)


def test_a_duplicate_costs_no_request(provider, store, clock, events, query):
    event = events[TEN_MILER]
    query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
        " VALUES ('61613', %s, %s::timestamptz AT TIME ZONE 'UTC', 1)",
        event.name,
        event.start_time,
    )
    spent = provider.budget.used()

    with pytest.raises(DuplicateEvent):
        past_events.look_at_past_event(provider, store, clock, event, nullcontext)

    assert provider.budget.used() == spent


def test_an_event_that_another_process_imported_meanwhile_is_passed_by_without_an_account(
    provider, store, clock, events, query
):
    first = past_events.import_past_event(provider, store, clock, events[TEN_MILER])
    second = past_events.import_past_event(provider, store, clock, events[TEN_MILER])
    third = past_events.import_past_event(provider, store, clock, events[TEN_MILER], again=True)

    assert [report.status for report in (first, second, third)] == ["completed", "skipped", "completed"]
    assert "imported by another process meanwhile" in str(second.error)
    assert query("SELECT count(*) AS n FROM sync_history WHERE sync_type = 'backfill'") == [{"n": 2}]


def test_an_event_with_a_race_of_the_last_72_hours_is_the_schedulers(provider, store, clock, events):
    report = past_events.import_past_event(provider, store, clock, events[MARATHON])

    assert report.status == "skipped"
    assert "the scheduler collects it" in str(report.error)


def test_an_event_is_let_in_with_what_it_announces_and_held_until_it_is_stored(
    provider, store, clock, events, query
):
    said = []

    def admit(announced):
        said.append(announced)
        return closing(Leaving())

    class Leaving:
        def close(self):
            said.append(query("SELECT count(*) AS n FROM ct_results")[0]["n"])

    past_events.import_past_event(provider, store, clock, events[TEN_MILER], admit=admit)

    announced, stored = said
    assert announced == provider.announced(TEN_MILER)
    assert stored > 0
