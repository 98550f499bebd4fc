"""What the monitor makes of how an event's collections went."""

from __future__ import annotations

from dataclasses import replace

import pytest

from database.event_controls import Pause
from operations.finding import State
from tests.unit.health.readings import (
    HOUR,
    MINUTE,
    NOW,
    PARTNER,
    START,
    found,
    judged,
    kinds,
    reading,
    watched,
)


@pytest.mark.parametrize(("failures", "expected"), [(2, []), (3, [(State.CRITICAL, "ctlive:7:5")])])
def test_three_failures_in_a_row_are_critical(failures, expected):
    event = watched(NOW - MINUTE, failures=failures, failure_reason="503")

    assert found(reading(event)) == expected


def test_of_an_event_only_the_worst_is_said():
    at = NOW + HOUR
    event = watched(NOW, at=at, failures=40, failure_reason="no connection", lateness=99.0)

    [finding] = judged(reading(event, at=at)).findings
    assert str(finding) == "ctlive:7:5: 40 collections failed in a row: no connection"


@pytest.mark.parametrize(
    ("failed", "of", "expected"),
    [
        (20, 40, []),
        (21, 40, [(State.WARNING, "often failing")]),
        # As many as a standard phase has do not make it often.
        (5, 9, []),
        (6, 10, [(State.WARNING, "often failing")]),
    ],
)
def test_more_than_half_of_an_hours_collections_that_fail_are_a_warning(failed, of, expected):
    assert kinds(reading(watched(failures_of_hour=failed, collections_of_hour=of))) == expected


def test_ten_collections_in_a_row_that_were_not_whole_are_a_warning():
    assert kinds(reading(watched(partials=9))) == []
    assert kinds(reading(watched(partials=10))) == [(State.WARNING, "only partial")]
    assert kinds(reading(watched(partials=10)), partial_collections=11) == []


@pytest.mark.parametrize(
    ("minutes", "results", "account", "expected"),
    [
        (59, 0, {"changed_at": None}, []),
        (60, 0, {"changed_at": None}, [(State.WARNING, "no results")]),
        (60, 1, {"changed_at": None}, []),
        # They were all taken away again.
        (60, 0, {}, []),
        # Nobody has entered: there will be none.
        (60, 0, {"changed_at": None, "has_entries": False}, []),
    ],
)
def test_an_event_with_entries_of_which_no_result_was_seen_in_an_hour_of_intensive_collection_is_a_warning(
    minutes, results, account, expected
):
    at = START + 5 * MINUTE + minutes * MINUTE
    event = watched(at, at=at, results=results, **account)

    assert kinds(reading(event, at=at)) == expected
    assert kinds(reading(event, at=at), no_results=2 * HOUR) == []


def test_results_that_have_ended_are_no_finding_nor_are_none_once_the_intensive_phase_is_over():
    over = START + 5 * HOUR + 6 * MINUTE
    without = watched(over, at=over, results=0, changed_at=None)

    assert kinds(reading(watched(changed_at=NOW - 2 * HOUR))) == []
    assert kinds(reading(without, at=over)) == []


def test_an_entry_list_that_could_not_be_read_three_times_in_a_row_is_a_warning():
    assert kinds(reading(watched(entry_failures=2))) == []
    health = judged(reading(watched(entry_failures=3, entry_failure_reason="404")))

    [finding] = health.findings
    assert (finding.state, finding.kind) == (State.WARNING, "entries failing")
    assert "3 times in a row: 404" in finding.what
    assert "--participants" in finding.remedy


@pytest.mark.parametrize(
    "kept_back",
    [
        {"pause": Pause(NOW, "postgres")},
        {"superseded": "61611"},
        {"partner": replace(PARTNER, timing_partner_id=8)},
    ],
    ids=["paused", "superseded", "without credentials"],
)
def test_what_is_kept_from_being_collected_is_not_judged(kept_back):
    at = NOW + 2 * HOUR
    event = watched(NOW, at=at, failures=9, lateness=900.0, **kept_back)

    assert found(reading(event, at=at, last_sign=NOW)) == []
