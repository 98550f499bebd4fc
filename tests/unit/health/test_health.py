"""What the monitor makes of the scheduler, the database and the migrations; and of all together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from database.migrate import Pending
from operations.finding import State
from operations.reading import Reading
from operations.service_unit import ServiceUnit
from tests.unit.health.readings import (
    HOUR,
    MINUTE,
    NOW,
    PARTNER,
    SECOND,
    found,
    judged,
    kinds,
    reading,
    watched,
    written,
)


def test_what_is_as_it_should_be_has_no_findings_and_is_ok():
    health = judged(reading(watched()))

    assert (health.findings, health.state) == ([], State.OK)


def test_the_worst_comes_first_and_each_finding_says_what_to_do():
    partner = replace(PARTNER, failures=3)
    event = watched(NOW - MINUTE, failures=3)
    health = judged(reading(event, partners=[partner]))

    assert [finding.state for finding in health.findings] == [State.CRITICAL, State.WARNING]
    assert health.state is State.CRITICAL
    assert all(finding.remedy for finding in health.findings)


@pytest.mark.parametrize(
    ("silent", "overdue", "expected"),
    [
        (HOUR, -SECOND, []),
        (HOUR, 10 * MINUTE, []),
        (10 * MINUTE, HOUR, []),
        (11 * MINUTE, 11 * MINUTE, [(State.CRITICAL, "service")]),
    ],
)
def test_a_scheduler_without_a_sign_of_life_is_critical_when_something_is_due(silent, overdue, expected):
    partner = replace(PARTNER, discovered_at=NOW - 6 * HOUR - overdue)

    assert found(reading(partners=[partner], last_sign=NOW - silent)) == expected


def test_a_scheduler_that_never_gave_a_sign_is_said_to_be_so():
    partner = replace(PARTNER, tested_at=None, discovered_at=None)
    health = judged(Reading(at=NOW, partners=[partner]))

    [first, *_] = health.findings
    assert (
        str(first)
        == "service: no sign of life ever, while the discovery of partner 7 (Harbour Timing) is due"
    )
    assert "chronotrack-live scheduler" in first.remedy


@pytest.mark.parametrize(
    ("unit", "overdue", "expected"),
    [
        (ServiceUnit("active", "running", 2), HOUR, []),
        (ServiceUnit("active", "running", 4000, 5.0), -HOUR, []),
        (ServiceUnit("reloading", "reload", 0, 900.0), -HOUR, []),
        # It ends again and again, and systemd never gives it up.
        (ServiceUnit("activating", "auto-restart", 4000, 3.0), -HOUR, [(State.CRITICAL, "service")]),
        (ServiceUnit("activating", "start", 4000, 3.0), -HOUR, [(State.CRITICAL, "service")]),
        (ServiceUnit("activating", "start", 0, 59.0), -HOUR, []),
        (ServiceUnit("activating", "start", 0, 61.0), -HOUR, [(State.WARNING, "service")]),
        (ServiceUnit("activating", "start", 0), -HOUR, [(State.WARNING, "service")]),
        (ServiceUnit("deactivating", "stop-sigterm", 0, 61.0), -HOUR, [(State.WARNING, "service")]),
        (ServiceUnit("failed", "failed", 0), -HOUR, [(State.CRITICAL, "service")]),
        (ServiceUnit("inactive", "dead", 0), -HOUR, [(State.WARNING, "service")]),
        (ServiceUnit("inactive", "dead", 0), HOUR, [(State.CRITICAL, "service")]),
    ],
)
def test_a_unit_that_does_not_run_is_a_warning_and_critical_when_it_failed_or_something_is_due(
    unit, overdue, expected
):
    partner = replace(PARTNER, discovered_at=NOW - 6 * HOUR - overdue)

    assert found(reading(partners=[partner], unit=unit)) == expected


def test_a_systemd_that_does_not_answer_is_a_warning():
    [finding] = judged(reading(systemd_away="Failed to connect to bus")).findings

    assert (finding.state, finding.about, finding.kind) == (State.WARNING, "service", "systemd away")
    assert "Failed to connect to bus" in finding.what


def test_a_refused_partner_alone_does_not_make_the_service_silent():
    partner = replace(PARTNER, tested_at=NOW - HOUR, tested_status="failed", tested_category="refused")

    assert kinds(reading(partners=[partner], last_sign=NOW - HOUR)) == [(State.CRITICAL, "refused")]


def test_accounts_of_the_future_are_a_warning_and_a_minute_between_two_clocks_is_none():
    [finding] = judged(reading(ahead=NOW + HOUR)).findings

    assert (finding.state, finding.about, finding.kind) == (State.WARNING, "service", "clock")
    assert f"{NOW + HOUR:%H:%M}" in finding.what
    assert kinds(reading(partners=[replace(PARTNER, **written(NOW + MINUTE))])) == []
    assert kinds(reading(partners=[replace(PARTNER, **written(NOW + HOUR))])) == [(State.WARNING, "clock")]


def test_a_database_that_is_away_is_unknown_whatever_else_there_is():
    unit = ServiceUnit("failed", "failed", 0)
    health = judged(Reading(at=NOW, unit=unit, away="No server answers."))

    assert [finding.about for finding in health.findings] == ["database", "service"]
    assert health.state is State.UNKNOWN


@pytest.mark.parametrize(
    ("applied", "not_migrated", "state"),
    [(4, False, State.WARNING), (4, True, State.CRITICAL), (None, True, State.CRITICAL)],
)
def test_a_pending_migration_is_a_warning_and_critical_when_nothing_can_be_read_without_it(
    applied, not_migrated, state
):
    pending = [Pending("chronotrack_live_schema_extension", 5, applied)]

    assert found(reading(pending=pending, not_migrated=not_migrated)) == [(state, "migrations")]


def test_what_is_missing_although_the_ledger_has_it_is_critical():
    assert found(reading(not_migrated=True)) == [(State.CRITICAL, "migrations")]
