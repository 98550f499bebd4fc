"""The benchmark of a whole weekend, with a few events: that the scheduler does each thing when it is due."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from providers.records import StoredEvent
from schedulers.settings import SchedulerSettings
from tests.acceptance.conftest import ROOT
from tests.benchmarks.weekend_checks import Collections, Rules
from tests.benchmarks.weekend_clock import RaceClock
from tests.benchmarks.weekend_knowledge import Done, Known, due_instants

# One event of each kind, and windows that are over soon.
SHORT = {
    "CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS": "4320",
    "CHRONOTRACK_LIVE_INITIAL_DELAY_MINUTES": "0",
    "CHRONOTRACK_LIVE_INTENSIVE_DURATION_HOURS": "3",
    "CHRONOTRACK_LIVE_STANDARD_INTERVAL_HOURS": "3",
    "CHRONOTRACK_LIVE_MAX_COLLECTION_HOURS": "6",
}


def test_the_benchmark_of_a_weekend_looks_at_everything_that_was_to_be_done(weekend_state, tmp_path):
    report = tmp_path / "weekend.md"
    command = [sys.executable, "-m", "tests.benchmarks.weekend"]

    done = subprocess.run(
        [*command, "--partners", "2", "--events", "6", "--report", str(report)],
        env=os.environ | SHORT | {"CHRONOTRACK_LIVE_STATE": str(weekend_state)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )

    # 1 says that something was not done when it was due, which a busy machine may bring about on a clock that
    # runs so fast; without a report it says that the benchmark broke.
    assert done.returncode in (0, 1), done.stdout + done.stderr
    text = report.read_text(encoding="utf-8")
    checks = re.findall(r"^\| (.*) \| ([\d,]+) \| [\d,]+ \|$", text, re.MULTILINE)
    assert len(checks) >= 9
    # None of them had nothing to look at.
    assert all(times != "0" for _, times in checks)


GUN = datetime(2026, 5, 2, 12, tzinfo=UTC)
FOUND, END = GUN - timedelta(hours=1), GUN + timedelta(days=4)
SETTINGS = SchedulerSettings.from_env({})
RULES = Rules(SETTINGS, RaceClock(FOUND, ((FOUND, 1.0),)), timedelta(seconds=10), END)
EVENT = StoredEvent(
    event_id="ctlive:1:1", timing_partner_id=1, provider_event_id="1", name="Run", start_time=GUN
)


def collected(planned, late=timedelta(seconds=2)):
    return [
        Done(number, 1, EVENT.event_id, "results", at + late, at, "completed", 0, None)
        for number, at in enumerate(planned)
    ]


def faults(rows, found=FOUND):
    collections = Collections(RULES)
    collections.look_at([Known(EVENT, found, found + timedelta(seconds=5), END, END)], rows)
    return {check.what.partition(" ")[0]: len(check.faults) for check in collections.checks if check.faults}


@pytest.fixture
def rows():
    offset = timedelta(seconds=3)
    return collected(due + offset for due in due_instants(EVENT, SETTINGS.windows))


def test_a_weekend_without_fault_has_200_collections_in_five_hours_and_68_after_them(rows):
    assert len(rows) == 200 + 68
    assert faults(rows) == {}


def test_a_collection_that_is_missing_is_a_fault(rows):
    assert faults(rows[:150] + rows[151:]) == {"Every": 1}


def test_a_second_collection_for_an_instant_is_a_fault(rows):
    again = replace(rows[150], at=rows[150].at + timedelta(seconds=1))
    assert faults([*rows[:151], again, *rows[151:]]) == {"Every": 1, "An": 1}


def test_a_collection_after_the_window_is_a_fault(rows):
    assert faults(rows + collected([GUN + timedelta(hours=73)])) == {"No": 1}


def test_a_collection_between_two_instants_is_a_fault(rows):
    between = collected([rows[150].planned + timedelta(seconds=40)])
    assert faults([*rows[:151], *between, *rows[151:]]) == {"No": 1}


def test_collections_in_another_order_are_a_fault(rows):
    assert faults([*rows[:150], rows[151], rows[150], *rows[152:]]) == {"An": 1}


def test_an_event_that_is_found_late_and_not_collected_at_once_is_a_fault(rows):
    found = rows[150].at + timedelta(seconds=10)
    at_once = replace(rows[150], at=found + timedelta(seconds=2))
    assert faults([at_once, *rows[151:]], found) == {}
    assert faults(rows[151:], found) == {"An": 1}
