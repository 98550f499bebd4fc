"""`chronotrack-live monitor`, as a process with the monitor's role, against databases in every state."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from psycopg2.extensions import make_dsn as with_user

from database import migrate
from providers.records import Credentials
from tests.acceptance.conftest import ROOT, wait_until

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
# Of the simulated API: two races of yesterday, and one of next week.
MARATHON, FIVE_K = "91649", "91609"
NEXT_WEEK = "91761"
NO_SYSTEMD = "echo 'System has not been booted with systemd' >&2; exit 1"


@pytest.fixture
def systemctl(environment, tmp_path):
    """Puts a systemctl on the PATH that says what it is told to: no test asks the machine's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    environment["PATH"] = f"{folder}:{environment['PATH']}"

    def says(script: str) -> None:
        (folder / "systemctl").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / "systemctl").chmod(0o755)

    says(NO_SYSTEMD)
    return says


@pytest.fixture
def monitors_dsn(dsn):
    """The fresh database as the monitor's role reaches it."""
    return with_user(dsn, user="chronotrack_live_monitor")


@pytest.fixture
def monitor(run, systemctl, monitors_dsn):
    """Runs the monitor with its role; what it says is never a traceback."""

    def look(*arguments, **settings):
        done = run("monitor", *arguments, **({"DATABASE_URL": monitors_dsn} | settings))
        assert "Traceback" not in done.stderr
        return done

    return look


@pytest.fixture
def health(monitor):
    """What the monitor knows, and its exit code."""

    def look(*arguments, **settings):
        done = monitor("--json", *arguments, **settings)
        known = json.loads(done.stdout)
        assert done.returncode == known["exit_code"]
        return known

    return look


@pytest.fixture
def collected(run, add_partner, simulator) -> Credentials:
    """A partner whose events were found and collected a moment ago."""
    partner = add_partner(base_url=simulator.base_url)
    done = run("scheduler", "--once")
    assert done.returncode == 0, done.stderr
    return partner


def findings(known):
    return [(found["state"], found["about"]) for found in known["findings"]]


def first_line(done):
    return done.stdout.splitlines()[0]


# All is well ------------------------------------------------------------------------------------------------


def test_a_hub_that_was_just_collected_is_ok_in_one_screen(monitor, collected):
    done = monitor()

    assert (done.returncode, done.stderr) == (OK, "")
    assert first_line(done).startswith("CHRONOTRACK LIVE OK - partners: 1, ")
    for words in ("accepted", "nothing is pending", "no unit of systemd here", "as chronotrack_live_monitor"):
        assert words in done.stdout
    [marathon] = [line for line in done.stdout.splitlines() if collected.key(MARATHON) in line]
    assert all(word in marathon for word in ("Harbour City Marathon", "standard", "completed"))


def test_all_that_is_known_is_there_as_json(health, collected, race_start):
    known = health()

    assert (known["state"], known["findings"]) == ("ok", [])
    at = datetime.fromisoformat(known["at"])
    assert at - datetime.fromisoformat(known["service"]["last_sign_of_life"]) < timedelta(minutes=2)
    assert known["service"]["unit"] is None
    database = known["database"]
    assert database["answers"] is True
    assert 0 < database["connections"] <= database["connections_of_server"] < database["max_connections"]
    assert database["size"] > 1_000_000
    assert known["pending_migrations"] == []
    [partner] = known["partners"]
    assert (partner["name"], partner["authentication"]["state"]) == ("Harbour Timing", "accepted")
    assert at - datetime.fromisoformat(partner["last_discovery"]) < timedelta(minutes=2)
    assert partner["requests_last_60_seconds"] > 5
    assert partner["events"]["standard"] >= 2
    assert partner["new_events_24h"] == len(known["events"])
    marathon = {event["event"]: event for event in known["events"]}[collected.key(MARATHON)]
    assert (marathon["phase"], marathon["last_collection"]["status"]) == ("standard", "completed")
    assert (marathon["failures_in_a_row"], marathon["hindrances"]) == (0, [])
    assert marathon["results"] > 280
    assert 0 <= marathon["freshness_seconds"] < 120
    assert marathon["lateness_seconds"] > 0
    assert (datetime.fromisoformat(marathon["next_due"]) - race_start) % timedelta(hours=1) == timedelta(
        minutes=5
    )
    rows = {(row["table_name"], row["data_source"]): row for row in known["rows"]}
    assert rows["ct_participants", "chronotrack_live"]["rows"] >= 300
    assert rows["ct_results", "chronotrack_live"]["estimated"] is False
    done = {(row["sync_type"], row["status"]): row for row in known["operations_24h"]}
    assert done["participants", "completed"]["participants"] >= 300
    assert done["results", "completed"]["results"] > 280
    assert known["errors_24h"] == []


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
    environment, systemctl, collected, tmp_path
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


