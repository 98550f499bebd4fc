"""The scheduler's settings: what is taken, and what is refused in a sentence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers.errors import SettingsInvalid
from schedulers.settings import SETTINGS, SchedulerSettings, metrics_address
from schedulers.windows import DEFAULT

PREFIX = "CHRONOTRACK_LIVE_"
# Settings under which each of the others may be as small or as large as it is allowed to be.
WIDE = {
    "INTENSIVE_INTERVAL_SECONDS": "1",
    "STANDARD_INTERVAL_HOURS": "0.01",
    "MAX_COLLECTION_HOURS": "720",
}
NARROW = {"INITIAL_DELAY_MINUTES": "0", "INTENSIVE_DURATION_HOURS": "0.01"}


def settings(**values):
    return SchedulerSettings.from_env({PREFIX + name: value for name, value in values.items()})


def refused(**values):
    with pytest.raises(SettingsInvalid) as refusal:
        settings(**values)
    return str(refusal.value)


def test_without_a_word_they_are_the_specifications():
    taken = settings()

    assert taken.windows == DEFAULT
    assert (taken.discovery_interval, taken.max_concurrent_events) == (timedelta(hours=6), 10)
    assert settings(MAX_CONCURRENT_EVENTS="") == taken


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_what_is_not_allowed_is_refused_with_the_variable_the_value_the_bounds_and_the_meaning(setting):
    name = setting.variable.removeprefix(PREFIX)
    below, above = f"{setting.smallest - 0.005:g}", f"{setting.largest * 1.01:g}"

    for value in (below, above, "-1", "nan", "inf", "-inf", "1e999", "soon", "5 min", "3_0", " "):
        said = refused(**{name: value})
        assert said.startswith(f"{setting.variable} is {value!r}: ")
        assert setting.allowed in said
        assert setting.help in said


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_either_bound_is_allowed(setting):
    name = setting.variable.removeprefix(PREFIX)
    lowest = WIDE | NARROW if name == "MAX_COLLECTION_HOURS" else WIDE

    assert settings(**lowest | {name: f"{setting.smallest}"}).values[setting.variable] == setting.smallest
    if name not in ("INTENSIVE_INTERVAL_SECONDS", "INTENSIVE_DURATION_HOURS", "STANDARD_INTERVAL_HOURS"):
        assert settings(**WIDE | {name: f"{setting.largest}"}).values[setting.variable] == setting.largest


def test_the_longest_intervals_and_phases_fit_into_the_longest_windows():
    taken = settings(
        INTENSIVE_INTERVAL_SECONDS="86400",
        INTENSIVE_DURATION_HOURS="168",
        STANDARD_INTERVAL_HOURS="168",
        MAX_COLLECTION_HOURS="720",
    )

    assert taken.windows.standard_interval == taken.windows.intensive_duration == timedelta(days=7)


def test_a_collection_may_begin_at_the_start_itself():
    assert settings(INITIAL_DELAY_MINUTES="0").windows.initial_delay == timedelta(0)


@pytest.mark.parametrize("value", ["0.5", "2.5", "0", "100000"])
def test_half_an_event_is_not_collected_nor_any_number_of_them(value):
    assert "set it to a whole number, 1 to 100" in refused(MAX_CONCURRENT_EVENTS=value)


def test_an_intensive_interval_longer_than_its_phase_is_refused():
    said = refused(INTENSIVE_INTERVAL_SECONDS="7200", INTENSIVE_DURATION_HOURS="1")

    assert f"{PREFIX}INTENSIVE_INTERVAL_SECONDS (2:00:00) is longer" in said
    assert f"{PREFIX}INTENSIVE_DURATION_HOURS (1:00:00)" in said
    assert settings(INTENSIVE_INTERVAL_SECONDS="3600", INTENSIVE_DURATION_HOURS="1")


def test_a_standard_interval_longer_than_what_is_left_of_the_window_is_refused():
    said = refused(STANDARD_INTERVAL_HOURS="6", MAX_COLLECTION_HOURS="10")

    assert f"{PREFIX}STANDARD_INTERVAL_HOURS (6:00:00) is longer than the standard phase (4:55:00)" in said
    assert f"{PREFIX}MAX_COLLECTION_HOURS" in said


def test_a_window_may_end_with_its_intensive_phase():
    taken = settings(INITIAL_DELAY_MINUTES="0", MAX_COLLECTION_HOURS="5")

    assert taken.windows.max_collection == taken.windows.intensive_duration


def test_a_window_that_ends_before_its_intensive_phase_is_refused():
    said = refused(MAX_COLLECTION_HOURS="5")

    assert f"{PREFIX}MAX_COLLECTION_HOURS (5:00:00) ends before the intensive phase does (5:05:00" in said


def test_metrics_are_served_nowhere_unless_a_port_is_set():
    assert metrics_address({"CHRONOTRACK_LIVE_METRICS_HOST": "127.0.0.2"}) is None
    assert metrics_address({"CHRONOTRACK_LIVE_METRICS_PORT": "9464"}) == ("127.0.0.1", 9464)
