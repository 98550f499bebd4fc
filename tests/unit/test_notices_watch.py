"""What the daemon meets that people are to know of."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from operations.thresholds import Thresholds
from providers.errors import ApiUnreachable, CollectedElsewhere, CredentialsRefused
from schedulers.notices.watch import FAILURES, LATENESS, Watch
from schedulers.observer import Observers
from tests.unit.partners import make_partner, report

NOW = datetime(2025, 4, 21, 14, 5, tzinfo=UTC)
EVENT = "ctlive:7:5"
PARTNER = "partner 7"
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
def at():
    """Sets the clock, which stands."""
    with ExitStack() as stack:

        def travel(instant):
            stack.enter_context(time_machine.travel(instant, tick=False))

        travel(NOW)
        yield travel


@pytest.fixture
def watch(at, clock):
    return Watch(clock)


@pytest.fixture
def partner(tmp_path, clock):
    partner = make_partner(tmp_path, clock)
    yield partner
    partner.adapter.close()


def failed(**facts):
    return report(status="failed", error=ApiUnreachable("No connection."), event_id=EVENT, **facts)


def collected(lateness=0.1, **facts):
    return report(event_id=EVENT, lateness=lateness, **facts)


def standing(watch):
    return [(concern.subject, concern.kind) for concern in watch.look().concerns]


def test_its_limits_are_those_of_the_monitor_by_default():
    assert (Thresholds().failures, Thresholds().lateness) == (FAILURES, LATENESS)


def test_before_anything_has_happened_nothing_is_known(watch):
    assert (standing(watch), watch.look().judged) == ([], set())


def test_an_event_is_failing_from_its_third_failure_in_a_row_until_it_goes_well(watch, partner):
    for _ in range(2):
        watch.done(failed(), partner)
    assert standing(watch) == []
    watch.done(failed(), partner)

    [concern] = watch.look().concerns
    assert (concern.subject, concern.kind) == (EVENT, "failing")
    assert concern.what == "3 collections failed in a row: No connection."
    assert f"chronotrack-live events collect {EVENT}" in concern.remedy
    watch.done(collected(), partner)
    assert standing(watch) == []
    assert EVENT in watch.look().judged


def test_failures_with_others_between_them_are_none_in_a_row(watch, partner):
    for _ in range(5):
        watch.done(failed(), partner)
        watch.done(failed(), partner)
        watch.done(collected(status="partial"), partner)

    assert standing(watch) == []


def test_an_event_is_late_when_two_collections_in_a_row_began_more_than_45_seconds_late(watch, partner):
    for lateness in (46.0, 45.0, 600.0):
        watch.done(collected(lateness), partner)
    assert standing(watch) == []
    watch.done(collected(62.4), partner)

    [concern] = watch.look().concerns
    assert (concern.subject, concern.kind) == (EVENT, "late")
    assert concern.what == "its last collection began 62 s late, and so did the one before"


def test_a_second_reading_at_once_is_neither_late_nor_on_time(watch, partner):
    for lateness in (60.0, None, 60.0):
        watch.done(collected(lateness), partner)

    assert standing(watch) == [(EVENT, "late")]


def test_an_event_that_fails_and_is_late_is_failing(watch, partner):
    for _ in range(3):
        watch.done(failed(lateness=90.0), partner)

    assert standing(watch) == [(EVENT, "failing")]


def test_what_is_left_to_another_process_and_entry_lists_say_nothing_of_an_event(watch, partner):
    for _ in range(3):
        watch.done(report(status="skipped", error=CollectedElsewhere("no"), event_id=EVENT), partner)
        watch.done(report("participants", "failed", error=ApiUnreachable("no"), event_id=EVENT), partner)

    assert (standing(watch), watch.look().judged) == ([], set())


def test_a_partner_is_refused_until_he_is_accepted_whoever_has_tested_him(watch, partner):
    partner.refused_since = NOW
    watch.done(report("authentication", "failed", error=CredentialsRefused("no")), partner)

    [concern] = watch.look().concerns
    assert (concern.subject, concern.kind, concern.label) == (
        PARTNER,
        "refused",
        "partner 7 (Harbour Timing)",
    )
    assert "chronotrack-live credentials set 7" in concern.remedy
    assert not {"geheimer-login", "geheimes-wort"} & set(repr(concern).split("'"))
    partner.refused_since = None
    assert (standing(watch), watch.look().judged) == ([], {PARTNER})


def test_a_partner_of_whom_nothing_went_well_yet_is_not_said_to_be_well(watch, partner):
    watch.done(report("authentication", "failed", error=ApiUnreachable("no")), partner)
    assert watch.look().judged == set()

    watch.done(report("authentication"), partner)
    assert watch.look().judged == {PARTNER}


def test_who_has_left_is_judged_no_more_and_neither_are_his_events(watch, partner):
    partner.refused_since = NOW
    for _ in range(3):
        watch.done(failed(), partner)
    watch.stands({partner: {}}, database_is_there=True)
    assert len(standing(watch)) == 2

    watch.stands({}, database_is_there=True)

    assert (standing(watch), watch.look().judged) == ([], {"database"})


def test_a_partner_whose_credentials_have_changed_is_judged_when_something_has_gone_well(
    watch, partner, tmp_path, clock
):
    partner.refused_since = NOW
    watch.done(report("authentication", "failed", error=CredentialsRefused("no")), partner)
    anew = make_partner(tmp_path, clock)

    watch.stands({anew: {}}, database_is_there=True)

    assert (standing(watch), watch.look().judged) == ([], {"database"})
    anew.adapter.close()


def test_an_event_that_was_not_collected_for_a_day_is_judged_no_more(watch, partner, at):
    for _ in range(3):
        watch.done(failed(), partner)
    at(NOW + 23 * HOUR)
    watch.stands({partner: {}}, database_is_there=True)
    assert standing(watch) == [(EVENT, "failing")]

    at(NOW + 25 * HOUR)
    watch.stands({partner: {}}, database_is_there=True)

    assert (standing(watch), EVENT in watch.look().judged) == ([], False)


def test_several_observers_are_all_told(watch, clock, partner):
    second = Watch(clock)
    observers = Observers([watch, second])
    for _ in range(3):
        observers.done(failed(), partner)
    observers.stands({partner: {}}, database_is_there=True)

    assert standing(watch) == standing(second) == [(EVENT, "failing")]
    assert watch.look().judged == second.look().judged == {"database"}


def test_a_database_is_lost_when_it_is_away_for_a_minute(watch, at):
    watch.stands({}, database_is_there=True)
    assert watch.look().judged == {"database"}
    watch.stands({}, database_is_there=False)
    at(NOW + 59 * SECOND)
    watch.stands({}, database_is_there=False)
    assert (standing(watch), watch.look().judged) == ([], set())

    at(NOW + 60 * SECOND)
    assert standing(watch) == [("database", "lost")]

    watch.stands({}, database_is_there=True)
    assert (standing(watch), watch.look().judged) == ([], {"database"})
