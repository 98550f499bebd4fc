"""The request budget: never more than the limit in any window, whoever asks."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyrate_limiter import InMemoryBucket

from providers.clock import Clock
from providers.errors import RetryLater, SettingsInvalid
from providers.rate_limit import REQUESTS_PER_HOUR, REQUESTS_PER_MINUTE, Limit, RequestBudget

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
RACE = datetime(2025, 4, 21, 14, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def open_budget(tmp_path):
    opened = []

    def make(limit, clock, name="partner"):
        opened.append(RequestBudget(tmp_path, name, limit, clock))
        return opened[-1]

    yield make
    for budget in opened:
        budget.close()


class StandingClock(Clock):
    """Stands still until somebody waits, so that no test hangs on how fast this machine is."""

    def __init__(self, at=RACE):
        super().__init__()
        self.at = at

    def now(self):
        return self.at

    def sleep(self, seconds, stopping=None):
        self.at += timedelta(seconds=seconds)

    def passed(self):
        return (self.at - RACE).total_seconds()


def clock_at(speed):
    return Clock.running(datetime.now(UTC), (RACE, speed))


def spent(folder, name="partner"):
    """Return the instants of race time, in ms, at which requests were granted."""
    account = sqlite3.connect(folder / f"{name}.sqlite")
    try:
        return sorted(row[0] for row in account.execute("SELECT item_timestamp FROM requests"))
    finally:
        account.close()


def most_within(instants, window_ms):
    """Return the largest number of instants in any window of that length."""
    return max(sum(start <= other < start + window_ms for other in instants) for start in instants)


def test_no_window_of_a_minute_ever_holds_more_than_the_limit(open_budget, tmp_path):
    clock = StandingClock()
    budget = open_budget(Limit(per_minute=12), clock)
    waits = [budget.take() for _ in range(60)]

    instants = spent(tmp_path)
    assert len(instants) == 60
    assert most_within(instants, MINUTE_MS) == 12
    assert [wait > 0 for wait in waits] == [False] * 12 + ([True] + [False] * 11) * 4
    assert clock.passed() == pytest.approx(4 * 61, abs=0.1)


def test_no_window_of_an_hour_ever_holds_more_than_the_limit(open_budget, tmp_path):
    limit = Limit(per_minute=30, per_hour=50)
    budget = open_budget(limit, StandingClock())
    waits = [budget.take() for _ in range(120)]

    assert waits[:30] == [0.0] * 30
    instants = spent(tmp_path)
    assert most_within(instants, HOUR_MS) == 50
    assert most_within(instants, MINUTE_MS) == 30


def test_the_smallest_limit_lets_one_request_a_minute_through(open_budget, tmp_path):
    budget = open_budget(Limit(per_minute=1), StandingClock())
    waits = [budget.take() for _ in range(5)]

    assert waits[0] == 0
    assert all(waits[1:])
    assert len(spent(tmp_path)) == 5
    assert most_within(spent(tmp_path), MINUTE_MS) <= 1


def test_within_the_limit_nobody_waits(open_budget):
    budget = open_budget(Limit(), Clock())
    assert [budget.take() for _ in range(100)] == [0.0] * 100


def test_two_budgets_on_one_folder_share_one_account(open_budget, tmp_path):
    clock = StandingClock()
    budgets = [open_budget(Limit(per_minute=10), clock) for _ in range(2)]
    waits = [budget.take() for _ in range(20) for budget in budgets]

    assert waits[:10] == [0.0] * 10
    instants = spent(tmp_path)
    assert len(instants) == 40
    assert most_within(instants, MINUTE_MS) <= 10


def test_two_accounts_do_not_touch_each_other(open_budget):
    limit, clock = Limit(per_minute=1), Clock()
    assert open_budget(limit, clock, "one").take() == 0
    assert open_budget(limit, clock, "other").take() == 0


def test_threads_share_the_budget(open_budget, tmp_path):
    budget = open_budget(Limit(per_minute=10), clock_at(5_000))
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: budget.take(), range(50)))

    assert waits.count(0.0) >= 10
    instants = spent(tmp_path)
    assert len(instants) == 50
    assert most_within(instants, MINUTE_MS) <= 10


_TAKER = """
import sys
from pathlib import Path
from providers.clock import Clock
from providers.rate_limit import Limit, RequestBudget

folder, clock, requests = sys.argv[1:]
budget = RequestBudget(Path(folder), "partner", Limit(per_minute=10), Clock.parse(clock))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(requests)):
    budget.take()
