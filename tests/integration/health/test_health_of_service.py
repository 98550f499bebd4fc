"""The service, as systemd and its signs of life show it, and the state of the tables."""

from __future__ import annotations

import pytest

from operations.finding import State
from operations.monitor_report import first_line
from tests.acceptance.monitor.monitored import findings


def test_a_scheduler_without_a_sign_of_life_is_critical_while_something_is_due(look, collected, query):
    query("UPDATE sync_history SET sync_time = sync_time - interval '2 hours'")
    query("UPDATE ct_events SET created_at = '2025-06-01', updated_at = '2025-06-01'")

    found = look()

    assert found.state is State.CRITICAL
    assert "service: no sign of life since " in first_line(found)


def test_a_scheduler_without_a_sign_of_life_is_ok_while_nothing_is_due(health, collected, query):
    query("DELETE FROM sync_history WHERE sync_type = 'results'")
    query(
        "UPDATE ct_events"
        " SET event_start_time = event_start_time + interval '30 days', additional_data = NULL"
    )
    query("UPDATE sync_history SET sync_time = sync_time - interval '2 hours'")
    query("UPDATE partner_provider_credentials SET created_at = '2025-06-01', updated_at = NULL")

    assert health()["state"] == "ok"


@pytest.mark.parametrize(
    ("active", "sub", "judged"),
    [
        ("active", "running", "ok"),
        ("inactive", "dead", "warning"),
        ("failed", "failed", "critical"),
        ("activating", "auto-restart", "critical"),
    ],
)
def test_where_there_is_a_unit_systemd_is_asked_how_it_is(systemctl, health, collected, active, sub, judged):
    systemctl(
        'test "$1 $2" = "show chronotrack-live-scheduler.service" || exit 5\n'
        f"printf 'LoadState=loaded\\nActiveState={active}\\nSubState={sub}\\nNRestarts=2\\n'"
    )

    known = health()

    assert known["state"] == judged
    seconds = known["service"]["unit"].pop("seconds")
    assert known["service"]["unit"] == {"active": active, "sub": sub, "restarts": 2}
    assert seconds is None


@pytest.mark.parametrize(
    "answer",
    [
        "echo 'Failed to connect to bus: Connection refused' >&2; exit 1",
        "echo 'Failed to connect to bus: Connection refused' >&2",
    ],
)
def test_a_systemd_that_does_not_answer_is_a_warning_and_not_none(systemctl, health, collected, answer):
    systemctl(answer)

    known = health()

    assert findings(known) == [("warning", "service")]
    assert known["service"]["systemd_away"] == "Failed to connect to bus: Connection refused"


def test_a_systemd_without_the_unit_is_none(systemctl, health, collected):
    systemctl("printf 'LoadState=not-found\\nActiveState=inactive\\nSubState=dead\\n'")

    known = health()

    assert (known["state"], known["service"]["unit"]) == ("ok", None)


def test_an_older_version_of_the_extension_is_a_warning(health, collected, query):
    query("UPDATE ct_live_migrations SET version = version - 1")

    known = health()

    assert findings(known) == [("warning", "migrations")]
    assert "the database has version" in known["pending_migrations"][0]


def test_a_column_that_is_missing_is_critical(health, collected, query):
    query("ALTER TABLE sync_history DROP COLUMN lateness_seconds CASCADE")

    assert findings(health()) == [("critical", "migrations")]
