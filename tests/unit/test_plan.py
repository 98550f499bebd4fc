"""Which events of the past are imported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from backfill.plan import DEFAULT_SPAN, plan_import
from providers.records import ProviderEvent

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def offered(**days_ago):
    return [
        ProviderEvent(provider_event_id=name, name=name, start_time=NOW - timedelta(days=days))
        for name, days in days_ago.items()
    ]


def planned(events, imported=frozenset()):
    chosen = plan_import(events, imported, NOW - DEFAULT_SPAN, NOW - timedelta(days=3))
    return [event.provider_event_id for event in chosen]


def test_the_last_365_days_are_imported_the_latest_first():
    assert planned(offered(old=364, older=366, recent=4, live=2)) == ["recent", "old"]


def test_what_was_imported_is_not_imported_again():
    assert planned(offered(a=10, b=20), imported={"a"}) == ["b"]


def test_unpublished_events_and_events_without_a_start_are_left_out():
    start = NOW - timedelta(days=10)
    events = [
        ProviderEvent(provider_event_id="1", name="hidden", start_time=start, is_published=False),
        ProviderEvent(provider_event_id="2", name="timeless"),
    ]

    assert planned(events) == []
