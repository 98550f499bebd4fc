"""What the monitor makes of what it has read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.event_controls import KnownEvent, LastCollection, Pause
from database.migrate import Pending
from database.monitoring import CollectionAccount, PartnerAccount, RejectedCount
from operations.event_list import EventStanding
from operations.finding import State
from operations.health import judge
from operations.health_events import owed_since
from operations.reading import Reading, WatchedEvent, collected_partners
from operations.service_unit import ServiceUnit
from operations.thresholds import Thresholds
from providers.records import StoredEvent
from schedulers.settings import SchedulerSettings
from schedulers.windows import DEFAULT, next_collection, window

START = datetime(2026, 4, 18, 7, 30, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
# In the middle of the intensive phase, on a due instant.
NOW = START + 2 * HOUR + 5 * MINUTE
PARTNER = PartnerAccount(
    timing_partner_id=7,
    name="Harbour Timing",
    changed_at=START - timedelta(days=30),
    changed_local=START - timedelta(days=30),
    tested_at=NOW - HOUR,
    tested_status="completed",
    tested_category=None,
    tested_reason=None,
    looked_at=NOW - HOUR,
    discovered_at=NOW - HOUR,
    failures=0,
    failure_reason=None,
)


def stored(start=START, **fields):
    return StoredEvent(
        event_id="ctlive:7:5",
        timing_partner_id=7,
        provider_event_id="5",
        name="Harbour Run",
        start_time=start,
        **fields,
    )


def written(at, local=None):
    """Credentials that were written at an instant, which may be the wall clock of the database's zone."""
    return {"changed_at": at, "changed_local": at if local is None else local}


def watched(
    collected=NOW, *, at=NOW, failed=None, pause=None, superseded=None, partner=PARTNER, results=12, **account
):
    """An event as it is read at an instant, collected well and tried without success when said."""
    of = stored(superseded=superseded is not None, last_collection=collected, last_failure=failed)
    known = KnownEvent(
        stored=of,
        partner_name=partner.name,
        superseded_by=superseded,
        pause=pause,
        last_collection=None if collected is None else LastCollection(collected, "completed", None, None),
        results=results,
    )
    standing = EventStanding.of(known, collected_partners([partner]), at, DEFAULT)
    found = CollectionAccount(
        event_id=of.event_id,
        known_since=START - timedelta(days=9),
        has_entries=True,
        collected_at=collected,
        lateness=0.1,
        changed_at=collected,
        failures=0,
        failure_reason=None,
        partials=0,
        failures_of_hour=0,
        collections_of_hour=40,
        entry_failures=0,
        entry_failure_reason=None,
    )
    return WatchedEvent(standing=standing, account=replace(found, **account))


def reading(*events, at=NOW, partners=(PARTNER,), last_sign=None, **fields):
    return Reading(at=at, events=events, partners=partners, last_sign=last_sign or at, **fields)


def judged(read, **thresholds):
    return judge(read, Thresholds(**thresholds), SchedulerSettings.from_env({}))


def kinds(read, **thresholds):
    return [(finding.state, finding.kind) for finding in judged(read, **thresholds).findings]


def found(read, **thresholds):
    return [(finding.state, finding.about) for finding in judged(read, **thresholds).findings]


def test_what_is_as_it_should_be_has_no_findings_and_is_ok():
    health = judged(reading(watched()))

    assert (health.findings, health.state) == ([], State.OK)


# Events -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("not_collected_for", "state"),
    [
        (90 * SECOND, None),
        # 90 s until it is due, 90 s for its begin and its end, 45 s of grace.
        (225 * SECOND, None),
        (226 * SECOND, State.WARNING),
        # Due after 90 s, and 3 intervals passed since.
        (360 * SECOND, State.WARNING),
        (361 * SECOND, State.CRITICAL),
    ],
)
def test_an_event_in_its_intensive_phase_is_late_and_then_not_collected(not_collected_for, state):
    event = watched(NOW, at=NOW + not_collected_for)

    expected = [] if state is None else [(state, "ctlive:7:5")]
    assert found(reading(event, at=NOW + not_collected_for)) == expected


def test_how_many_intervals_are_missed_and_how_late_is_late_is_for_the_thresholds_to_say():
    at = NOW + 226 * SECOND
    event = watched(NOW, at=at)

    assert found(reading(event, at=at), missed_intervals=1) == [(State.CRITICAL, "ctlive:7:5")]
    assert found(reading(event, at=at), lateness=MINUTE) == []


