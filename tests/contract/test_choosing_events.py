"""What every provider says to somebody who is to choose among its events, whoever wrote the adapter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.errors import EventArchived, IntegrationError, NotFound
from providers.readings import Announced


def test_the_events_to_choose_from_are_those_that_are_listed_with_all_about_them(adapter):
    # Races, and what comes with them, may be left for later.
    def bare(events):
        found = (replace(event, races=None) for event in events)
        return sorted(found, key=lambda event: event.provider_event_id)

    offered = list(adapter.list_events().records)
    listed = list(adapter.get_events(None, None).records)

    named = {event.provider_event_id for event in listed}
    assert bare(event for event in offered if event.provider_event_id in named) == bare(listed)


def test_races_that_were_left_for_later_can_be_had_and_no_others(adapter, offer):
    [chosen] = [e for e in adapter.list_events().records if e.provider_event_id == offer.finished_event]
    [listed] = [
        e for e in adapter.get_events(None, None).records if e.provider_event_id == offer.finished_event
    ]

    if chosen.races is None:
        assert tuple(adapter.get_races(offer.finished_event).records) == listed.races
    else:
        assert chosen.races == listed.races
        with pytest.raises(NotFound, match=offer.finished_event):
            adapter.get_races(offer.finished_event)


def test_what_an_event_is_announced_to_have_it_has(adapter, offer):
    announced = adapter.announced(offer.finished_event)

    if announced is not None:
        assert announced.entries == len(offer.participants)
        assert announced.result_rows >= len(offer.results)


def what_is_announced(adapter, event_id):
    """What an adapter answers, or the error that it raises."""
    try:
        return adapter.announced(event_id)
    except IntegrationError as error:
        return error


def test_an_event_that_is_locked_away_is_known_to_be_so_or_announces_nothing(adapter, offer):
    announced = what_is_announced(adapter, offer.archived_event)

    assert announced is None or isinstance(announced, EventArchived)


def test_an_event_that_nobody_knows_announces_nothing(adapter, offer):
    announced = what_is_announced(adapter, offer.unknown_event)

    # Some APIs answer with an empty list for what they do not know.
    assert announced in (None, Announced(0, 0)) or isinstance(announced, IntegrationError)
