"""Two providers whose APIs use the same ids: what each is told of its events, and who holds them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from database.connection import Database
from database.store import Store
from providers.errors import CollectedElsewhere
from providers.records import ProviderRace
from tests.integration.builders import LATER, RUN, START, athlete, entry
from tests.integration.two_providers.two_writers import marks


def test_each_sees_its_own_live_events_with_their_own_races_and_collections(pair):
    one, other = pair
    late = ProviderRace(provider_race_id="77", planned_start=START + timedelta(days=3))
    one.save_events(RUN)
    other.save_events(replace(RUN, races=(late,)))
    one.save_results("5", athlete(1))
    other.save_participants("5", entry(1), at=LATER)

    [ours] = one.store.live_events(one.partner, START)
    [theirs] = one.store.live_events(other.partner, START)
    assert (ours.event_id, theirs.event_id) == (one.key("5"), other.key("5"))
    assert (ours.last_collection, ours.last_participant_sync) == (one.at, None)
    assert (theirs.last_collection, theirs.last_participant_sync) == (None, LATER)
    assert (ours.race_starts, theirs.race_starts) == (
        (START + timedelta(hours=1),),
        (START + timedelta(days=3),),
    )
    # The other's late race keeps the other's event only.
    since = START + timedelta(days=2)
    assert one.store.live_events(one.partner, since) == []
    assert one.store.live_events(other.partner, since) == [theirs]


def test_an_event_that_one_has_imported_is_still_to_be_imported_by_the_other(pair):
    one, other = pair
    one.save_past_event(RUN, [entry(1)], [athlete(1)])

    assert one.store.imported_events(one.partner) == {"5"}
    assert one.store.imported_events(other.partner) == set()

    other.save_past_event(RUN, [entry(1)], [athlete(1)])

    assert one.store.imported_events(other.partner) == {"5"}


def test_the_history_tells_the_two_apart(pair):
    for one in pair:
        one.save_events(RUN)
        one.save_results("5", athlete(1))

    rows = pair[0].query(
        "SELECT provider_id, event_id FROM sync_history WHERE sync_type = 'results' ORDER BY sync_history_id"
    )
    assert rows == [{"provider_id": one.partner.provider_id, "event_id": one.key("5")} for one in pair]


def test_an_event_that_one_collects_is_free_for_the_other_in_every_process(pair, dsn):
    one, other = pair
    with (
        closing(Database(dsn)) as database,
        closing(Store(database)) as elsewhere,
        one.store.claim(one.partner, "5"),
        one.store.claim(other.partner, "5"),
    ):
        for held in (one.partner, other.partner):
            with pytest.raises(CollectedElsewhere), elsewhere.claim(held, "5"):
                pass


def test_a_discovery_of_one_does_not_wait_for_the_others(pair):
    one, other = pair

    def meanwhile(_):
        return other.save_events(RUN)

    one.save_events(RUN, account=meanwhile)

    assert marks(one) == {one.key("5"): None, other.key("5"): None}