def test_an_event_that_was_never_collected_counts_from_its_first_due_instant():
    at = START + 5 * MINUTE + 271 * SECOND
    assert found(reading(watched(None, at=at), at=at)) == [(State.CRITICAL, "ctlive:7:5")]
    before = START + 4 * MINUTE
    assert found(reading(watched(None, at=before), at=before)) == []


def test_nobody_is_called_for_an_event_that_the_hub_has_just_learned_of():
    assert found(reading(watched(None, known_since=NOW - MINUTE))) == []
    assert found(reading(watched(None, known_since=NOW - 4 * MINUTE))) == [(State.WARNING, "ctlive:7:5")]
    assert found(reading(watched(None, known_since=NOW - 5 * MINUTE))) == [(State.CRITICAL, "ctlive:7:5")]


def test_in_its_standard_phase_an_event_is_late_and_never_critical_for_that():
    begin = START + 10 * HOUR + 5 * MINUTE
    at = begin + HOUR + 136 * SECOND
    partner = replace(PARTNER, discovered_at=at)

    assert found(reading(watched(begin, at=at), at=at, partners=[partner])) == [(State.WARNING, "ctlive:7:5")]
    much_later = at + 5 * HOUR
    [(state, _)] = found(reading(watched(begin, at=much_later), at=much_later, partners=[partner]))
    assert state is State.WARNING


@pytest.mark.parametrize(("seconds", "expected"), [(45.0, []), (45.1, [(State.WARNING, "ctlive:7:5")])])
def test_a_collection_that_began_late_is_a_warning_until_the_next_one(seconds, expected):
    assert found(reading(watched(lateness=seconds))) == expected


def test_how_late_the_last_collection_of_a_standard_phase_was_is_no_news_an_hour_long():
    at = START + 10 * HOUR + 5 * MINUTE
    assert found(reading(watched(at, at=at, lateness=900.0), at=at)) == []


@pytest.mark.parametrize(("failures", "expected"), [(2, []), (3, [(State.CRITICAL, "ctlive:7:5")])])
def test_three_failures_in_a_row_are_critical(failures, expected):
    event = watched(NOW - MINUTE, failures=failures, failure_reason="503")

    assert found(reading(event)) == expected


def test_of_an_event_only_the_worst_is_said():
    at = NOW + HOUR
    event = watched(NOW, at=at, failures=40, failure_reason="no connection", lateness=99.0)

    [finding] = judged(reading(event, at=at)).findings
    assert str(finding) == "ctlive:7:5: 40 collections failed in a row: no connection"


def test_an_event_that_was_just_resumed_is_not_late_with_what_came_due_while_it_was_held_back():
    def resumed(minutes_ago):
        event = watched(NOW - 3 * HOUR, at=NOW, known_since=NOW - minutes_ago * MINUTE)
        return reading(event, last_sign=NOW - 3 * HOUR)

    assert found(resumed(1)) == []
    assert kinds(resumed(3)) == [(State.WARNING, "late")]
    assert kinds(resumed(5)) == [(State.CRITICAL, "not collected")]
    assert (State.CRITICAL, "silent") in kinds(resumed(11))


def test_an_event_that_came_in_in_the_future_was_noted_before_the_clock_was_set_back_and_is_judged():
    at = NOW + 361 * SECOND
    event = watched(NOW, at=at, known_since=at + HOUR)

    assert kinds(reading(event, at=at)) == [(State.CRITICAL, "not collected")]


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


def test_how_many_may_fail_within_an_hour_is_for_the_threshold_to_say():
    read = reading(watched(failures_of_hour=30, collections_of_hour=40))

    assert kinds(read, failed_percent=75) == []
    assert kinds(read, failed_percent=74) == [(State.WARNING, "often failing")]


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