# Partners ---------------------------------------------------------------------------------------------------


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


def test_a_hub_whose_partners_have_no_credentials_is_a_warning(monitor):
    done = monitor()

    assert done.returncode == WARNING
    assert "no timing partner has credentials" in first_line(done)
    assert "chronotrack-live credentials set" in done.stdout


def test_no_discovery_for_two_intervals_is_a_warning(health, collected, query):
    query("UPDATE sync_history SET sync_time = sync_time - interval '13 hours' WHERE sync_type = 'events'")
    query("UPDATE partner_provider_credentials SET created_at = '2025-06-01', updated_at = NULL")

    known = health()

    assert findings(known) == [("warning", "partner 1 (Harbour Timing)")]
    assert "no discovery since" in known["findings"][0]["what"]
    assert health(CHRONOTRACK_LIVE_MONITOR_MISSED_DISCOVERIES="3")["state"] == "ok"


def test_a_partner_whose_looks_for_events_fail_is_a_warning(health, collected, query):
    fail(query, 3, "events", None)

    known = health()

    assert findings(known) == [("warning", "partner 1 (Harbour Timing)")]
    assert known["partners"][0]["discovery_failures_in_a_row"] == 3
    assert [(error["category"], error["errors"]) for error in known["errors_24h"]] == [("unreachable", 3)]


# Events -----------------------------------------------------------------------------------------------------


def fail(query, times, sync_type, event_id):
    """Account for failures after all that there is, a second apart."""
    query(
        "INSERT INTO sync_history (provider_id, timing_partner_id, sync_type, event_id, status,"
        " error_category, reason, sync_time)"
        " SELECT 1, 1, %s, %s, 'failed', 'unreachable', 'No connection.',"
        "  now() AT TIME ZONE 'UTC' + n * interval '1 second' FROM generate_series(1, %s) AS n",
        sync_type,
        event_id,
        times,
    )


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


