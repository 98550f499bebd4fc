"""Threads that compute take turns, and let whoever waits for the network go on."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from providers.computing import in_turns, turn


@given(st.integers(0, 1_700))
def test_everything_is_made_in_its_order(count):
    assert list(in_turns(range(count))) == list(range(count))


def test_nothing_is_made_while_another_thread_has_its_turn():
    made = threading.Event()
    thread = threading.Thread(target=lambda: [made.set() for _ in in_turns(range(3))])

    with turn:
        thread.start()
        assert not made.wait(0.1)
    assert made.wait(10)
    thread.join()


def test_a_turn_is_over_while_whoever_asked_does_something_with_what_was_made():
    taken = []

    def take():
        if turn.acquire(blocking=False):
            turn.release()
            taken.append(True)

    for _ in in_turns(range(3)):
        thread = threading.Thread(target=take)
        thread.start()
        thread.join()

    assert taken == [True] * 3
