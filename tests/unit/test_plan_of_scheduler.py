"""What will be collected when, laid out ahead."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schedulers.plan
from providers.records import StoredEvent
from schedulers.plan import Run, collections, discoveries, entry_lists
from schedulers.windows import next_collection

START = datetime(2026, 4, 18, 8, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NINETY = timedelta(seconds=90)


def event(**fields):
    return StoredEvent(
        event_id="ctlive:1:5",
        timing_partner_id=1,
        provider_event_id="5",
        name="Harbour Run",
        **({"start_time": START} | fields),
    )


def test_a_race_is_an_intensive_run_a_standard_one_and_the_last_instant_of_its_window():
    assert collections(event(), START - HOUR, START + 100 * HOUR) == [
        Run("intensive", START + 5 * MINUTE, START + 5 * HOUR + 3.5 * MINUTE, 200, NINETY),
        Run("standard", START + 5 * HOUR + 5 * MINUTE, START + 72 * HOUR, 68, HOUR),
    ]


def test_only_what_lies_within_the_hours_asked_for_is_planned_both_ends_included():
    first = START + 5 * MINUTE

    assert collections(event(), START, first - timedelta.resolution) == []
    assert collections(event(), START, first) == [Run("intensive", first, first, 1, NINETY)]


def test_what_is_overdue_is_planned_at_once_and_once():
    now = START + 10 * MINUTE + timedelta(seconds=7)

    [run] = collections(event(), now, now + 2 * MINUTE)

    assert run == Run("intensive", now, START + 11 * MINUTE, 2, NINETY)


def test_races_on_two_days_have_an_intensive_run_each():
    of_two_days = event(race_starts=(START, START + 24 * HOUR))

    assert [run.what for run in collections(of_two_days, START, START + 200 * HOUR)] == [
        "intensive",
        "standard",
        "intensive",
        "standard",
    ]


@pytest.mark.parametrize("fields", [{"superseded": True}, {"start_time": None}])
def test_what_is_not_collected_is_not_planned(fields):
    assert collections(event(**fields), START, START + 9 * HOUR) == []


def test_an_entry_list_is_read_daily_before_the_start_and_every_6_hours_from_it_on():
    known = event(end_time=START + 8 * HOUR, last_participant_sync=START - 60 * HOUR)

    assert entry_lists(known, START - 50 * HOUR, START + 100 * HOUR) == [
        Run("entry list", START - 36 * HOUR, START - 12 * HOUR, 2, 24 * HOUR),
        Run("entry list", START, START + 6 * HOUR, 2, 6 * HOUR),
    ]


def test_an_entry_list_that_was_never_read_is_read_at_once():
    now = START - 2 * HOUR

    assert entry_lists(event(), now, now + HOUR) == [Run("entry list", now, now, 1, 24 * HOUR)]


def test_a_scheduler_that_starts_makes_a_discovery_at_once_and_then_one_an_interval():
    assert discoveries(START, START + 13 * HOUR, 6 * HOUR) == [
        Run("discovery", START, START + 12 * HOUR, 3, 6 * HOUR)
    ]
    assert discoveries(START, START + HOUR, 6 * HOUR) == [Run("discovery", START, START, 1, 6 * HOUR)]


def test_a_collection_that_failed_is_planned_for_its_next_try():
    failed = event(last_failure=START + 10 * HOUR + 5 * MINUTE, last_collection=START + 9 * HOUR)
    again = START + 10 * HOUR + 10 * MINUTE

    [run] = collections(failed, START + 10 * HOUR + 6 * MINUTE, START + 11 * HOUR + 5 * MINUTE)

    assert run == Run("standard", again, START + 11 * HOUR + 5 * MINUTE, 2, HOUR)


def test_a_last_collection_that_failed_is_planned_once_more():
    failed = event(last_failure=START + 72 * HOUR, last_collection=START + 71 * HOUR)

    [run] = collections(failed, START + 80 * HOUR, START + 100 * HOUR)

    assert run == Run("standard", START + 80 * HOUR, START + 80 * HOUR, 1, HOUR)


@given(
    at=st.timedeltas(-10 * HOUR, 80 * HOUR).map(START.__add__),
    ahead=st.timedeltas(timedelta(0), 30 * HOUR),
    collected=st.none() | st.timedeltas(-10 * HOUR, 80 * HOUR).map(START.__add__),
    second=st.none() | st.timedeltas(MINUTE, 40 * HOUR).map(START.__add__),
)
def test_the_plan_counts_just_the_collections_that_a_daemon_would_make(at, ahead, collected, second):
    of = event(race_starts=(START,) if second is None else (START, second), last_collection=collected)
    done, last, now = [], collected, at
    while (due := next_collection(of, last, now)) is not None and max(due, now) <= at + ahead:
        last = now = max(due, now)
        done.append(now)

    planned = collections(of, at, at + ahead)

    assert sum(run.count for run in planned) == len(done)
    assert {run.first for run in planned} | {run.last for run in planned} <= set(done)
    assert all(run.first <= run.last for run in planned)
    assert all(one.last < following.first for one, following in pairwise(planned))


def test_the_plan_has_neither_clock_nor_network_nor_database():
    tree = ast.parse(Path(schedulers.plan.__file__).read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name for name in modules if name.startswith(("providers", "database", "schedulers"))} == {
        "providers.records",
        "schedulers.windows",
    }
    assert not any(getattr(node, "attr", None) in ("now", "utcnow", "today") for node in ast.walk(tree))
