"""The jobs of the daemon, on a real APScheduler."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from providers.clock import Clock
from schedulers.lanes import Job, Lanes

PATIENCE = 30


@pytest.fixture
def lanes(clock):
    running = Lanes(clock)
    running.open({"one": 1, "other": 1, "wide": 8})
    running.start()
    yield running
    if not running._stopped:
        running.halt()


def job(name, work, lane="wide", at=None):
    return Job(name, lane, at or datetime.now(UTC), work)


def test_a_job_says_what_comes_after_it(lanes):
    done, numbers = threading.Event(), []

    def count(number):
        numbers.append(number)
        if number == 50:
            done.set()
            return None
        # Due at once: APScheduler still counts the job that is about to end.
        return job("count", lambda: count(number + 1))

    lanes.plan(job("count", lambda: count(1)))

    assert done.wait(PATIENCE)
    assert numbers == list(range(1, 51))


def test_a_full_lane_delays_no_other(lanes):
    hold, done = threading.Event(), threading.Event()
    for number in range(5):
        lanes.plan(job(f"slow {number}", lambda: hold.wait(PATIENCE) and None, lane="one"))

    lanes.plan(job("quick", done.set, lane="other"))

    assert done.wait(PATIENCE)
    hold.set()


def test_a_lane_with_more_workers_does_more_side_by_side_and_what_runs_goes_on(lanes):
    hold, begun = threading.Event(), [threading.Event() for _ in range(4)]
    ended = [threading.Event() for _ in range(4)]

    def work(number):
        begun[number].set()
        hold.wait(PATIENCE)
        ended[number].set()

    lanes.plan(job("0", lambda: work(0), lane="one"))
    assert begun[0].wait(PATIENCE)
    lanes.open({"one": 3})
    for number in (1, 2, 3):
        lanes.plan(job(f"{number}", lambda number=number: work(number), lane="one"))

    assert all(one.wait(PATIENCE) for one in begun)
    hold.set()
    assert all(one.wait(PATIENCE) for one in ended)


def test_what_waits_in_a_lane_is_not_lost_when_it_has_other_workers(lanes):
    hold, begun, done = threading.Event(), threading.Event(), threading.Event()

    def begin():
        begun.set()
        hold.wait(PATIENCE)

    lanes.plan(job("first", begin, lane="wide"))
    lanes.plan(job("to come", done.set, lane="wide", at=datetime.now(UTC) + timedelta(seconds=0.3)))
    assert begun.wait(PATIENCE)

    lanes.open({"wide": 1})

    assert done.wait(PATIENCE)
    hold.set()


def test_a_lane_with_fewer_workers_does_fewer_side_by_side(lanes):
    lanes.open({"wide": 1})
    at_work, most, all_done = [], [], threading.Event()

    def work(number):
        at_work.append(number)
        most.append(len(at_work))
        at_work.remove(number)
        if len(most) == 50:
            all_done.set()

    for number in range(50):
        lanes.plan(job(f"{number}", lambda number=number: work(number)))

    assert all_done.wait(PATIENCE)
    assert max(most) == 1


def test_a_job_that_runs_is_neither_run_twice_nor_replaced(lanes):
    began, hold, after = threading.Event(), threading.Event(), threading.Event()
    others = []

    def first():
        began.set()
        hold.wait(PATIENCE)
        return job("same", after.set)

    lanes.plan(job("same", first))
    assert began.wait(PATIENCE)
    lanes.plan(job("same", lambda: others.append(1)))
    hold.set()

    assert after.wait(PATIENCE)
    assert others == []


def test_a_job_that_is_planned_while_one_of_its_name_runs_comes_after_it_when_that_says_nothing(lanes):
    began, hold, after = threading.Event(), threading.Event(), threading.Event()

    def first():
        began.set()
        hold.wait(PATIENCE)

    lanes.plan(job("same", first))
    assert began.wait(PATIENCE)
    lanes.plan(job("same", after.set))
    hold.set()

    assert after.wait(PATIENCE)


def test_a_job_that_waits_is_replaced_by_the_next_of_its_name(lanes):
    done, former = threading.Event(), []
    lanes.plan(job("same", lambda: former.append(1), at=datetime.now(UTC) + timedelta(hours=1)))

    lanes.plan(job("same", done.set))

    assert done.wait(PATIENCE)
    assert former == []


def test_a_fault_in_a_job_is_logged_and_its_line_goes_on_later(lanes, capsys):
    def fault():
        raise LookupError("of ours")

    lanes.plan(job("broken", fault, lane="one"))
    done = threading.Event()
    lanes.plan(job("after it", done.set, lane="one"))

    assert done.wait(PATIENCE)
    assert lanes._scheduler.get_job("broken") is not None
    assert "job.broke" in capsys.readouterr().out


@pytest.fixture
def refusals(monkeypatch):
    """How many of the next workers' threads cannot be started, and what is told when that was so."""
    start, left, refused = threading.Thread.start, [0], threading.Event()

    def start_unless_refused(thread):
        if left[0] and thread.name.startswith("ThreadPoolExecutor"):
            left[0] -= 1
            refused.set()
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_unless_refused)
    return left, refused


