"""From when on the monitor finds something, by its settings."""

from __future__ import annotations

from operations.finding import State
from operations.thresholds import Thresholds
from tests.unit.health.readings import MINUTE, NOW, SECOND, found, kinds, reading, watched


def test_without_a_word_the_thresholds_are_those_of_their_settings():
    assert Thresholds.from_env({}) == Thresholds()


def test_thresholds_are_read_from_the_environment():
    environ = {
        "CHRONOTRACK_LIVE_MONITOR_MISSED_INTERVALS": "5",
        "CHRONOTRACK_LIVE_MONITOR_FAILURES": "4",
        "CHRONOTRACK_LIVE_MONITOR_FAILED_PERCENT": "75",
        "CHRONOTRACK_LIVE_MONITOR_PARTIAL_COLLECTIONS": "20",
        "CHRONOTRACK_LIVE_MONITOR_NO_RESULTS_MINUTES": "150",
        "CHRONOTRACK_LIVE_MONITOR_LATENESS_SECONDS": "60",
        "CHRONOTRACK_LIVE_MONITOR_MISSED_DISCOVERIES": "1",
        "CHRONOTRACK_LIVE_MONITOR_SILENCE_MINUTES": "30",
        "CHRONOTRACK_LIVE_MONITOR_REJECTED_ROWS": "10",
        "CHRONOTRACK_LIVE_MONITOR_DUPLICATES": "2",
    }
    assert Thresholds.from_env(environ) == Thresholds(
        missed_intervals=5,
        failures=4,
        failed_percent=75,
        partial_collections=20,
        no_results=150 * MINUTE,
        lateness=MINUTE,
        missed_discoveries=1,
        silence=30 * MINUTE,
        rejected_rows=10,
        duplicates=2,
    )


def test_how_many_intervals_are_missed_and_how_late_is_late_is_for_the_thresholds_to_say():
    at = NOW + 226 * SECOND
    event = watched(NOW, at=at)

    assert found(reading(event, at=at), missed_intervals=1) == [(State.CRITICAL, "ctlive:7:5")]
    assert found(reading(event, at=at), lateness=MINUTE) == []


def test_how_many_may_fail_within_an_hour_is_for_the_threshold_to_say():
    read = reading(watched(failures_of_hour=30, collections_of_hour=40))

    assert kinds(read, failed_percent=75) == []
    assert kinds(read, failed_percent=74) == [(State.WARNING, "often failing")]
