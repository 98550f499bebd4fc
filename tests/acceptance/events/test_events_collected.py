"""`chronotrack-live events` of a hub whose events were collected a moment ago: listed, collected, paused."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from operations.comparison import compare

# Of the simulated API: two races of yesterday, and one of next week.
MARATHON, FIVE_K, NEXT_WEEK = "91649", "91609", "91761"


@pytest.fixture
def copied(collected_hub):
    """The hub of these tests was collected a moment ago."""
    return collected_hub


def listed(run, *arguments):
    done = run("events", "list", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return {row["event"]: row for row in json.loads(done.stdout)}


def test_the_events_that_are_followed_are_listed_with_what_was_and_what_is_to_come(
    run, collected, race_start
):
    events = listed(run)

    marathon = events[collected.key(MARATHON)]
    assert datetime.fromisoformat(marathon["starts"][0]) == race_start
    assert (marathon["phase"], marathon["last_collection"]["status"]) == ("standard", "completed")
    # The day after the start: each hour, five minutes past it.
    due = datetime.fromisoformat(marathon["next_due"])
    assert (due - race_start) % timedelta(hours=1) == timedelta(minutes=5)
    collected_at = datetime.fromisoformat(marathon["last_collection"]["at"])
    assert timedelta(0) < due - collected_at <= timedelta(hours=1)
    assert marathon["results"] > 280
    assert (marathon["paused"], marathon["superseded_by"], marathon["credentials_refused"]) == (
        None,
        None,
        False,
    )
    assert events[collected.key(NEXT_WEEK)]["phase"] == "waiting"


def test_the_table_has_a_line_for_each_event_that_no_pipe_breaks(run, collected):
    done = run("events", "list")

    [line] = [line for line in done.stdout.splitlines() if collected.key(MARATHON) in line]
    assert all(
        word in line for word in ("Harbour City Marathon", "1 Harbour Timing", "standard", "completed")
    )


def test_what_is_over_is_listed_only_when_all_is_asked_for_and_is_not_due(run, collected, query):
    key = collected.key(MARATHON)
    query("DELETE FROM sync_history WHERE sync_type = 'results'")
    query(
        "UPDATE ct_events SET event_start_time = '2025-06-01', event_end_time = NULL, additional_data = NULL"
        " WHERE event_id = %s",
        key,
    )

    assert key not in listed(run)
    assert (listed(run, "--all")[key]["phase"], listed(run, "--all")[key]["next_due"]) == ("over", None)


def test_only_the_events_of_one_partner_are_listed_when_one_is_named(run, collected):
    assert len(listed(run, "--partner", "1")) == len(listed(run)) > 1
    assert listed(run, "--partner", "2") == {}


def test_what_keeps_an_event_from_being_collected_is_listed_with_it(run, operator, collected, pair, query):
    operator("pause", collected.key(FIVE_K))
    query(
        "INSERT INTO sync_history (provider_id, timing_partner_id, sync_type, error_category, sync_time)"
        " VALUES (1, %s, 'authentication', 'refused', now() AT TIME ZONE 'UTC')",
        collected.timing_partner_id,
    )

    said = run("events", "list", "--all").stdout
    lines = said[said.index("└") :].splitlines()[1:]

    assert len([line for line in lines if collected.key(FIVE_K) in line and "paused since" in line]) == 1
    assert (
        f"{collected.key(MARATHON)} Harbour City Marathon: the API refuses its partner's credentials" in lines
    )
    assert f"{pair} Harbour Run: superseded by TCP event 61611" in lines


# Collected now ---------------------------------------------------------------------------------------------


def test_an_event_is_collected_now_whatever_its_windows_say(run, collected, query, simulator):
    key = collected.key(MARATHON)
    query("DELETE FROM ct_results")

    done = run("events", "collect", key)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"results of {key} completed: ")
    rows = query("SELECT * FROM ct_results WHERE provider_event_id = %s", MARATHON)
    assert compare(simulator.ground_truth(MARATHON), rows).differences == ()


def test_several_events_of_several_partners_are_collected_with_their_entry_lists(
    run, collected, add_partner, simulator
):
    other = add_partner("Lake Timing", base_url=simulator.base_url)
    assert run("scheduler", "--once", "--partner", "2").returncode == 0

    done = run("events", "collect", "--participants", collected.key(MARATHON), other.key(FIVE_K))

    assert done.returncode == 0, done.stderr
    assert [" ".join(line.split()[:4]) for line in done.stdout.splitlines()] == [
        f"{what} of {key} completed:"
        for key in (collected.key(MARATHON), other.key(FIVE_K))
        for what in ("participants", "results")
    ]


def test_an_event_that_another_process_holds_is_said_to_be_so_and_is_left_to_it(run, collected, store):
    with store.claim(collected, MARATHON):
        done = run("events", "collect", collected.key(MARATHON))

    assert (done.returncode, done.stdout) == (1, "")
    assert f"results of {collected.key(MARATHON)} skipped: " in done.stderr
    assert "another process" in done.stderr


def test_a_collection_that_fails_is_said_on_stderr_with_exit_code_1(run, collected, query, nowhere):
    query(
        "UPDATE partner_provider_credentials SET additional_config = %s",
        json.dumps({"base_url": f"http://{nowhere}/api"}),
    )

    done = run("events", "collect", collected.key(MARATHON))

    assert (done.returncode, done.stdout) == (1, "")
    assert f"results of {collected.key(MARATHON)} failed: " in done.stderr
    assert "Traceback" not in done.stderr


def test_an_event_of_a_partner_without_credentials_cannot_be_collected(run, collected, query):
    query("DELETE FROM partner_provider_credentials")

    done = run("events", "collect", collected.key(MARATHON))

    assert done.returncode == 2
    assert "has credentials for ChronoTrack Live" in done.stderr
    assert "Traceback" not in done.stderr


# Paused and resumed ----------------------------------------------------------------------------------------


def test_pause_and_resume_say_since_when_and_by_whom_and_may_be_said_twice(run, operator, collected):
    key = collected.key(MARATHON)

    paused, again = operator("pause", key), operator("pause", key)
    assert [done.returncode for done in (paused, again)] == [0, 0]
    assert f"{key} (Harbour City Marathon) is paused since 20" in paused.stdout
    assert "by postgres" in paused.stdout
    assert f"{key} (Harbour City Marathon) was paused already, since 20" in again.stdout
    assert listed(run)[key]["paused"]["by"] == "postgres"

    resumed, again = operator("resume", key), operator("resume", key)
    assert [done.returncode for done in (resumed, again)] == [0, 0]
    assert f"{key} (Harbour City Marathon) goes on, next due 20" in resumed.stdout
    assert again.stdout == f"{key} (Harbour City Marathon) was not paused.\n"
    assert listed(run)[key]["paused"] is None


def test_a_pass_of_the_scheduler_leaves_a_paused_event_alone_and_collect_does_not(
    run, operator, collected, query
):
    marathon, five_k = collected.key(MARATHON), collected.key(FIVE_K)
    operator("pause", marathon)
    query("DELETE FROM sync_history WHERE sync_type = 'results'")

    assert run("scheduler", "--once").returncode == 0
    collected_events = "SELECT DISTINCT event_id FROM sync_history WHERE sync_type = 'results'"
    assert query(collected_events) == [{"event_id": five_k}]

    assert run("events", "collect", marathon).returncode == 0


def test_the_daemons_role_may_not_pause(run, collected):
    done = run("events", "pause", collected.key(MARATHON))

    assert done.returncode == 2
    assert "permission denied" in done.stderr
    assert "Traceback" not in done.stderr
