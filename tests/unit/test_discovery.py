"""When a partner's next discovery is due, by what all processes have done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from providers.accounts import DiscoveryAccount
from schedulers.discovery import next_discovery

NOON = datetime(2026, 4, 18, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SIX_HOURS = 6 * HOUR


def due(refused_since=None, **account):
    return next_discovery(DiscoveryAccount(**account), SIX_HOURS, refused_since)


def test_what_was_never_done_is_due_at_once():
    assert due() < NOON - 1000 * HOUR


def test_a_discovery_counts_for_an_interval_whoever_made_it():
    assert due(discovered=NOON) == NOON + SIX_HOURS


def test_one_that_missed_something_counts_for_half_an_hour_until_one_that_did_not():
    assert due(discovered=NOON, missed=NOON) == NOON + 30 * MINUTE
    assert due(discovered=NOON, missed=NOON - HOUR) == NOON + SIX_HOURS
    assert due(discovered=NOON, missed=NOON, failed=NOON + 29 * MINUTE) == NOON + 34 * MINUTE


def test_one_that_failed_counts_for_5_minutes():
    assert due(failed=NOON) == due(failed=NOON, discovered=NOON - SIX_HOURS) == NOON + 5 * MINUTE


def test_one_that_failed_does_not_hasten_the_next():
    assert due(failed=NOON + HOUR, discovered=NOON) == NOON + SIX_HOURS


def test_a_test_without_a_discovery_after_it_does_not_count_whoever_made_it_died():
    assert due(accepted=NOON) == due()


def test_that_anothers_credentials_are_refused_keeps_nobody_from_his_own():
    assert due(refused=NOON, discovered=NOON - SIX_HOURS) == NOON


def test_who_is_refused_is_tested_every_5_minutes_by_one_of_all():
    assert due(refused_since=NOON) == NOON + 5 * MINUTE
    assert due(refused_since=NOON, refused=NOON + 2 * MINUTE) == NOON + 7 * MINUTE
    assert due(refused_since=NOON, failed=NOON + 3 * MINUTE) == NOON + 8 * MINUTE


def test_a_discovery_before_the_refusal_does_not_put_the_next_test_off():
    assert due(refused_since=NOON, discovered=NOON - HOUR, accepted=NOON - HOUR) == NOON + 5 * MINUTE
