"""When an event is collected."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.records import StoredEvent
from schedulers.windows import (
    DEFAULT,
    Phase,
    next_collection,
    next_due,
    next_participant_sync,
    next_try,
    phase,
    window,
)

START = datetime(2026, 4, 18, 7, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

instants = st.timedeltas(timedelta(days=-8), timedelta(days=12)).map(START.__add__)
spans = st.timedeltas(timedelta(0), timedelta(days=4))


def event(start=START, **fields):
    return StoredEvent(
        event_id="ctlive:1:89332",
        timing_partner_id=1,
        provider_event_id="89332",
        name="Harbour City Marathon",
        start_time=start,
        **fields,
    )


def due_instants(of, since, until):
    """Every instant at which a daemon that is never late would collect."""
    found, last, at = [], None, since
    while (due := next_collection(of, last, at)) is not None and due <= until:
        found.append(due)
        last = at = max(due, at)
    return found


def test_the_first_collection_is_5_minutes_after_the_start():
    assert next_collection(event(), None, START - HOUR) == START + 5 * MINUTE


def test_a_whole_race_is_collected_every_90_seconds_for_5_hours_then_hourly_until_72_hours_inclusive():
    found = [due - START for due in due_instants(event(), START - HOUR, START + 100 * HOUR)]

    intensive = [5 * MINUTE + n * timedelta(seconds=90) for n in range(200)]
    hourly = [5 * HOUR + 5 * MINUTE + n * HOUR for n in range(67)]
    assert found == [*intensive, *hourly, 72 * HOUR]


@pytest.mark.parametrize(
    ("after_start", "expected"),
    [
        (-HOUR, Phase.WAITING),
        (5 * MINUTE - timedelta.resolution, Phase.WAITING),
        (5 * MINUTE, Phase.INTENSIVE),
        (5 * HOUR + 5 * MINUTE - timedelta.resolution, Phase.INTENSIVE),
        (5 * HOUR + 5 * MINUTE, Phase.STANDARD),
        (72 * HOUR, Phase.STANDARD),
        (72 * HOUR + timedelta.resolution, Phase.OVER),
    ],
)
def test_the_phase_changes_exactly_at_its_instant(after_start, expected):
    assert phase(event(), START + after_start) is expected


def test_an_event_without_a_start_is_never_collected():
    assert next_collection(event(start=None), None, START) is None
    assert phase(event(start=None), START) is Phase.OVER
    assert next_participant_sync(event(start=None), None, START) is None


def test_a_superseded_event_is_not_collected_any_more():
    assert next_collection(event(superseded=True), None, START + HOUR) is None


def test_many_missed_collections_are_made_up_for_by_one():
    late = START + 3 * HOUR

    overdue = next_collection(event(), START + 5 * MINUTE, late)

    assert late - timedelta(seconds=90) < overdue <= late
    assert next_collection(event(), late, late) > late


def test_what_was_missed_after_the_end_of_the_window_is_still_collected_once():
    long_after = START + 200 * HOUR

    assert next_collection(event(), START + 40 * HOUR, long_after) == START + 72 * HOUR
    assert next_collection(event(), START + 72 * HOUR, long_after) is None


def test_races_that_start_close_together_share_one_rhythm():
    waves = event(race_starts=(START, START + 20 * MINUTE, START + 47 * MINUTE))

    found = due_instants(waves, START, START + 3 * HOUR)

    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(seconds=90)}


def test_a_race_on_the_second_day_has_an_intensive_phase_of_its_own_and_the_72_hours_count_from_it():
    second_day = START + 24 * HOUR
    weekend = event(race_starts=(START, second_day))

    assert phase(weekend, START + 20 * HOUR) is Phase.STANDARD
    assert phase(weekend, second_day + 10 * MINUTE) is Phase.INTENSIVE
    assert second_day + 5 * MINUTE in due_instants(weekend, START, second_day + HOUR)
    assert due_instants(weekend, START, START + 200 * HOUR)[-1] == second_day + 72 * HOUR


@given(at=instants, last=st.none() | instants, race_days=st.lists(spans, max_size=3))
def test_a_due_instant_is_never_one_that_was_collected_already(at, last, race_days):
    several = event(race_starts=tuple(sorted({START, *(START + day for day in race_days)})))

    due = next_collection(several, last, at)

    assert due is None or due > at or last is None or due > last


@given(at=instants)
def test_the_next_due_instant_is_at_most_90_seconds_away_in_the_intensive_phase_and_an_hour_in_the_next(at):
    due = next_collection(event(), at, at)

    limits = {Phase.INTENSIVE: timedelta(seconds=90), Phase.STANDARD: HOUR}
    current = phase(event(), at)
    if current in limits and at < START + 72 * HOUR:
        assert at < due <= at + limits[current]
    if current is Phase.OVER:
        assert due is None


@given(late=st.lists(st.timedeltas(timedelta(0), timedelta(minutes=10)), min_size=1, max_size=50))
def test_being_late_never_shifts_the_grid(late):
    grid = set(due_instants(event(), START - HOUR, START + 100 * HOUR))
    last, at = None, START - HOUR
    for delay in late:
        due = next_collection(event(), last, at)
        assert due in grid
        last = at = max(due, at) + delay


def test_settings_move_every_edge():
    short = DEFAULT.__class__(
        initial_delay=MINUTE,
        intensive_interval=10 * MINUTE,
        intensive_duration=30 * MINUTE,
        standard_interval=20 * MINUTE,
        max_collection=HOUR,
    )
    found, last, at = [], None, START
    while (due := next_collection(event(), last, at, short)) is not None:
        found.append((due - START) // MINUTE)
        last = at = due

    assert found == [1, 11, 21, 31, 51, 60]


def test_an_entry_list_is_read_at_once_when_it_never_was():
    assert next_participant_sync(event(), None, START - 240 * HOUR) == START - 240 * HOUR


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (-240 * HOUR, -216 * HOUR),  # daily before the event
        (-10 * HOUR, timedelta(0)),  # at its start
        (timedelta(0), 6 * HOUR),  # every 6 hours from then
        (7 * HOUR, None),  # an hour after the end it stops
    ],
)
def test_entry_lists_are_read_daily_before_the_event_and_every_6_hours_from_its_start(last, due):
    until_two = event(end_time=START + 7 * HOUR)

    found = next_participant_sync(until_two, START + last, START + last)

    assert found == (None if due is None else START + due)


def test_an_unknown_end_does_not_stop_the_entry_lists_before_the_intensive_phase_ends():
    assert next_participant_sync(event(), START, START) == START + 6 * HOUR
    assert next_participant_sync(event(), START + 6 * HOUR, START + 6 * HOUR) is None


def test_a_change_of_the_clock_on_the_wall_changes_nothing():
    # On the night to 29 March 2026 clocks in Berlin go from 2 to 3.
    berlin = ZoneInfo("Europe/Berlin")
    evening = datetime(2026, 3, 28, 23, 0, tzinfo=berlin)
    night_run = event(start=evening, race_starts=(evening, evening + 2 * MINUTE))

    assert window(night_run) == (
        datetime(2026, 3, 28, 22, 5, tzinfo=UTC),
        datetime(2026, 3, 31, 22, 2, tzinfo=UTC),
    )
    found = due_instants(night_run, evening.astimezone(UTC), evening.astimezone(UTC) + 5 * HOUR)
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(seconds=90)}


def test_the_window_reaches_from_the_first_due_instant_to_the_last():
    assert window(event()) == (START + 5 * MINUTE, START + 72 * HOUR)
    assert window(event(superseded=True)) is None


def test_an_entry_list_that_seems_to_have_been_read_in_the_future_counts_as_read_now():
    now = START - 48 * HOUR

    assert next_participant_sync(event(), now + 10 * HOUR, now) == now + 24 * HOUR


# What failed -------------------------------------------------------------------------------------------


def test_a_collection_that_failed_is_tried_again_after_5_minutes_unless_the_next_is_due_sooner():
    hourly, intensive = START + 9 * HOUR + 5 * MINUTE, START + HOUR
    later = event(last_collection=hourly - HOUR, last_failure=hourly)
    soon = event(last_collection=intensive - MINUTE, last_failure=intensive)

    assert next_due(later, hourly + MINUTE) == hourly + 5 * MINUTE
    assert next_due(soon, intensive + timedelta(seconds=1)) == next_collection(event(), intensive, intensive)


@pytest.mark.parametrize("last", [None, START + 71 * HOUR])
def test_the_windows_last_collection_stays_owed_while_it_fails(last):
    final = START + 72 * HOUR
    failed = event(last_collection=last, last_failure=final)

    assert next_due(failed, final + MINUTE) == next_try(failed) == final + 5 * MINUTE
    assert next_due(failed, final + 20 * HOUR) == final + 5 * MINUTE


def test_what_fails_is_tried_again_until_a_day_after_the_windows_last_instant():
    final = START + 72 * HOUR
    # Its end, months ahead, keeps it among the events that are looked at.
    festival = {"end_time": START + 2000 * HOUR, "last_collection": START + 71 * HOUR}
    in_time = event(last_failure=final + 24 * HOUR - 5 * MINUTE, **festival)
    too_late = event(last_failure=final + 24 * HOUR - 4 * MINUTE, **festival)

    assert next_due(in_time, final + 24 * HOUR) == next_try(in_time) == final + 24 * HOUR
    assert next_due(too_late, final + 24 * HOUR) == next_try(too_late) is None


def test_what_failed_in_a_window_that_has_been_shortened_since_is_owed_by_the_window_as_it_is_now():
    failed = event(last_collection=START + 40 * HOUR, last_failure=START + 41 * HOUR)
    shortened = replace(DEFAULT, max_collection=6 * HOUR)

    assert next_try(failed) == START + 41 * HOUR + 5 * MINUTE
    assert next_due(failed, START + 42 * HOUR, shortened) == next_try(failed, shortened) is None


def test_a_collection_that_went_well_after_one_that_failed_owes_nothing():
    final = START + 72 * HOUR
    made_up_for = event(last_collection=final + 5 * MINUTE, last_failure=final)

    assert next_try(made_up_for) is None
    assert next_due(made_up_for, final + HOUR) is None


@pytest.mark.parametrize("fields", [{"superseded": True}, {"start": None}])
def test_what_is_not_collected_is_not_tried_again(fields):
    assert next_try(event(last_failure=START + 72 * HOUR, **fields)) is None


def test_the_entry_list_of_a_superseded_event_is_not_read():
    assert next_participant_sync(event(superseded=True), None, START) is None
    assert next_participant_sync(event(superseded=True), START - 30 * HOUR, START) is None