def test_a_job_that_no_worker_could_take_is_handed_over_again_and_done_once(refusals):
    left, refused = refusals
    with time_machine.travel(datetime(2026, 4, 18, 7, tzinfo=UTC)) as traveller:
        lanes, done, beat, count = Lanes(Clock()), threading.Event(), threading.Event(), []
        lanes.open({"one": 1, "beat": 1})
        lanes.start()

        def work():
            count.append(1)
            done.set()

        left[0] = 1
        lanes.plan(job("unlucky", work, lane="one"))
        assert refused.wait(PATIENCE)
        lanes.plan(job("beat", beat.set, lane="beat"))
        assert beat.wait(PATIENCE)
        assert "unlucky" in lanes.waiting()

        traveller.shift(timedelta(seconds=11))
        lanes.plan(job("beat", lambda: None, lane="beat"))

        assert done.wait(PATIENCE)
        after = threading.Event()
        # Its lane has one worker: whatever waited there for it comes before this.
        lanes.plan(job("after", after.set, lane="one"))
        assert after.wait(PATIENCE)
        assert len(count) == 1
        assert "unlucky" not in lanes.waiting()
        lanes.halt()


def test_a_job_that_comes_through_though_its_hand_over_failed_has_one_successor(refusals):
    left, refused = refusals
    with time_machine.travel(datetime(2026, 4, 18, 7, tzinfo=UTC)) as traveller:
        lanes, done, count = Lanes(Clock()), threading.Event(), []
        lanes.open({"wide": 2, "beat": 1})
        lanes.start()

        def work():
            count.append(1)
            done.set()
            return job("unlucky", lambda: count.append(2), at=datetime.now(UTC) + timedelta(hours=1))

        left[0] = 1
        lanes.plan(job("unlucky", work))
        assert refused.wait(PATIENCE)
        # The worker that this one gets takes what the other left in the lane, too.
        lanes.plan(job("lucky", lambda: None))
        assert done.wait(PATIENCE)
        wait_for = threading.Event()
        lanes.plan(job("after", wait_for.set))
        assert wait_for.wait(PATIENCE)

        traveller.shift(timedelta(seconds=11))
        beat = threading.Event()
        lanes.plan(job("beat", beat.set, lane="beat"))
        assert beat.wait(PATIENCE)

        assert count == [1]
        lanes.halt()


def test_the_end_waits_for_what_runs_and_starts_nothing_more(lanes):
    began, hold, ended = threading.Event(), threading.Event(), threading.Event()
    others = []

    def last():
        began.set()
        hold.wait(PATIENCE)
        ended.set()
        return job("never", lambda: others.append(1))

    lanes.plan(job("last", last, lane="one"))
    assert began.wait(PATIENCE)
    lanes.plan(job("queued", lambda: others.append(2), lane="one"))
    lanes.halt()
    lanes.plan(job("late", lambda: others.append(3)))
    threading.Timer(0.1, hold.set).start()
    lanes.wait()

    assert ended.is_set()
    assert others == []


def test_a_lane_that_is_closed_drops_what_waits_and_lets_what_runs_end(lanes):
    began, hold, ended = threading.Event(), threading.Event(), threading.Event()
    others = []

    def running():
        began.set()
        hold.wait(PATIENCE)
        ended.set()
        return job("running", lambda: others.append(1), lane="one")

    lanes.plan(job("running", running, lane="one"))
    assert began.wait(PATIENCE)
    lanes.plan(job("queued", lambda: others.append(2), lane="one"))
    lanes.plan(job("later", lambda: others.append(3), lane="one", at=datetime.now(UTC) + timedelta(hours=1)))
    lanes.close("one")
    hold.set()
    assert ended.wait(PATIENCE)
    lanes.open({"one": 1})
    again = threading.Event()
    lanes.plan(job("later", again.set, lane="one"))

    assert again.wait(PATIENCE)
    assert others == []


def test_a_clock_that_is_set_forward_is_noticed_with_the_next_plan():
    with time_machine.travel(datetime(2026, 4, 18, 7, tzinfo=UTC)) as traveller:
        lanes, done = Lanes(Clock()), threading.Event()
        lanes.open({"one": 1, "beat": 1})
        lanes.start()
        lanes.plan(job("in an hour", done.set, lane="one", at=datetime.now(UTC) + timedelta(hours=1)))

        traveller.shift(timedelta(hours=2))
        lanes.plan(job("beat", lambda: None, lane="beat"))

        assert done.wait(PATIENCE)
        lanes.halt()


def test_a_clock_that_is_set_back_stops_neither_the_signs_of_life_nor_what_is_due_then():
    with time_machine.travel(datetime(2026, 4, 18, 7, tzinfo=UTC)) as traveller:
        lanes, done, beat = Lanes(Clock()), threading.Event(), threading.Event()
        lanes.open({"one": 1, "beat": 1})
        lanes.start()
        lanes.plan(job("beat", lambda: None, lane="beat", at=datetime.now(UTC) + timedelta(seconds=5)))

        traveller.shift(timedelta(hours=-2))
        lanes.plan(job("due", done.set, lane="one"))
        lanes.plan(job("beat", beat.set, lane="beat"))

        assert done.wait(PATIENCE)
        assert beat.wait(PATIENCE)
        lanes.halt()