@given(
    starts=st.lists(st.timedeltas(-HOUR, timedelta(days=3)).map(START.__add__), max_size=3).map(sorted),
    last=st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=7)).map(START.__add__),
    passed=st.timedeltas(timedelta(0), timedelta(days=8)),
)
def test_something_is_owed_just_when_the_windows_say_that_a_collection_is_overdue(starts, last, passed):
    event = stored(race_starts=tuple(starts))
    at = (last or START) + passed
    due = next_collection(event, last, at, DEFAULT)

    owed = owed_since(event, last, at, DEFAULT)

    assert (owed is not None) == (due is not None and due <= at)
    if owed is not None:
        begin, end = window(event, DEFAULT)
        assert begin <= owed <= min(due, end)
        assert last is None or last < owed


# Partners ---------------------------------------------------------------------------------------------------


def test_a_refused_partner_is_critical_and_its_events_are_not_found_as_well():
    partner = replace(PARTNER, tested_at=NOW + HOUR, tested_status="failed", tested_category="refused")
    at = NOW + HOUR + MINUTE
    event = watched(NOW, at=at, partner=partner, failures=9)

    assert found(reading(event, at=at, partners=[partner])) == [
        (State.CRITICAL, "partner 7 (Harbour Timing)")
    ]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"discovered_at": NOW - 12 * HOUR}, None),
        ({"discovered_at": NOW - 12 * HOUR - SECOND}, State.WARNING),
        ({"discovered_at": None}, State.WARNING),
        ({"discovered_at": None, **written(None)}, State.WARNING),
        # New credentials have their time.
        ({"discovered_at": None, **written(NOW - 5 * MINUTE)}, None),
        ({"discovered_at": None, **written(NOW - 2 * HOUR)}, None),
        ({"discovered_at": None, "looked_at": NOW - HOUR, **written(NOW - 12 * HOUR)}, None),
        ({"failures": 2}, None),
        ({"failures": 3, "failure_reason": "no connection"}, State.WARNING),
    ],
)
def test_a_partner_whose_events_are_not_looked_for_is_a_warning(changes, state):
    expected = [] if state is None else [(state, "partner 7 (Harbour Timing)")]
    assert found(reading(partners=[replace(PARTNER, **changes)])) == expected


def test_rows_that_are_set_aside_are_a_warning_from_the_threshold_on():
    read = reading(
        rejected=[RejectedCount(7, "result", 2, 2, NOW), RejectedCount(7, "participant", 1, 1, NOW)]
    )

    assert found(read) == [(State.WARNING, "partner 7 (Harbour Timing)")]
    assert found(read, rejected_rows=4) == []


def test_rows_that_were_set_aside_in_a_race_of_long_ago_are_counted_and_no_warning():
    read = reading(rejected=[RejectedCount(7, "result", 2, 0, NOW - timedelta(days=700))])

    assert found(read) == []
    assert read.set_aside(7) == 2


# Credentials that are new -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (written(NOW - 10 * MINUTE), []),
        (written(NOW - 11 * MINUTE), [(State.WARNING, "not taken over")]),
        (written(NOW - 11 * MINUTE) | {"looked_at": NOW - 11 * MINUTE}, []),
        # An operator's test is not the scheduler's; one that failed may be.
        (written(NOW - 11 * MINUTE) | {"tested_at": NOW - 9 * MINUTE}, [(State.WARNING, "not taken over")]),
        (written(NOW - 11 * MINUTE) | {"tested_at": NOW - 9 * MINUTE, "tested_status": "failed"}, []),
        (
            written(NOW - 11 * MINUTE) | {"looked_at": None, "discovered_at": None, "tested_at": None},
            [(State.WARNING, "not taken over")],
        ),
    ],
)
def test_a_partner_whose_new_credentials_a_scheduler_that_lives_does_not_work_with_is_a_warning(
    changes, expected
):
    read = reading(partners=[replace(PARTNER, **changes)], last_sign=NOW - 3 * HOUR)

    assert kinds(read) == expected


def test_where_nothing_lives_new_credentials_are_no_matter_of_the_partner():
    partner = replace(PARTNER, discovered_at=None, looked_at=None, **written(NOW - HOUR))

    assert kinds(reading(partners=[partner], last_sign=NOW - 7 * HOUR)) == [(State.CRITICAL, "silent")]


@pytest.mark.parametrize(
    ("local", "looked", "expected"),
    [
        # By the clock on the wall of a zone ahead of UTC; taken over a minute later.
        (NOW - 30 * MINUTE, NOW - 29 * MINUTE, []),
        (NOW - 30 * MINUTE, NOW - 31 * MINUTE, []),
    ],
)
def test_a_row_that_was_written_by_the_wall_clock_of_a_zone_ahead_has_its_time(local, looked, expected):
    partner = replace(PARTNER, looked_at=looked, **written(local + 2 * HOUR, local))

    assert kinds(reading(partners=[partner])) == expected