def test_an_event_in_its_intensive_phase_that_is_not_collected_is_critical(monitor, health, collected, query):
    key = collected.key(FIVE_K)
    now_intensive(query, key, 7)

    known = health()

    assert findings(known) == [("critical", key)]
    event = {event["event"]: event for event in known["events"]}[key]
    assert event["phase"] == "intensive"
    assert 420 <= event["freshness_seconds"] < 540
    assert first_line(monitor()).startswith(
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


def test_a_paused_event_is_said_to_be_so_and_is_not_judged(run, monitor, health, collected, query, dsn):
    key = collected.key(FIVE_K)
    now_intensive(query, key, 60)
    assert run("events", "pause", key, DATABASE_URL=dsn).returncode == 0

    known = health()

    assert known["state"] == "ok"
    [hindrance] = {event["event"]: event for event in known["events"]}[key]["hindrances"]
    assert hindrance.startswith("paused since ")
    assert f"{key} Harbour City 5K: paused since " in monitor().stdout


# What is odd in the hub -------------------------------------------------------------------------------------


def test_rows_that_are_set_aside_are_a_warning(health, collected, query):
    query(
        "INSERT INTO ct_live_rejected_rows (timing_partner_id, data_source, provider_event_id, kind, api_id,"
        " reason, payload, first_seen, last_seen)"
        " VALUES (1, 'chronotrack_live', '5', 'result', '1', 'no bib', '{}', now(), now())"
    )

    known = health()

    assert findings(known) == [("warning", "partner 1 (Harbour Timing)")]
    assert [(count["kind"], count["rows"]) for count in known["rejected_rows"]] == [("result", 1)]
    assert health(CHRONOTRACK_LIVE_MONITOR_REJECTED_ROWS="2")["state"] == "ok"


def test_an_event_that_may_be_there_twice_is_a_warning_until_one_of_them_stands_aside(
    health, collected, query
):
    twin = "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
    twin += " SELECT '61611', upper(event_name), event_start_time, 1 FROM ct_events WHERE event_id = %s"
    query(twin, collected.key(MARATHON))

    known = health()

    assert findings(known) == [("warning", "partner 1 (Harbour Timing)")]
    assert [pair["twin_event_id"] for pair in known["duplicates"]] == ["61611"]
    assert known["partners"][0]["events_of_the_same_name_in_tcp"] == 1
    query("UPDATE ct_events SET duplicate_of = '61611' WHERE event_id = %s", collected.key(MARATHON))
    aside = health()
    assert (aside["state"], len(aside["duplicates"])) == ("ok", 1)


def test_rows_of_tcp_are_counted_while_they_are_few_and_said_to_be_unknown_where_nobody_looked(
    monitor, health, collected, query
):
    query("ALTER TABLE ct_results SET (autovacuum_enabled = false)")
    query("INSERT INTO ct_results (event_id) SELECT NULL FROM generate_series(1, 500)")

    rows = {(row["table_name"], row["data_source"]): row for row in health()["rows"]}

    assert rows["ct_results", "tcp_hardware"] == {
        "table_name": "ct_results",
        "data_source": "tcp_hardware",
        "rows": 500,
        "estimated": False,
    }
    query("INSERT INTO ct_results (event_id) SELECT NULL FROM generate_series(501, 40000)")
    [said] = [row for row in monitor().stdout.splitlines() if "ct_results" in row and "tcp_hardware" in row]
    assert "not known" in said


# The service ------------------------------------------------------------------------------------------------


def test_a_scheduler_without_a_sign_of_life_is_critical_while_something_is_due(monitor, collected, query):
    query("UPDATE sync_history SET sync_time = sync_time - interval '2 hours'")
    query("UPDATE ct_events SET created_at = '2025-06-01', updated_at = '2025-06-01'")

    done = monitor()

    assert done.returncode == CRITICAL
    assert "service: no sign of life since " in first_line(done)


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


@pytest.mark.parametrize("folder", ["/dev/null", "/proc/nowhere"])
def test_who_may_not_write_to_the_state_folder_knows_all_but_the_budgets(monitor, collected, folder):
    done = monitor(CHRONOTRACK_LIVE_STATE=folder)

    assert done.returncode == OK
    assert "not known" in done.stdout


# The database -----------------------------------------------------------------------------------------------


def test_a_database_that_is_away_is_unknown_in_the_first_line(monitor, nowhere):
    done = monitor(DATABASE_URL=f"postgresql://somebody:geheim@{nowhere}/hub")

    assert done.returncode == UNKNOWN
    assert first_line(done).startswith("CHRONOTRACK LIVE UNKNOWN - database: ")
    assert "geheim" not in done.stdout + done.stderr


def test_a_database_that_is_away_is_said_to_be_so_in_json(health, nowhere):
    known = health(DATABASE_URL=f"postgresql://{nowhere}/hub")

    assert (known["state"], known["database"], known["partners"]) == ("unknown", {"answers": False}, [])


def test_a_role_without_the_privileges_is_unknown_and_says_how_it_gets_them(monitor, dsn, query):
    query("REVOKE SELECT ON ct_live_migrations FROM chronotrack_live_monitor")

    done = monitor()

    assert done.returncode == UNKNOWN
    assert "permission denied" in first_line(done)
    assert "chronotrack-live migrate --roles" in done.stdout


def test_a_database_without_the_extension_is_critical(monitor, make_dsn, open_query):
    dsn = make_dsn()
    open_query(dsn)(migrate.BASE_SCHEMA.read_text(encoding="utf-8").replace("\\set ON_ERROR_STOP on", ""))

    done = monitor(DATABASE_URL=dsn)

    assert done.returncode == CRITICAL
    assert "migrations: pending: chronotrack_live_schema_extension version" in first_line(done)


def test_an_older_version_of_the_extension_is_a_warning(health, collected, query):
    query("UPDATE ct_live_migrations SET version = version - 1")

    known = health()

    assert findings(known) == [("warning", "migrations")]
    assert "the database has version" in known["pending_migrations"][0]


def test_a_column_that_is_missing_is_critical(health, collected, query):
    query("ALTER TABLE sync_history DROP COLUMN lateness_seconds CASCADE")

    assert findings(health()) == [("critical", "migrations")]


# How it is asked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["--partner", "harbour"], {}, "harbour"),
        (["--no-such-option"], {}, "--no-such-option"),
        (["--watch", "0"], {}, "--watch"),
        ([], {"CHRONOTRACK_LIVE_MONITOR_FAILURES": "2.5"}, "CHRONOTRACK_LIVE_MONITOR_FAILURES is '2.5'"),
        ([], {"CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS": "x"}, "INTENSIVE_INTERVAL_SECONDS is 'x'"),
        ([], {"CHRONOTRACK_LIVE_CLOCK": "x"}, "CHRONOTRACK_LIVE_CLOCK"),
    ],
)
def test_what_cannot_be_meant_is_unknown_in_a_sentence(monitor, arguments, settings, words):
    done = monitor(*arguments, **settings)

    assert done.returncode == UNKNOWN
    assert words in done.stdout + done.stderr


def test_no_line_in_a_pipe_has_a_bar_after_which_nagios_would_look_for_figures(monitor, add_partner, query):
    add_partner("Harbour | Timing")
    query(
        "INSERT INTO sync_history"
        " (provider_id, timing_partner_id, sync_type, status, error_category, sync_time)"
        " VALUES (1, 1, 'authentication', 'failed', 'refused', now() AT TIME ZONE 'UTC')"
    )

    done = monitor()

    assert done.returncode == CRITICAL
    assert "|" not in done.stdout
    assert "Harbour / Timing" in first_line(done)


