"""One clock, at any speed, and its text form."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from providers.clock import Clock, Interrupted

WALL = datetime(2025, 4, 21, 12, tzinfo=UTC)
RACE = datetime(2013, 4, 15, 14, tzinfo=UTC)

# Hypothesis takes the bounds naive.
instants = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001
    datetime(2090, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@st.composite
def clocks(draw):
    start = race = draw(instants)
    wall = draw(instants)
    speeds = draw(st.lists(st.floats(0.01, 100_000), min_size=1, max_size=4))
    pairs = []
    for speed in speeds:
        pairs.append((race, speed))
        race += draw(st.timedeltas(timedelta(milliseconds=1), timedelta(days=3)))
    return Clock.running(wall, *pairs), wall, start


@given(clocks(), st.lists(st.timedeltas(timedelta(days=-3), timedelta(days=12)), max_size=5))
def test_the_text_form_makes_the_same_clock_again(made, spans):
    clock, _, start = made
    again = Clock.parse(str(clock))

    assert str(again) == str(clock)
    for span in spans:
        assert again.wall(start + span) == clock.wall(start + span)


@given(clocks(), st.timedeltas(timedelta(hours=-1), timedelta(days=10)))
def test_wall_undoes_now(made, since):
    clock, wall, _ = made
    real = wall + since
    with time_machine.travel(real, tick=False):
        back = clock.wall(clock.now())
        # Race time is told to the microsecond, which a slow clock takes 1/speed of them to pass.
        assert abs(back - real) <= timedelta(microseconds=2) * (1 + 1 / clock.speed)


@pytest.mark.parametrize(
    ("minutes", "race", "speed"),
    [
        (-1, RACE - timedelta(minutes=60), 60),
        (0, RACE, 60),
        (1, RACE + timedelta(minutes=60), 60),
        (2, RACE + timedelta(minutes=120), 600),
        (3, RACE + timedelta(minutes=720), 600),
        (4, RACE + timedelta(minutes=1320), 1),
        (14, RACE + timedelta(minutes=1330), 1),
    ],
)
def test_each_stretch_runs_at_its_own_speed(minutes, race, speed):
    clock = Clock.parse(
        "2025-04-21T12:00:00Z=2013-04-15T14:00:00Z@60,2013-04-15T16:00:00Z@600,2013-04-16T12:00:00Z@1"
    )
    with time_machine.travel(WALL + timedelta(minutes=minutes), tick=False):
        assert clock.now() == race
        assert clock.speed == speed


def test_an_empty_text_is_real_time():
    clock = Clock.parse(" ")
    with time_machine.travel(WALL, tick=False):
        assert (clock.now(), clock.speed, clock.wall(RACE), str(clock)) == (WALL, 1, RACE, "")


def test_instants_of_any_zone_are_told_in_utc():
    paris = timezone(timedelta(hours=2))
    clock = Clock.running(WALL.astimezone(paris), (RACE.astimezone(paris), 2))
    assert clock.wall(RACE).tzinfo is UTC
    assert Clock().wall(RACE.astimezone(paris)).tzinfo is UTC
    assert str(clock) == "2025-04-21T12:00:00+00:00=2013-04-15T14:00:00+00:00@2"


@pytest.mark.parametrize("seconds_ahead", [-5, 0])
def test_what_has_come_needs_no_more_waiting(seconds_ahead):
    clock = Clock.running(WALL, (RACE, 10))
    with time_machine.travel(WALL, tick=False):
        assert clock.wall_seconds_until(RACE + timedelta(seconds=seconds_ahead)) == 0


def test_waiting_is_shorter_by_the_speed():
    clock = Clock.running(WALL, (RACE, 10))
    with time_machine.travel(WALL, tick=False):
        assert clock.wall_seconds_until(RACE + timedelta(seconds=60)) == 6


def test_sleep_passes_race_time():
    clock = Clock.running(datetime.now(UTC), (RACE, 1_000_000))
    before = clock.now()
    clock.sleep(5_000)
    assert clock.now() - before >= timedelta(seconds=5_000)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fast", "is not of the form WALL=RACE@SPEED"),
        ("2025-04-21T12:00:00Z=", "is not of the form WALL=RACE@SPEED"),
        ("2025-04-21T12:00:00Z=2013-04-15T14:00:00Z", "is not of the form WALL=RACE@SPEED"),
        ("2025-04-21T12:00:00Z=2013-04-15T14:00:00Z@", "is not of the form WALL=RACE@SPEED"),
        ("2025-04-21T12:00:00=2013-04-15T14:00:00Z@2", "aware instants only"),
        ("2025-04-21T12:00:00Z=2013-04-15T14:00:00@2", "aware instants only"),
        ("yesterday=2013-04-15T14:00:00Z@2", "cannot read 'yesterday' as an instant"),
        ("2025-04-21T12:00:00Z=2013-04-31T14:00:00Z@2", "cannot read '2013-04-31T14:00:00Z' as an instant"),
        ("2025-04-21T12:00:00Z=2013-04-15T14:00:00Z@quick", "must be a positive number, not 'quick'"),
        ("2025-04-21T12:00:00Z=2013-04-15T14:00:00Z@3_0", "must be a positive number, not '3_0'"),
        ("2025-04-21T12:00:00Z=2013-04-15T14:00:00Z@0", "must be a positive number, not 0"),
        ("2025-04-21T12:00:00Z=2013-04-15T14:00:00Z@-1", "must be a positive number, not -1"),
        ("2025-04-21T12:00:00Z=2013-04-15T14:00:00Z@nan", "must be a positive number, not nan"),
        ("2025-04-21T12:00:00Z=2013-04-15T14:00:00Z@inf", "must be a positive number, not inf"),
        (
            "2025-04-21T12:00:00Z=2013-04-15T14:00:00Z@2,2013-04-15T14:00:00Z@3",
            "must be in order of time",
        ),
        (
            "2025-04-21T12:00:00Z=2013-04-15T14:00:00Z@1e-9,2014-04-15T14:00:00Z@3",
            "never reaches 2014-04-15",
        ),
    ],
)
def test_an_impossible_clock_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        Clock.parse(text)


def test_a_naive_instant_has_no_place_in_real_time():
    for clock in (Clock(), Clock.running(WALL, (RACE, 2))):
        with pytest.raises(ValueError, match="aware instants only"):
            clock.wall(RACE.replace(tzinfo=None))


def test_a_wait_is_given_up_when_the_end_comes():
    stopping = threading.Event()
    threading.Timer(0.05, stopping.set).start()
    before = time.monotonic()

    with pytest.raises(Interrupted):
        Clock().sleep(60, stopping)

    assert time.monotonic() - before < 30
