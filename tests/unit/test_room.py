"""How many athletes are held in memory at once."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from providers.clock import Interrupted
from providers.readings import Announced
from providers.room import ROOM, Room, weight_of

LARGE = Announced(30_000, 240_000)
SMALL = Announced(100, 800)


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


def test_who_has_nothing_inside_comes_in_whoever_fills_the_room(enter):
    room = Room()
    first, _, _ = enter(room, LARGE, owner="one")
    assert first.wait(10)
    waiting, _, _ = enter(room, SMALL, owner="one")

    other, done, _ = enter(room, LARGE, owner="another")
    others_second, _, _ = enter(room, SMALL, owner="another")

    assert other.wait(10)
    assert not waiting.wait(0.1)
    assert not others_second.is_set()
    done.set()
    assert others_second.wait(10)


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
