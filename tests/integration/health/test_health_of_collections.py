"""An event that is not collected, late or paused."""

from __future__ import annotations

from operations.monitor_report import first_line
from providers.records import LiveKey
from tests.acceptance.monitor.monitored import FIVE_K, findings


def now_intensive(query, key, minutes_ago):
    """Let an event have started two hours ago and be collected a while ago."""
    query(
        "UPDATE ct_events SET event_start_time = now() AT TIME ZONE 'UTC' - interval '2 hours',"
        " additional_data = NULL, created_at = '2025-06-01', updated_at = '2025-06-01' WHERE event_id = %s",
        key,
    )
    query(
        "UPDATE sync_history SET sync_time = now() AT TIME ZONE 'UTC' - %s * interval '1 minute'"
        " WHERE event_id = %s AND sync_type = 'results'",
        minutes_ago,
        key,
    )


def test_an_event_in_its_intensive_phase_that_is_not_collected_is_critical(look, health, collected, query):
    key = collected.key(FIVE_K)
    now_intensive(query, key, 7)

    known = health()

    assert findings(known) == [("critical", key)]
    event = {event["event"]: event for event in known["events"]}[key]
    assert event["phase"] == "intensive"
    assert 420 <= event["freshness_seconds"] < 540
    assert first_line(look()).startswith(
        f"CHRONOTRACK LIVE CRITICAL - {key}: not collected in its intensive phase, due since "
    )
    assert health(CHRONOTRACK_LIVE_MONITOR_MISSED_INTERVALS="50")["state"] == "warning"
    assert known["events"][0]["event"] == key, "what is collected now comes first"


def test_an_event_that_was_collected_late_is_a_warning(health, collected, query):
    key = collected.key(FIVE_K)
    now_intensive(query, key, 0)
    query("UPDATE sync_history SET lateness_seconds = 61.5 WHERE event_id = %s", key)

    known = health()

    assert findings(known) == [("warning", key)]
    assert known["findings"][0]["what"] == "its last collection began 62 s late"
    assert known["findings"][0]["kind"] == "late"
    assert health(CHRONOTRACK_LIVE_MONITOR_LATENESS_SECONDS="62")["state"] == "ok"


def test_a_paused_event_is_said_to_be_so_and_is_not_judged(
    on_screen, health, controls, collected, query, clock
):
    key = collected.key(FIVE_K)
    now_intensive(query, key, 60)
    controls.pause(controls.named([LiveKey.of(key)]), clock.now())

    known = health()

    assert known["state"] == "ok"
    [hindrance] = {event["event"]: event for event in known["events"]}[key]["hindrances"]
    assert hindrance.startswith("paused since ")
    assert f"{key} Harbour City 5K: paused since " in on_screen()


def test_an_event_that_was_just_resumed_calls_nobody(health, controls, collected, query, clock):
    key = collected.key(FIVE_K)
    now_intensive(query, key, 60)
    query("UPDATE sync_history SET lateness_seconds = 0")
    assert findings(health()) == [("critical", key)]
    controls.pause(controls.named([LiveKey.of(key)]), clock.now())

    controls.resume(controls.named([LiveKey.of(key)]), clock.now())

    assert health()["state"] == "ok"
