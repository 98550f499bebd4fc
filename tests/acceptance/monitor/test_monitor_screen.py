"""The one screen of a hub that was just collected, and of its partners."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.acceptance.conftest import ROOT
from tests.acceptance.monitor.monitored import (
    CRITICAL,
    MARATHON,
    NEXT_WEEK,
    OK,
    UNKNOWN,
    fail,
    findings,
    first_line,
)


@pytest.fixture
def copied(collected_hub):
    """The hub of these tests was collected a moment ago."""
    return collected_hub


def test_a_hub_that_was_just_collected_is_ok_in_one_screen(monitor, collected):
    done = monitor()

    assert (done.returncode, done.stderr) == (OK, "")
    assert first_line(done).startswith("CHRONOTRACK LIVE OK - partners: 1, ")
    for words in ("accepted", "nothing is pending", "no unit of systemd here", "as chronotrack_live_monitor"):
        assert words in done.stdout
    [marathon] = [line for line in done.stdout.splitlines() if collected.key(MARATHON) in line]
    assert all(word in marathon for word in ("Harbour City Marathon", "standard", "completed"))


def test_an_event_of_the_weeks_to_come_has_its_line_in_json_and_is_only_counted_on_the_screen(
    monitor, health, collected
):
    events = {event["event"]: event["phase"] for event in health()["events"]}
    said = monitor().stdout

    assert events[collected.key(NEXT_WEEK)] == "waiting"
    assert collected.key(NEXT_WEEK) not in said
    assert f"{list(events.values()).count('waiting')} waiting" in said


def test_it_names_neither_login_nor_athletes(monitor, collected, query):
    said = monitor("--json").stdout + monitor().stdout

    assert collected.principal not in said
    athletes = query("SELECT DISTINCT athlete_last_name AS name FROM ct_participants LIMIT 50")
    words = set(said.replace('"', " ").split())
    assert {row["name"] for row in athletes} & words <= {"Harbour", "Lake", "City"}


def test_the_script_of_the_guide_is_the_same_from_any_folder_and_with_the_daemons_role(
    environment, no_systemd, collected, tmp_path
):
    done = subprocess.run(
        [sys.executable, ROOT / "monitor_chronotrack_live.py"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert first_line(done).startswith("CHRONOTRACK LIVE OK - ")
    assert (done.returncode, done.stderr) == (OK, "")


def test_a_refused_partner_is_critical_beside_one_who_is_well(
    run, monitor, health, collected, add_partner, simulator
):
    add_partner("Lake Timing", secret="wrong", base_url=simulator.base_url)
    run("scheduler", "--once")

    known = health()

    assert findings(known) == [("critical", "partner 2 (Lake Timing)")]
    states = {partner["name"]: partner["authentication"]["state"] for partner in known["partners"]}
    assert states == {"Harbour Timing": "accepted", "Lake Timing": "refused"}
    done = monitor()
    assert done.returncode == CRITICAL
    assert first_line(done) == (
        "CHRONOTRACK LIVE CRITICAL - partner 2 (Lake Timing): the API refuses its credentials, "
        "so nothing of it is collected"
    )
    assert "chronotrack-live credentials set 2" in done.stdout
    [row] = [line for line in done.stdout.splitlines() if line.startswith("│ critical ")]
    assert [cell.strip() for cell in row.split("│")[1:4]] == [
        "critical",
        "partner 2 (Lake Timing)",
        "refused",
    ]


def test_only_the_partners_that_are_named_are_judged(run, health, collected, add_partner, simulator):
    add_partner("Lake Timing", secret="wrong", base_url=simulator.base_url)
    run("scheduler", "--once")

    first = health("--partner", "1")
    assert (first["state"], [partner["name"] for partner in first["partners"]]) == ("ok", ["Harbour Timing"])
    assert {event["timing_partner_id"] for event in first["events"]} == {1}
    assert {count["timing_partner_id"] for count in first["operations_24h"]} == {1}
    both = health("--partner", "1", "--partner", "2")
    assert (both["state"], len(both["partners"])) == ("critical", 2)


def test_a_partner_that_is_named_and_has_no_credentials_is_unknown(monitor, collected):
    done = monitor("--partner", "9")

    assert done.returncode == UNKNOWN
    assert first_line(done) == "CHRONOTRACK LIVE UNKNOWN - partner 9: has no credentials for ChronoTrack Live"


def test_an_event_that_failed_three_times_in_a_row_is_critical_until_it_goes_well(
    run, health, collected, query
):
    key = collected.key(MARATHON)
    fail(query, 2, "results", key)
    assert health()["state"] == "ok"
    fail(query, 1, "results", key)

    known = health()

    assert findings(known) == [("critical", key)]
    assert "3 collections failed in a row: No connection" in known["findings"][0]["what"]
    assert {event["event"]: event["failures_in_a_row"] for event in known["events"]}[key] == 3
    [error] = known["errors_24h"]
    assert (error["sync_type"], error["category"], error["errors"]) == ("results", "unreachable", 3)
    assert health(CHRONOTRACK_LIVE_MONITOR_FAILURES="4")["state"] == "ok"
    query("UPDATE sync_history SET sync_time = sync_time - interval '1 minute' WHERE status = 'failed'")
    assert run("events", "collect", key).returncode == 0
    assert health()["state"] == "ok"


@pytest.mark.parametrize("folder", ["/dev/null", "/proc/nowhere"])
def test_who_may_not_write_to_the_state_folder_knows_all_but_the_budgets(monitor, collected, folder):
    done = monitor(CHRONOTRACK_LIVE_STATE=folder)

    assert done.returncode == OK
    assert "not known" in done.stdout


def test_to_look_makes_no_state_folder(monitor, collected, tmp_path):
    done = monitor(CHRONOTRACK_LIVE_STATE=str(tmp_path / "nothing"))

    assert done.returncode == OK
    assert not (tmp_path / "nothing").exists()
