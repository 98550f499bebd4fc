"""`chronotrack-live events`, as a process."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from operations.comparison import compare
from providers.records import Credentials

# Of the simulated API: two races of yesterday, and one of next week.
MARATHON, FIVE_K, NEXT_WEEK = "91649", "91609", "91761"


@pytest.fixture
def operator(run, dsn):
    """Runs the command as the operator, who owns the database."""
    return lambda *arguments: run("events", *arguments, DATABASE_URL=dsn)


@pytest.fixture
def partner(add_partner) -> Credentials:
    """A partner whose event 5 TCP has too, as 61611."""
    return add_partner()


@pytest.fixture
def pair(partner, query) -> str:
    """The key of a live event whose TCP twin came later, with results."""
    add = "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id, data_source, "
    add += "provider_event_id, duplicate_of) VALUES (%s, 'Harbour Run', '2025-06-01 07:00', %s, %s, %s, %s)"
    query(add, "61611", partner.timing_partner_id, "tcp_hardware", None, None)
    query(add, partner.key("5"), partner.timing_partner_id, "chronotrack_live", "5", "61611")
    query("INSERT INTO ct_results (event_id, results_bib) VALUES ('61611', '12')")
    return partner.key("5")


def test_nothing_suspicious_is_said_to_be_so(operator):
    done = operator("duplicates")

    assert (done.returncode, done.stdout) == (0, "No event is suspicious of being there twice.\n")


def test_a_pair_is_listed_overruled_and_taken_back(operator, pair, query):
    assert pair in operator("duplicates").stdout

    said = operator("not-duplicate", pair)

    assert said.returncode == 0, said.stderr
    assert f"{pair} and 61611 are two events." in said.stdout
    assert query("SELECT duplicate_of FROM ct_events WHERE event_id = %s", pair) == [{"duplicate_of": None}]
    listed = json.loads(operator("duplicates", "--json").stdout)
    assert [(row["twin_event_id"], row["kept_apart"]) for row in listed] == [("61611", True)]

    back = operator("not-duplicate", "--undo", pair)

    assert (back.returncode, "judged by their names again" in back.stdout) == (0, True)
    listed = json.loads(operator("duplicates", "--json").stdout)
    assert [(row["twin_event_id"], row["kind"], row["kept_apart"]) for row in listed] == [
        ("61611", "same_name", False)
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["not-duplicate", "61611"], "is not the key of a live row"),
        (["not-duplicate", "ctlive:1:77"], "lists none with ctlive:1:77"),
        (["not-duplicate", "ctlive:1:5", "9"], "has no event 9"),
        (["not-duplicate", "ctlive:1:77", "61611"], "has no event ctlive:1:77"),
        (["not-duplicate", "ctlve:1:5", "61611"], "has no event ctlve:1:5"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(operator, pair, arguments, words):
    done = operator(*arguments)

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_help_says_what_an_event_is_called(operator):
    assert "ctlive:7:91649" in operator("--help").stdout


# How events stand ------------------------------------------------------------------------------------------


@pytest.fixture
def collected(run, add_partner, simulator) -> Credentials:
    """A partner whose events are there and were collected a moment ago, by the daemon's role."""
    partner = add_partner(base_url=simulator.base_url)
    done = run("scheduler", "--once")
    assert done.returncode == 0, done.stderr
    return partner


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


def test_no_event_is_said_to_be_none(run):
    assert run("events", "list").stdout == "No event is followed now; --all lists all.\n"


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


@pytest.mark.parametrize("action", ["pause", "resume", "collect"])
@pytest.mark.parametrize(
    ("event", "words"),
    [("61611", "is not the key of a live row"), ("ctlive:1:77", "The hub has no ChronoTrack Live event")],
)
def test_an_event_that_is_not_there_is_refused_in_a_sentence(operator, action, event, words):
    done = operator(action, event)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_daemons_role_may_not_pause(run, collected):
    done = run("events", "pause", collected.key(MARATHON))

    assert done.returncode == 2
    assert "permission denied" in done.stderr
    assert "Traceback" not in done.stderr
