"""What is due when of the events that are followed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.records import StoredEvent
from schedulers.agenda import Agenda
from schedulers.windows import DEFAULT, Phase, next_collection

START = datetime(2026, 4, 18, 7, 30, tzinfo=UTC)
FIRST = START + timedelta(minutes=5)
NINETY = timedelta(seconds=90)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def event(number=1, **fields):
    given = {
        "event_id": f"ctlive:1:{number}",
        "timing_partner_id": 1,
        "provider_event_id": str(number),
        "name": f"Mile {number}",
        "start_time": START,
    }
    return StoredEvent(**(given | fields))


@pytest.fixture
def agenda():
    return Agenda(DEFAULT)


def follow(agenda, *events, now=START):
    for one in events:
        agenda.follow(one)
    for one in events:
        agenda.next_collection(one.event_id, now)


def test_one_event_alone_begins_at_its_due_instants(agenda):
    follow(agenda, event())

    due = agenda.next_collection("ctlive:1:1", START)

    assert (due.instant, due.planned) == (FIRST, FIRST)


def test_other_settings_count_from_then_on_and_offsets_stay(agenda):
    events = [event(number) for number in range(3)]
    follow(agenda, *events)
    before = [agenda.next_collection(one.event_id, START) for one in events]

    followed = agenda.go_by(replace(DEFAULT, initial_delay=timedelta(minutes=1)))

    assert {one.event_id for one in followed} == {one.event_id for one in events}
    after = [agenda.next_collection(one.event_id, START) for one in events]
    assert {due.instant for due in after} == {START + timedelta(minutes=1)}
    assert [due.planned - due.instant for due in after] == [due.planned - due.instant for due in before]


def test_what_was_collected_is_not_due_again_under_other_settings(agenda):
    follow(agenda, event())
    agenda.collected("ctlive:1:1", FIRST + SECOND)

    agenda.go_by(replace(DEFAULT, intensive_interval=timedelta(seconds=30)))

    assert agenda.next_collection("ctlive:1:1", FIRST + 2 * SECOND).planned == FIRST + 30 * SECOND


def test_a_window_that_is_over_under_other_settings_is_over_at_once(agenda):
    follow(agenda, event())

    agenda.go_by(replace(DEFAULT, max_collection=6 * HOUR))

    agenda.collected("ctlive:1:1", START + 7 * HOUR)
    assert agenda.next_collection("ctlive:1:1", START + 7 * HOUR) is None


def test_events_that_start_together_begin_a_second_apart(agenda):
    events = [event(number) for number in range(5)]
    follow(agenda, *events)

    due = [agenda.next_collection(one.event_id, START) for one in events]

    assert {one.instant for one in due} == {FIRST}
    assert [one.planned - FIRST for one in due] == [number * SECOND for number in range(5)]


@given(
    count=st.integers(1, 200),
    delays=st.lists(st.floats(0, 200).map(lambda s: timedelta(seconds=s)), max_size=30),
)
def test_whoever_is_not_late_by_an_interval_misses_no_due_instant(count, delays):
    agenda, mine = Agenda(DEFAULT), f"ctlive:1:{count - 1}"
    follow(agenda, *(event(number) for number in range(count)))

    now, allowed = START, FIRST
    for delay in delays:
        due = agenda.next_collection(mine, now)
        assert due.instant <= allowed
        now = max(due.planned, now) + delay
        agenda.collected(mine, now)
        # Only whole intervals of delay make up for due instants.
        allowed = due.instant + NINETY * (1 + (now - due.planned) // NINETY)


def test_what_was_missed_while_nobody_was_there_is_planned_in_the_past_whatever_the_offset(agenda):
    events = [event(number, last_collection=FIRST) for number in range(90)]
    now = FIRST + 20 * NINETY + SECOND
    follow(agenda, *events, now=now)

    assert all(agenda.next_collection(one.event_id, now).planned <= now for one in events)


def test_what_another_process_collected_is_not_due_again(agenda):
    follow(agenda, event())
    agenda.collected("ctlive:1:1", FIRST)

    news = agenda.follow(event(last_collection=FIRST + NINETY))

    assert news
    assert agenda.next_collection("ctlive:1:1", FIRST + NINETY + SECOND).instant == FIRST + 2 * NINETY


def test_what_is_known_here_is_not_forgotten_for_an_older_account(agenda):
    follow(agenda, event())
    agenda.collected("ctlive:1:1", FIRST + NINETY)

    assert not agenda.follow(event(last_collection=FIRST))
    assert agenda.event("ctlive:1:1").last_collection == FIRST + NINETY


def test_a_start_that_moves_moves_what_is_due(agenda):
    follow(agenda, event())

    assert agenda.follow(event(start_time=START + HOUR))
    assert agenda.next_collection("ctlive:1:1", START).instant == FIRST + HOUR
    assert agenda.follow(event(start_time=START - HOUR))
    assert agenda.next_collection("ctlive:1:1", START).planned <= START


def test_an_event_that_is_discovered_after_it_began_is_due_at_once(agenda):
    follow(agenda, event(end_time=None), now=START + 3 * HOUR)

    assert agenda.next_collection("ctlive:1:1", START + 3 * HOUR).planned <= START + 3 * HOUR
    assert agenda.next_entry_list("ctlive:1:1", START + 3 * HOUR).planned == START + 3 * HOUR


def test_a_collection_that_failed_is_tried_again_whoever_made_it(agenda):
    follow(agenda, event())
    hourly = FIRST + 7 * HOUR

    agenda.failed("ctlive:1:1", hourly)
    here = agenda.next_collection("ctlive:1:1", hourly + SECOND)
    news = agenda.follow(event(last_collection=hourly - HOUR, last_failure=hourly + 60 * SECOND))
    elsewhere = agenda.next_collection("ctlive:1:1", hourly + 61 * SECOND)

    assert (here.instant, here.planned) == (hourly, hourly + 300 * SECOND)
    assert news
    assert (elsewhere.instant, elsewhere.planned) == (hourly + 60 * SECOND, hourly + 360 * SECOND)


def test_the_last_collection_of_a_window_is_tried_again_and_again_until_one_goes_well(agenda):
    final = START + 72 * HOUR
    follow(agenda, event(last_collection=final - HOUR))

    for number in range(3):
        agenda.failed("ctlive:1:1", final + number * HOUR)
        due = agenda.next_collection("ctlive:1:1", final + number * HOUR)
        assert due.planned == final + number * HOUR + 300 * SECOND
    agenda.collected("ctlive:1:1", final + 4 * HOUR)

    assert agenda.next_collection("ctlive:1:1", final + 4 * HOUR) is None


def test_a_clock_that_is_set_forward_makes_one_collection_due(agenda):
    follow(agenda, event(last_collection=FIRST))
    later = FIRST + HOUR

    due = agenda.next_collection("ctlive:1:1", later)
    agenda.collected("ctlive:1:1", later)

    assert due.planned <= later
    assert agenda.next_collection("ctlive:1:1", later).planned > later


@pytest.mark.parametrize("back", [40 * SECOND, HOUR, 48 * HOUR])
def test_a_clock_that_is_set_back_leaves_the_grid_as_it_is(agenda, back):
    collected = START + 4 * HOUR
    follow(agenda, event(last_collection=collected, last_participant_sync=collected))
    now = collected - back

    due = agenda.next_collection("ctlive:1:1", now)

    assert due.instant == next_collection(event(), now, now)
    assert agenda.next_entry_list("ctlive:1:1", now).planned <= now + 24 * HOUR


def test_an_entry_list_that_was_never_read_is_due_at_once_and_done_whoever_read_it(agenda):
    follow(agenda, event())

    due = agenda.next_entry_list("ctlive:1:1", START - 100 * HOUR)

    assert due.planned == START - 100 * HOUR
    assert due.instant < datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("over", [{"superseded": True}, {"start_time": None}])
def test_what_is_not_collected_any_more_gives_its_place_away(agenda, over):
    follow(agenda, event(1), event(2))
    assert agenda.next_collection("ctlive:1:2", START).planned == FIRST + SECOND

    agenda.follow(replace(event(1), **over))

    assert agenda.next_collection("ctlive:1:1", START) is None
    follow(agenda, event(3))
    assert agenda.next_collection("ctlive:1:3", START).planned == FIRST


def test_events_that_are_gone_from_the_hub_are_left(agenda):
    other = event(7, event_id="ctlive:2:7", timing_partner_id=2)
    follow(agenda, event(1), event(2), other)

    assert agenda.leave_all_but(1, {"ctlive:1:2"}) == ["ctlive:1:1"]
    assert agenda.event("ctlive:1:1") is None
    assert agenda.next_collection("ctlive:1:1", START) is None
    assert agenda.next_entry_list("ctlive:1:1", START) is None
    assert agenda.event("ctlive:2:7") == other
    agenda.collected("ctlive:1:1", START)
    agenda.entries_read("ctlive:1:1", START)
    assert agenda.event("ctlive:1:1") is None


def test_the_events_of_a_partner_are_counted_by_phase(agenda):
    week_later = START + 168 * HOUR
    follow(agenda, event(1), event(2), event(3, start_time=week_later), event(4, start_time=None))

    assert agenda.phases(1, START + HOUR) == {Phase.INTENSIVE: 2, Phase.WAITING: 1, Phase.OVER: 1}
    assert agenda.phases(2, START) == {}


# An entry list that moved while it was read -------------------------------------------------------------

READ = START - 12 * HOUR
DONE = READ + SECOND
MINUTE = timedelta(minutes=1)


@pytest.fixture
def moved(agenda):
    """An agenda with one event, whose entry list moved while it was read from READ until DONE."""
    agenda.follow(event())
    agenda.entries_moved("ctlive:1:1", READ, DONE)
    return agenda


def test_an_entry_list_that_moved_is_due_again_5_minutes_later_unless_somebody_read_it_since(moved):
    due = moved.next_entry_list("ctlive:1:1", DONE)

    assert (due.instant, due.planned) == (READ + timedelta.resolution, DONE + 5 * MINUTE)


def test_that_an_entry_list_moved_is_not_forgotten_for_news_of_its_event_or_for_other_settings(moved):
    assert moved.follow(event(name="Mile 1!", race_starts=(START + HOUR,), last_collection=READ))
    moved.follow(event(last_participant_sync=READ))
    moved.go_by(replace(DEFAULT, participants_interval=48 * HOUR))

    assert moved.next_entry_list("ctlive:1:1", DONE + MINUTE).planned == DONE + 5 * MINUTE


def test_an_entry_list_that_moves_each_time_is_read_less_and_less_whatever_is_heard_meanwhile(moved):
    waits = []
    for _ in range(4):
        again = moved.next_entry_list("ctlive:1:1", DONE).planned
        # The hub may say that it was read before whoever read it does.
        moved.follow(event(name=f"Mile {again}", last_participant_sync=again))
        moved.entries_moved("ctlive:1:1", again, again + SECOND)
        waits.append(moved.next_entry_list("ctlive:1:1", again).planned - (again + SECOND))

    assert waits == [10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 80 * MINUTE]


def test_an_entry_list_that_is_due_sooner_is_read_then_and_waits_5_minutes_when_it_moves(agenda):
    before_it_starts = START - 2 * MINUTE
    agenda.follow(event())
    agenda.entries_moved("ctlive:1:1", before_it_starts, before_it_starts)

    assert agenda.next_entry_list("ctlive:1:1", before_it_starts).planned == START
    agenda.entries_moved("ctlive:1:1", START, START + SECOND)
    assert agenda.next_entry_list("ctlive:1:1", START).planned == START + SECOND + 5 * MINUTE


def test_an_entry_list_that_moved_and_was_whole_later_is_due_as_always(moved):
    whole = DONE + 5 * MINUTE

    moved.entries_read("ctlive:1:1", whole)

    assert moved.next_entry_list("ctlive:1:1", whole).planned == START
    moved.entries_moved("ctlive:1:1", START, START)
    assert moved.next_entry_list("ctlive:1:1", START).planned == START + 5 * MINUTE


def test_an_entry_list_that_moved_and_was_read_elsewhere_later_is_due_as_always(moved):
    assert moved.follow(event(last_participant_sync=DONE + MINUTE))

    assert moved.next_entry_list("ctlive:1:1", DONE + MINUTE).planned == START


def test_an_entry_list_that_moved_when_it_was_read_last_is_read_once_more(agenda):
    last = START + 6 * HOUR
    agenda.follow(event(last_participant_sync=START))
    agenda.entries_moved("ctlive:1:1", last, last)

    assert agenda.next_entry_list("ctlive:1:1", last).planned == last + 5 * MINUTE
    agenda.entries_read("ctlive:1:1", last + 5 * MINUTE)
    assert agenda.next_entry_list("ctlive:1:1", last + 5 * MINUTE) is None


@pytest.mark.parametrize("over", [{"superseded": True}, {"start_time": None}])
def test_an_entry_list_that_moved_is_not_read_again_while_its_event_is_not_collected(moved, over):
    moved.follow(event(**over))

    assert moved.next_entry_list("ctlive:1:1", DONE) is None


def test_that_an_entry_list_moved_is_forgotten_with_its_event(moved):
    moved.leave_all_but(1, ())
    moved.entries_moved("ctlive:1:1", READ, DONE)
    assert moved.next_entry_list("ctlive:1:1", DONE) is None

    moved.follow(event(last_participant_sync=READ))

    assert moved.next_entry_list("ctlive:1:1", DONE).planned == START