def test_a_new_partner_whose_row_has_the_wall_clock_of_a_zone_behind_is_not_given_up_at_once():
    def read(minutes):
        instant = NOW - minutes * MINUTE
        partner = replace(
            PARTNER,
            tested_at=None,
            looked_at=None,
            discovered_at=None,
            **written(instant - 5 * HOUR, instant),
        )
        return Reading(at=NOW, partners=[partner])

    assert found(read(9)) == []
    assert kinds(read(11)) == [(State.CRITICAL, "silent")]


# The clock --------------------------------------------------------------------------------------------------


def test_accounts_of_the_future_are_a_warning_and_a_minute_between_two_clocks_is_none():
    [finding] = judged(reading(ahead=NOW + HOUR)).findings

    assert (finding.state, finding.about, finding.kind) == (State.WARNING, "service", "clock")
    assert f"{NOW + HOUR:%H:%M}" in finding.what
    assert kinds(reading(partners=[replace(PARTNER, **written(NOW + MINUTE))])) == []
    assert kinds(reading(partners=[replace(PARTNER, **written(NOW + HOUR))])) == [(State.WARNING, "clock")]


def test_events_that_are_shown_twice_are_a_warning_and_those_that_stand_aside_are_not():
    def pair(shown):
        return {"timing_partner_id": 7, "shown": shown}

    assert found(reading(duplicates=[pair("TCP"), pair("API until TCP has results")])) == []
    assert found(reading(duplicates=[pair("both")])) == [(State.WARNING, "partner 7 (Harbour Timing)")]
    assert found(reading(duplicates=[pair("both")]), duplicates=2) == []


def test_a_partner_that_was_asked_for_and_has_no_credentials_is_unknown():
    assert found(reading(partners=(), without_credentials=[9])) == [(State.UNKNOWN, "partner 9")]


def test_that_nobody_has_credentials_is_a_warning():
    assert found(reading(partners=())) == [(State.WARNING, "partners")]


# Service, database, migrations ------------------------------------------------------------------------------


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


def test_the_worst_comes_first_and_each_finding_says_what_to_do():
    partner = replace(PARTNER, failures=3)
    event = watched(NOW - MINUTE, failures=3)
    health = judged(reading(event, partners=[partner]))

    assert [finding.state for finding in health.findings] == [State.CRITICAL, State.WARNING]
    assert health.state is State.CRITICAL
    assert all(finding.remedy for finding in health.findings)


# Thresholds -------------------------------------------------------------------------------------------------


def test_without_a_word_the_thresholds_are_those_of_their_settings():
    assert Thresholds.from_env({}) == Thresholds()


def test_thresholds_are_read_from_the_environment():
    environ = {
        "CHRONOTRACK_LIVE_MONITOR_MISSED_INTERVALS": "5",
        "CHRONOTRACK_LIVE_MONITOR_FAILURES": "4",
        "CHRONOTRACK_LIVE_MONITOR_FAILED_PERCENT": "75",
        "CHRONOTRACK_LIVE_MONITOR_PARTIAL_COLLECTIONS": "20",
        "CHRONOTRACK_LIVE_MONITOR_NO_RESULTS_MINUTES": "150",
        "CHRONOTRACK_LIVE_MONITOR_LATENESS_SECONDS": "60",
        "CHRONOTRACK_LIVE_MONITOR_MISSED_DISCOVERIES": "1",
        "CHRONOTRACK_LIVE_MONITOR_SILENCE_MINUTES": "30",
        "CHRONOTRACK_LIVE_MONITOR_REJECTED_ROWS": "10",
        "CHRONOTRACK_LIVE_MONITOR_DUPLICATES": "2",
    }
    assert Thresholds.from_env(environ) == Thresholds(
        missed_intervals=5,
        failures=4,
        failed_percent=75,
        partial_collections=20,
        no_results=150 * MINUTE,
        lateness=MINUTE,
        missed_discoveries=1,
        silence=30 * MINUTE,
        rejected_rows=10,
        duplicates=2,
    )
