"""What people are told of what the monitor finds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from database.migrate import Pending
from database.monitoring import RejectedCount
from operations.notices import look_of
from operations.reading import Reading
from operations.service_unit import ServiceUnit
from tests.unit.health.readings import HOUR, NOW, PARTNER, SECOND, judged, reading, watched

LABEL = "partner 7 (Harbour Timing)"
ASIDE = {f"{LABEL}: set aside", f"{LABEL}: shown twice"}
EVENT = "ctlive:7:5"
HOUSE = {"service", "database", "migrations", "partners"}


def look(read):
    return look_of(judged(read))


def standing(read):
    return [(concern.subject, concern.kind) for concern in look(read).concerns]


def test_where_all_is_well_everything_was_judged_and_nothing_stands():
    seen = look(reading(watched()))

    assert (seen.at, list(seen.concerns), seen.judged) == (NOW, [], {*HOUSE, LABEL, *ASIDE, EVENT})


@pytest.mark.parametrize("failures", [3, 4, 50])
def test_an_event_that_fails_once_more_is_the_same_concern(failures):
    [concern] = look(reading(watched(failures=failures, failure_reason="No connection."))).concerns

    assert (concern.subject, concern.kind) == (EVENT, "failing")
    assert (concern.label, str(failures) in concern.what) == (EVENT, True)
    assert f"events collect {EVENT}" in concern.remedy


@pytest.mark.parametrize("late", [226, 300])
def test_an_event_that_is_later_still_is_the_same_concern(late):
    at = NOW + late * SECOND

    assert standing(reading(watched(NOW, at=at), at=at)) == [(EVENT, "late")]


def test_an_event_that_becomes_critical_is_another_concern_of_the_same_subject():
    at = NOW + 361 * SECOND

    assert standing(reading(watched(NOW, at=at), at=at)) == [(EVENT, "not collected")]


def test_a_refused_partner_is_a_concern_and_his_events_are_neither_well_nor_ill():
    refused = replace(PARTNER, tested_at=NOW, tested_status="failed", tested_category="refused")
    read = reading(watched(partner=refused, failures=9), partners=[refused])

    assert standing(read) == [(LABEL, "refused")]
    assert EVENT not in look(read).judged


def test_rows_that_are_set_aside_for_weeks_keep_no_partner_from_being_well():
    read = reading(rejected=[RejectedCount(7, "result", 2, 2, NOW)])

    assert standing(read) == [(f"{LABEL}: set aside", "set aside")]
    assert LABEL in look(read).judged


def test_while_the_database_is_away_nothing_is_known_of_what_it_holds():
    seen = look(Reading(at=NOW, away="No server answers."))

    assert [(concern.subject, concern.kind) for concern in seen.concerns] == [("database", "away")]
    assert seen.judged == {"database"}


def test_a_database_without_the_extension_says_nothing_of_partners():
    seen = look(reading(pending=[Pending("chronotrack_live_schema_extension", 5, None)], not_migrated=True))

    assert [concern.subject for concern in seen.concerns] == ["migrations"]
    assert seen.judged == HOUSE - {"partners", "service"}


def test_a_service_that_stops_and_then_is_silent_is_told_of_twice():
    unit = ServiceUnit("failed", "failed", 0)
    partner = replace(PARTNER, discovered_at=NOW - 7 * HOUR)

    assert standing(reading(partners=[partner], unit=unit)) == [("service", "failed")]
    assert standing(reading(partners=[partner], unit=unit, last_sign=NOW - HOUR)) == [
        ("service", "failed"),
        ("service", "silent"),
    ]
