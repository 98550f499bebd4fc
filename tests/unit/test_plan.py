"""Which events of the past are imported."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backfill.options import scope_of
from backfill.plan import Skip, plan_import
from providers.errors import SettingsInvalid
from providers.records import ProviderEvent

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def scope(**asked):
    given = {"days": None, "since": None, "until": None, "event_ids": (), "again": False}
    return scope_of(NOW, **(given | asked))


def offered(**days_ago):
    return [
        ProviderEvent(provider_event_id=name, name=name, start_time=NOW - timedelta(days=days))
        for name, days in days_ago.items()
    ]


def planned(events, imported=frozenset(), **asked):
    plan = plan_import(events, imported, scope(**asked))
    return [event.provider_event_id for event in plan.chosen]


def left_out(events, imported=frozenset(), **asked):
    plan = plan_import(events, imported, scope(**asked))
    return {left.event.provider_event_id: left.skip for left in plan.left_out}


def test_the_last_365_days_are_imported_the_latest_first():
    assert planned(offered(old=364, older=366, recent=4, live=2)) == ["recent", "old"]


def test_what_was_imported_is_not_imported_again():
    assert planned(offered(a=10, b=20), imported={"a"}) == ["b"]


def test_what_was_imported_is_imported_again_when_that_is_asked_for():
    assert planned(offered(a=10, b=20), imported={"a"}, again=True) == ["a", "b"]


def test_unpublished_events_and_events_without_a_start_are_left_out():
    start = NOW - timedelta(days=10)
    events = [
        ProviderEvent(provider_event_id="1", name="hidden", start_time=start, is_published=False),
        ProviderEvent(provider_event_id="2", name="timeless"),
    ]

    assert planned(events) == []
    assert left_out(events) == {"1": Skip.UNPUBLISHED, "2": Skip.TIMELESS}


def test_what_is_left_out_has_its_reason():
    events = offered(old=364, older=366, recent=4, live=2)

    assert left_out(events, imported={"old"}) == {
        "old": Skip.IMPORTED,
        "older": Skip.OUTSIDE,
        "live": Skip.RECENT,
    }


def test_an_event_that_ended_within_72_hours_is_the_schedulers_whenever_it_began():
    [long] = offered(long=10)
    long = replace(long, end_time=NOW - timedelta(hours=71))

    assert left_out([long]) == {"long": Skip.RECENT}


def test_days_and_bounds_say_which_events_count():
    events = offered(a=10, b=20, c=400)
    ago = {days: NOW - timedelta(days=days) for days in (15, 500)}

    assert planned(events, days=15) == ["a"]
    assert planned(events, since=ago[500]) == ["a", "b", "c"]
    assert planned(events, until=ago[15]) == ["b"]
    assert planned(events, since=ago[500], until=ago[15]) == ["b", "c"]


def test_events_that_are_named_are_the_only_ones_and_may_be_of_any_age():
    events = offered(a=10, b=20, c=900)

    assert planned(events, event_ids=("c",)) == ["c"]
    assert left_out(events, event_ids=("c",)) == {}
    assert planned(events, event_ids=("c",), days=365) == []


def test_an_event_that_is_listed_twice_is_imported_once():
    assert planned([*offered(a=10), *offered(a=10)]) == ["a"]


@pytest.mark.parametrize(
    "asked",
    [
        {"days": 3, "since": NOW},
        {"days": 3, "until": NOW},
        {"days": 3},
        {"since": NOW - timedelta(days=5), "until": NOW - timedelta(days=6)},
        {"since": NOW + timedelta(days=5)},
        {"until": NOW - timedelta(days=366)},
    ],
)
def test_bounds_that_leave_nothing_are_refused(asked):
    with pytest.raises(SettingsInvalid, match="--since"):
        scope(**asked)


def test_a_paused_event_is_left_out_with_that_reason_unless_it_is_named_or_all_is_forced():
    def reasons(**asked):
        plan = plan_import(offered(a=10, b=20), set(), scope(**asked), paused={"a"})
        return {left.event.provider_event_id: left.skip for left in plan.left_out}

    assert reasons() == {"a": Skip.PAUSED}
    assert reasons(event_ids=["a"]) == {}
    assert reasons(again=True) == {}