budget.close()
"""


def test_two_processes_share_the_budget(tmp_path):
    command = [sys.executable, "-c", _TAKER, str(tmp_path), str(clock_at(2_000)), "25"]
    takers = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [taker.stdout.readline() for taker in takers] == ["ready\n"] * 2
    for taker in takers:  # both are there: now they race
        taker.stdin.write("go\n")
        taker.stdin.flush()
    for taker in takers:
        taker.communicate(timeout=60)

    instants = spent(tmp_path)
    assert [taker.returncode for taker in takers] == [0, 0]
    assert len(instants) == 50
    assert most_within(instants, MINUTE_MS) <= 10


class AccountWatch(StandingClock):
    """Notes whenever it is read whether the account is held against other processes, by the lock of old."""

    def __init__(self, account):
        super().__init__()
        self._lock_path = account.with_name(f"{account.name}.lock")
        self.held = []

    def now(self):
        with self._lock_path.open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.held.append(True)
            else:
                self.held.append(False)
        return super().now()


def test_the_account_is_held_against_other_processes_while_it_is_used_and_no_longer(open_budget, tmp_path):
    watch = AccountWatch(tmp_path / "partner.sqlite")
    budget = open_budget(Limit(), watch)
    budget.take()
    assert watch.held == [True, True]

    watch.now()
    assert watch.held[-1] is False


def test_what_was_spent_before_still_counts_when_the_account_is_opened_again(open_budget):
    clock = StandingClock()
    first = open_budget(Limit(per_minute=1), clock)
    first.take()
    first.close()

    assert open_budget(Limit(per_minute=1), clock).take() > 0


def test_requests_go_on_where_somebody_has_removed_the_folder(open_budget, tmp_path):
    budget = open_budget(Limit(per_minute=3), StandingClock())
    budget.take()
    shutil.rmtree(tmp_path)

    assert budget.take() == 0
    assert budget.used() == 2


def test_a_long_account_forgets_what_is_too_old_to_count(open_budget, tmp_path):
    budget = open_budget(Limit(per_minute=600), StandingClock())
    for _ in range(1_001):
        budget.take()

    assert len(spent(tmp_path)) < 1_001


def test_a_clock_that_was_set_back_does_not_stop_the_partner(open_budget):
    rehearsal = open_budget(Limit(per_minute=3), StandingClock(RACE + timedelta(days=2)))
    for _ in range(3):
        rehearsal.take()

    assert open_budget(Limit(per_minute=3), StandingClock()).take() < 1


@given(st.integers(1, 100_000), st.integers(1, 200_000))
@example(1_500, 90_000)
@example(1_510, 90_000)  # 60 full minutes are more than the hour, by a hair
@example(1_600, 90_000)
def test_whatever_the_limits_the_rates_keep_both(per_minute, per_hour):
    rates = Limit(per_minute, per_hour).rates()

    InMemoryBucket(rates)  # which refuses rates that make no sense to it
    minute = min(-(-MINUTE_MS // rate.interval) * rate.limit for rate in rates)
    hour = min(-(-HOUR_MS // rate.interval) * rate.limit for rate in rates)
    assert 0 < minute <= per_minute
    assert 0 < hour <= per_hour


def test_the_limit_of_the_specification_is_the_default():
    assert (REQUESTS_PER_MINUTE, REQUESTS_PER_HOUR) == (1500, 90_000)
    assert Limit() == Limit(1500, 90_000)
    assert [rate.limit for rate in Limit().rates()] == [1500]


def test_an_account_that_cannot_be_opened_is_refused_with_its_path(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "damaged.sqlite").write_text("not an account, but long enough to be taken for one" * 20)

    with pytest.raises(SettingsInvalid, match=r"file/partner\.sqlite cannot be opened"):
        RequestBudget(tmp_path / "file", "partner", Limit(), Clock())
    with pytest.raises(SettingsInvalid, match=r"damaged\.sqlite cannot be opened"):
        RequestBudget(tmp_path, "damaged", Limit(), Clock())


def test_an_account_that_breaks_later_can_be_tried_again(open_budget, tmp_path):
    budget = open_budget(Limit(), Clock())
    account = sqlite3.connect(tmp_path / "partner.sqlite")
    account.execute("DROP TABLE requests")
    account.close()

    with pytest.raises(RetryLater, match=r"partner\.sqlite cannot be used"):
        budget.take()


def test_closing_twice_is_harmless(open_budget):
    budget = open_budget(Limit(), Clock())
    budget.close()
    budget.close()


def test_whoever_leaves_room_keeps_within_a_share_of_the_limit_in_any_minute(open_budget, tmp_path):
    budget = open_budget(Limit(per_minute=12), StandingClock())
    budget.leave_room("backfill", lambda: 0.5)

    waits = [budget.take() for _ in range(30)]

    assert [wait > 0 for wait in waits] == [False] * 6 + ([True] + [False] * 5) * 4
    assert most_within(spent(tmp_path), MINUTE_MS) == 6


def test_the_room_that_is_left_is_anothers_at_once(open_budget):
    clock = StandingClock()
    modest, other = (open_budget(Limit(per_minute=12), clock) for _ in range(2))
    modest.leave_room("backfill", lambda: 0.5)

    assert [modest.take() for _ in range(6)] == [0.0] * 6
    assert [other.take() for _ in range(6)] == [0.0] * 6


def test_a_share_is_one_for_all_processes_that_leave_room_under_one_name(open_budget, tmp_path):
    clock = StandingClock()
    budgets = [open_budget(Limit(per_minute=12), clock) for _ in range(2)]
    for budget in budgets:
        budget.leave_room("backfill", lambda: 0.5)

    for _ in range(15):
        for budget in budgets:
            budget.take()

    assert most_within(spent(tmp_path), MINUTE_MS) == 6


def test_a_share_may_change_from_one_request_to_the_next(open_budget):
    share = [1.0]
    budget = open_budget(Limit(per_minute=12), StandingClock())
    budget.leave_room("backfill", lambda: share[0])
    assert [budget.take() for _ in range(10)] == [0.0] * 10

    share[0] = 0.5

    assert budget.take() > 0


def test_the_smallest_share_lets_one_request_a_minute_through(open_budget):
    budget = open_budget(Limit(per_minute=12), StandingClock())
    budget.leave_room("backfill", lambda: 0.001)

    assert budget.take() == 0.0
    assert budget.take() > 0


def test_a_clock_that_was_set_back_does_not_stop_whoever_leaves_room(open_budget):
    rehearsal = open_budget(Limit(per_minute=12), StandingClock(RACE + timedelta(days=2)))
    rehearsal.leave_room("backfill", lambda: 0.5)
    for _ in range(6):
        rehearsal.take()

    now = open_budget(Limit(per_minute=12), StandingClock())
    now.leave_room("backfill", lambda: 0.5)
    assert now.take() < 1