def test_what_cannot_be_printed_is_unknown_in_one_line_on_stderr(environment, systemctl):
    looks = [
        subprocess.Popen(
            [
                "sh",
                "-c",
                f'exec "$0" monitor {redirected}',
                Path(sys.executable).with_name("chronotrack-live"),
            ],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for redirected in (">/dev/full", "--json >/dev/full", ">&-")
    ]

    for look in looks:
        _, said = look.communicate(timeout=60)
        assert (look.returncode, len(said.splitlines())) == (UNKNOWN, 1), said
        assert said.startswith("chronotrack-live: Standard output ")


def test_a_fault_that_nobody_foresaw_is_unknown_in_one_line_on_stderr(monitor, add_partner, query):
    add_partner()
    # No discovery brings such a start, and no calendar has it.
    query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id, data_source,"
        " provider_event_id) VALUES ('ctlive:1:5', 'Doomsday', 'infinity', 1, 'chronotrack_live', '5')"
    )

    done = monitor()

    assert (done.returncode, done.stdout) == (UNKNOWN, "")
    [said] = done.stderr.splitlines()
    assert said.startswith("chronotrack-live: A fault of this software (")


def test_where_no_database_is_named_nothing_is_known_and_none_is_made(monitor, tmp_path):
    done = monitor(DATABASE_URL="", CHRONOTRACK_LIVE_STATE=str(tmp_path / "nothing"))

    assert (done.returncode, done.stderr) == (UNKNOWN, "")
    assert first_line(done).startswith("CHRONOTRACK LIVE UNKNOWN - no database is named: set DATABASE_URL")
    assert not (tmp_path / "nothing").exists()


def test_to_look_makes_no_state_folder(monitor, collected, tmp_path):
    done = monitor(CHRONOTRACK_LIVE_STATE=str(tmp_path / "nothing"))

    assert done.returncode == OK
    assert not (tmp_path / "nothing").exists()


def test_an_event_that_was_just_resumed_calls_nobody(run, health, collected, query, dsn):
    key = collected.key(FIVE_K)
    now_intensive(query, key, 60)
    query("UPDATE sync_history SET lateness_seconds = 0")
    assert findings(health()) == [("critical", key)]
    assert run("events", "pause", key, DATABASE_URL=dsn).returncode == 0

    assert run("events", "resume", key, DATABASE_URL=dsn).returncode == 0

    assert health()["state"] == "ok"


@pytest.fixture
def watching(environment, systemctl, monitors_dsn):
    """Starts the monitor with --watch, its stdout somewhere; what is left at the end is killed."""
    started = []

    def start(*arguments, stdout):
        process = subprocess.Popen(
            [Path(sys.executable).with_name("chronotrack-live"), "monitor", "--watch", *arguments],
            env=environment
            | {"DATABASE_URL": monitors_dsn, "TERM": "xterm", "COLUMNS": "200", "LINES": "60"},
            stdout=stdout,
            stderr=subprocess.PIPE,
            # A shell that starts the tests in the background lets its children ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


def test_watched_in_a_pipe_it_says_how_things_are_again_and_again_until_ctrl_c(
    watching, collected, query, tmp_path
):
    said = tmp_path / "said"
    with said.open("wb") as file:
        process = watching("1", stdout=file)
    wait_until(lambda: said.read_bytes().count(b"CHRONOTRACK LIVE OK") >= 2)

    fail(query, 3, "results", collected.key(MARATHON))

    wait_until(lambda: b"CHRONOTRACK LIVE CRITICAL" in said.read_bytes())
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert process.stderr.read() == b""


def test_watched_on_a_terminal_the_screen_is_drawn_in_the_same_place(watching, collected, query):
    ours, theirs = os.openpty()
    process = watching("1", stdout=theirs)
    os.close(theirs)
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        while shown.count(b"LIVE OK") < 2:
            shown += terminal.read(65_536)
        fail(query, 3, "results", collected.key(MARATHON))
        while b"LIVE CRITICAL" not in shown:
            shown += terminal.read(65_536)
        process.send_signal(signal.SIGINT)
        # Who writes must be read from to its end, at which Linux has nobody at the other end.
        with suppress(OSError):
            while said := terminal.read(65_536):
                shown += said

    assert process.wait(30) == 130
    # The terminal's other screen, home before each drawing, and back at the end.
    assert shown.startswith(b"\x1b[?1049h")
    assert b"\x1b[H" in shown
    assert b"\x1b[?1049l" in shown
    assert process.stderr.read() == b""
