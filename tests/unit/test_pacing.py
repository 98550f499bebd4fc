"""Requests of one piece of work follow each other with a pause; of all, no more at once than allowed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import pairwise

import pytest

from providers.clock import Interrupted
from providers.pacing import Connections, Pace, paced, turn

NEVER = threading.Event()


def unbounded():
    return Connections(lambda: None)


class Meter:
    """Notes when requests begin and end, and how many are under way."""

    def __init__(self, seconds=0.0):
        self.spans, self.most = [], 0
        self._seconds, self._now, self._lock = seconds, 0, threading.Lock()

    def request(self):
        with turn(NEVER):
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
            began = time.monotonic()
            NEVER.wait(self._seconds)
            with self._lock:
                self._now -= 1
                self.spans.append((began, time.monotonic()))


def side_by_side(meter, times):
    with ThreadPoolExecutor(times) as threads:
        done = [threads.submit(copy_context().run, meter.request) for _ in range(times)]
        for one in done:
            one.result()


def test_requests_of_one_pace_follow_each_other_with_the_pause_between_whichever_thread_makes_them():
    meter = Meter(0.01)

    with paced(Pace(0.05, unbounded())):
        side_by_side(meter, 4)

    spans = sorted(meter.spans)
    assert meter.most == 1
    pauses = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
    assert min(pauses) >= 0.049


def test_without_a_pause_requests_are_made_side_by_side():
    meter = Meter(0.2)

    with paced(Pace(0, unbounded())):
        side_by_side(meter, 4)

    assert meter.most > 1


def test_two_paces_do_not_wait_for_each_other():
    meter = Meter(0.2)

    def work():
        with paced(Pace(5, unbounded())):
            meter.request()

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(work) for _ in range(2)]:
            done.result(4)

    assert meter.most == 2


def test_no_more_requests_are_under_way_than_allowed_and_the_bound_may_change():
    allowed = [2]
    connections = Connections(lambda: allowed[0])
    meter = Meter(0.05)

    with paced(Pace(0, connections)):
        side_by_side(meter, 8)
        assert meter.most <= 2
        allowed[0] = None
        side_by_side(meter, 8)

    assert meter.most > 2


@pytest.mark.parametrize(
    "pace",
    [Pace(60, unbounded()), Pace(0, Connections(lambda: 1)), Pace(60, Connections(lambda: 1))],
    ids=["a pause", "a connection", "both"],
)
def test_whoever_waits_is_interrupted(pace):
    stopping, inside, done = threading.Event(), threading.Event(), threading.Event()

    def hold():
        with paced(pace), turn(NEVER):
            inside.set()
            done.wait(30)

    def wait():
        with paced(pace), turn(stopping):
            pass

    with ThreadPoolExecutor(2) as threads:
        holding = threads.submit(hold)
        inside.wait(10)
        waiting = threads.submit(wait)
        stopping.set()
        if pace._pause:  # the turn itself is not given up, but the pause after it
            done.set()
        with pytest.raises(Interrupted):
            waiting.result(10)
        done.set()
        holding.result(10)


def test_work_without_a_pace_makes_its_requests_at_once():
    meter = Meter()
    meter.request()

    assert meter.most == 1
