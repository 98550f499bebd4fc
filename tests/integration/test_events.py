"""Live events, read back with what the windows ask about; past ones, known as imported."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from providers.records import ProviderRace
from tests.integration.builders import LATER, RUN, START, athlete, entry, versions

# Live -------------------------------------------------------------------------------------------------


def test_a_live_event_is_read_back_with_what_the_windows_ask_about(run):
    run.save_results("5", athlete(1), at=LATER)
    run.save_participants("5", entry(1), at=LATER + timedelta(seconds=1))

    [event] = run.store.live_events(run.partner, START)

    assert (event.event_id, event.provider_event_id, event.name) == (run.key("5"), "5", "Harbour Run")
    assert (event.start_time, event.end_time) == (START, START + timedelta(hours=8))
    assert event.race_starts == (START + timedelta(hours=1),)
    assert event.last_collection == LATER
    assert event.last_participant_sync == LATER + timedelta(seconds=1)
    assert not event.superseded


@pytest.mark.parametrize("shape", ["run", "run_c"])
def test_events_are_read_back_from_an_instant_on_in_order_of_start(request, shape):
    hub = request.getfixturevalue(shape)
    hub.save_events(
        replace(
            RUN,
            provider_event_id="1",
            name="Old",
            start_time=START - timedelta(days=9),
            end_time=None,
            races=(),
        ),
        replace(RUN, provider_event_id="2", name="Long", start_time=START - timedelta(days=8)),
        replace(RUN, provider_event_id="3", name="Next", start_time=START + timedelta(days=8), end_time=None),
        replace(RUN, provider_event_id="4", name="Sometime", start_time=None, end_time=None, races=()),
    )

    names = [event.name for event in hub.store.live_events(hub.partner, START)]

    assert names == ["Long", "Harbour Run", "Next"]


def test_an_event_whose_last_race_starts_late_stays_in_view_for_it(hub):
    sunday = START + timedelta(days=2)
    races = (
        ProviderRace(provider_race_id="1", planned_start=START),
        ProviderRace(provider_race_id="2", planned_start=sunday),
    )
    hub.save_events(replace(RUN, end_time=None, races=races))

    [event] = hub.store.live_events(hub.partner, START + timedelta(days=1))

    assert event.race_starts == (START, sunday)
    assert hub.store.live_events(hub.partner, sunday + timedelta(seconds=1)) == []


def test_a_past_event_is_stored_whole_and_known_as_imported(hub):
    report = hub.save_past_event(RUN, [entry(1), entry(2)], [athlete(1)])

    assert (report.seen, report.written) == (3, 5)
    assert (report.statistics["participants"], report.statistics["results"]) == (2, 1)
    assert hub.store.imported_events(hub.partner) == {"5"}
    [row] = hub.query("SELECT * FROM sync_history")
    assert (row["sync_type"], row["participants_synced"], row["results_synced"]) == ("backfill", 2, 1)


def test_an_event_that_was_only_collected_is_not_known_as_imported(run):
    run.save_results("5", athlete(1))

    assert run.store.imported_events(run.partner) == set()


def test_a_past_event_imported_again_writes_nothing(hub):
    hub.save_past_event(RUN, [entry(1)], [athlete(1)])
    before = versions(hub.query)

    assert hub.save_past_event(RUN, [entry(1)], [athlete(1)], at=LATER).written == 0
    assert versions(hub.query) == before
