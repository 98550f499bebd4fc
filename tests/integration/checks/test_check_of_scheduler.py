"""The check of the scheduler: settings, plan, and whether one has been seen lately."""

from __future__ import annotations

from datetime import timedelta

import pytest

from database.store import Store
from operations.checks.bench import Bench
from operations.checks.run import run_checks
from operations.checks.verdict import Check, Outcome


@pytest.fixture
def work(add_partner, query):
    """Accounts for something that a scheduler did for partner 1."""
    add_partner("Harbour Timing", base_url="http://127.0.0.1:9/api")

    def account(ago, sync_type="events"):
        query(
            "INSERT INTO sync_history (timing_partner_id, provider_id, sync_type, sync_time, status)"
            " VALUES (1, 1, %s, now() AT TIME ZONE 'UTC' - %s, 'completed')",
            sync_type,
            ago,
        )

    return account


@pytest.fixture
def scheduler(check, query):
    """Runs the checks for a partner that is nobody, so that no API is asked; returns the scheduler's."""
    return lambda **environ: check(99, environ=environ).one("scheduler")


@pytest.fixture
def publish(query):
    """Keeps a live event of partner 1 that started a while ago."""

    def add(ago):
        query(
            "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id, data_source,"
            " provider_event_id) VALUES ('ctlive:1:5', 'Harbour Run', now() AT TIME ZONE 'UTC' - %s, 1,"
            " 'chronotrack_live', '5')",
            ago,
        )

    return add


def test_one_that_worked_within_its_interval_passes(scheduler, work):
    work(timedelta(hours=5))

    verdict = scheduler()

    assert verdict.outcome is Outcome.PASSED
    assert "at work 5:00:" in verdict.said


def test_a_hub_that_none_has_worked_in_is_warned_of(scheduler, work):
    verdict = scheduler()

    assert verdict.outcome is Outcome.WARNING
    assert "no scheduler has done anything in this hub yet" in verdict.said
    assert "systemctl start chronotrack-live-scheduler" in verdict.remedy


@pytest.mark.parametrize(
    ("settings", "silence", "outcome"),
    [
        ({}, timedelta(hours=6, minutes=9), Outcome.PASSED),
        ({}, timedelta(hours=6, minutes=11), Outcome.FAILED),
        ({}, timedelta(days=7), Outcome.FAILED),
        (
            {"CHRONOTRACK_LIVE_MONITOR_SILENCE_MINUTES": "60"},
            timedelta(hours=6, minutes=30),
            Outcome.WARNING,
        ),
        ({"CHRONOTRACK_LIVE_DISCOVERY_INTERVAL_HOURS": "12"}, timedelta(hours=7), Outcome.PASSED),
    ],
)
def test_one_that_has_not_looked_for_events_in_an_interval_and_its_silence_fails(
    scheduler, work, settings, silence, outcome
):
    work(silence)

    assert scheduler(**settings).outcome is outcome


@pytest.mark.parametrize(
    ("started", "silence", "outcome"),
    [
        (timedelta(hours=1), timedelta(minutes=20), Outcome.WARNING),
        (timedelta(hours=1), timedelta(minutes=2), Outcome.PASSED),
        (timedelta(hours=20), timedelta(minutes=20), Outcome.PASSED),
        (timedelta(hours=20), timedelta(hours=2), Outcome.WARNING),
        (timedelta(hours=100), timedelta(hours=2), Outcome.PASSED),
    ],
)
def test_while_a_race_is_followed_it_may_be_silent_for_less_long(
    scheduler, work, publish, started, silence, outcome
):
    publish(started)
    work(silence)

    assert scheduler().outcome is outcome


def test_a_paused_race_asks_for_no_work(scheduler, work, publish, query):
    publish(timedelta(hours=1))
    work(timedelta(minutes=20))
    query("INSERT INTO ct_live_paused_events (event_id) VALUES ('ctlive:1:5')")

    assert scheduler().outcome is Outcome.PASSED


def test_a_partner_without_credentials_any_more_asks_for_no_work(scheduler, work, publish, query):
    publish(timedelta(hours=1))
    work(timedelta(minutes=20))
    query("DELETE FROM partner_provider_credentials")

    assert scheduler().outcome is Outcome.PASSED


def test_a_partner_whose_credentials_are_refused_asks_for_no_work(scheduler, work, publish, query):
    publish(timedelta(hours=1))
    work(timedelta(minutes=20))
    work(timedelta(minutes=2), "authentication")
    query("UPDATE sync_history SET error_category = 'refused' WHERE sync_type = 'authentication'")

    assert scheduler().outcome is Outcome.PASSED


def test_tests_of_credentials_and_imports_are_no_work_of_a_scheduler(scheduler, work):
    work(timedelta(minutes=1), "authentication")
    work(timedelta(minutes=1), "backfill")

    assert scheduler().outcome is Outcome.WARNING


def test_the_plan_counts_what_is_to_come_of_the_followed_events(scheduler, work, publish):
    publish(timedelta(hours=10))
    work(timedelta(minutes=1))

    verdict = scheduler()

    assert verdict.facts["followed"] == {"standard": 1}
    # Hourly, and one that is owed; the entry list as well.
    assert 25 <= verdict.facts["planned"] <= 30


def test_the_plan_of_an_event_that_starts_now_follows_the_settings(scheduler, work):
    runs = scheduler(CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS="60").facts["of_an_event_that_starts_now"]

    # An hour's 60 for five hours; then hourly until the 72nd, with the window's last instant.
    assert [(run["phase"], run["times"]) for run in runs[:2]] == [("intensive", 300), ("standard", 68)]
    assert runs[-1]["last"] - runs[0]["first"] == timedelta(hours=71, minutes=55)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS", "soon"),
        ("CHRONOTRACK_LIVE_MAX_COLLECTION_HOURS", "1"),
        ("CHRONOTRACK_LIVE_METRICS_PORT", "99999"),
    ],
)
def test_an_impossible_setting_fails_with_its_name(scheduler, work, name, value):
    verdict = scheduler(**{name: value})

    assert verdict.outcome is Outcome.FAILED
    assert name in verdict.said
    assert "Mend what is named there" in verdict.remedy


def test_where_nobody_has_credentials_any_more_a_scheduler_that_is_gone_fails_nothing(scheduler, work, query):
    work(timedelta(days=7))
    query("DELETE FROM partner_provider_credentials")

    assert scheduler().outcome is Outcome.WARNING


def test_tests_that_fail_are_work_and_those_that_go_well_are_anybodys(scheduler, work, query):
    work(timedelta(days=7))
    work(timedelta(minutes=1), "authentication")
    assert scheduler().outcome is Outcome.FAILED

    query("UPDATE sync_history SET status = 'failed' WHERE sync_type = 'authentication'")

    assert scheduler().outcome is Outcome.PASSED


def test_what_the_checks_themselves_account_for_is_not_taken_for_a_scheduler(
    daemon_database, clock, tmp_path, work
):
    work(timedelta(days=7))
    bench = Bench(daemon_database, Store(daemon_database), clock, tmp_path / "state", {})

    [verdict] = [one.verdict for one in run_checks(bench) if one.check is Check.SCHEDULER]

    assert verdict.outcome is Outcome.FAILED
