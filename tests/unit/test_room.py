"""How many athletes are held in memory at once."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from providers.clock import Interrupted
from providers.readings import Announced
from providers.room import ROOM, USUAL, Room, weight_of

LARGE = Announced(30_000, 240_000)
SMALL = Announced(100, 800)
# What takes that part of the room.
FIFTH, TENTH = Announced(4_000, 32_000), Announced(1_500, 12_000)


@pytest.fixture
def enter():
    """Lets an event into a room in a thread of its own; returns when it is in, and what lets it go."""
    with ExitStack() as stack:

        def start(room, announced, stopping=None, owner=None):
            inside, done, refused = threading.Event(), threading.Event(), threading.Event()

            def stay():
                try:
                    with room.admit(announced, owner, stopping):
                        inside.set()
                        done.wait(60)
                except Interrupted:
                    refused.set()

            thread = threading.Thread(target=stay)
            thread.start()
            stack.callback(thread.join)
            stack.callback(done.set)
            return inside, done, refused

        yield start


def test_small_events_are_in_together(enter):
    room = Room()

    entered = [enter(room, SMALL)[0] for _ in range(10)]

    assert all(inside.wait(10) for inside in entered)


def test_an_event_that_is_larger_than_the_room_is_in_alone(enter):
    room = Room()
    first, done, _ = enter(room, LARGE)
    assert first.wait(10)

    second, _, _ = enter(room, SMALL)

    assert not second.wait(0.1)
    done.set()
    assert second.wait(10)


def test_an_event_of_unknown_size_takes_all_the_room():
    assert weight_of(None) == ROOM


def test_a_large_event_does_not_wait_for_ever_behind_small_ones_that_came_later(enter):
    room = Room()
    early, done, _ = enter(room, SMALL)
    assert early.wait(10)
    large, large_done, _ = enter(room, LARGE)
    assert not large.wait(0.1)

    late, _, _ = enter(room, SMALL)

    assert not late.wait(0.1)
    done.set()
    assert large.wait(10)
    large_done.set()
    assert late.wait(10)


def test_whoever_waits_when_the_room_closes_is_interrupted(enter):
    room = Room()
    inside, _, _ = enter(room, LARGE)
    assert inside.wait(10)
    waiting, _, refused = enter(room, LARGE)
    assert not waiting.wait(0.1)

    room.close()

    assert refused.wait(10)


def test_many_small_rows_weigh_as_the_pages_that_hold_them():
    assert weight_of(Announced(0, 0)) == 0
    assert (
        weight_of(Announced(20, 20)) < weight_of(Announced(1_000, 1_000)) < weight_of(Announced(1_000, 9_000))
    )


def test_nobody_waits_for_room_that_another_ones_events_hold(enter):
    room = Room()
    hanging = [enter(room, FIFTH, owner="one")[0] for _ in range(6)]
    assert all(inside.wait(10) for inside in hanging[:5])

    others = [enter(room, TENTH, owner="another")[0] for _ in range(6)]

    assert all(inside.wait(10) for inside in others[:5])
    assert not others[5].wait(0.1)
    assert not hanging[5].is_set()


def test_a_large_event_waits_until_it_has_been_patient(enter):
    room = Room(patience=0.2)
    first, _, _ = enter(room, LARGE, owner="one")
    assert first.wait(10)

    late, _, _ = enter(room, LARGE, owner="another")

    assert not late.wait(0.05)
    assert late.wait(10)


def test_those_who_have_been_patient_come_in_one_at_a_time(enter):
    room = Room(patience=0.05)
    first, _, _ = enter(room, LARGE, owner="one")
    assert first.wait(10)
    patient, done, _ = enter(room, LARGE, owner="another")
    assert patient.wait(10)

    waits, _, _ = enter(room, LARGE, owner="another")

    assert not waits.wait(0.3)
    done.set()
    assert waits.wait(10)


def test_an_event_of_usual_size_comes_in_where_nothing_of_its_owner_is_inside(enter):
    room = Room()
    first, _, _ = enter(room, LARGE, owner="one")
    assert first.wait(10)

    for number in range(20):
        usual, _, _ = enter(room, USUAL, owner=number)
        assert usual.wait(10)


def test_whoever_waits_is_interrupted_when_it_is_to_stop_and_nobody_else(enter):
    room, stopping = Room(), threading.Event()
    inside, done, _ = enter(room, LARGE)
    assert inside.wait(10)
    _, _, refused = enter(room, SMALL, stopping)
    other, _, _ = enter(room, SMALL)

    stopping.set()
    room.wake()

    assert refused.wait(10)
    assert not other.is_set()
    done.set()
    assert other.wait(10)
