"""`chronotrack-live scheduler --plan`, as a process."""

from __future__ import annotations

from datetime import timedelta

import pytest

# Of the simulated API: two races of yesterday, and one of next week.
MARATHON, FIVE_K, NEXT_WEEK = "91649", "91609", "91761"


def test_the_plan_says_what_will_be_collected_when_and_collects_nothing(
    run, add_partner, simulator, dsn, query, race_start
):
    collected = add_partner(base_url=simulator.base_url)
    assert run("scheduler", "--once").returncode == 0
    assert run("events", "pause", collected.key(FIVE_K), DATABASE_URL=dsn).returncode == 0
    before = query("SELECT count(*) AS n FROM sync_history")

    done = run("scheduler", "--plan", "--hours", "500", CHRONOTRACK_LIVE_STANDARD_INTERVAL_HOURS="2")

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    last = race_start + timedelta(hours=72)
    planned = [line for line in lines if collected.key(MARATHON) in line and "| standard |" in line]
    assert len(planned) == 1
    assert f" to {last:%a %d %b %H:%M}" in planned[0]
    assert "every 2 h" in planned[0]
    [discovery] = [line for line in lines if "| discovery |" in line]
    # The pass has just made one; a scheduler that starts makes one nevertheless.
    assert discovery.startswith("now to ")
    assert "every 6 h" in discovery
    waiting = [line for line in lines if collected.key(NEXT_WEEK) in line]
    assert any("every 90 s | 200 times | intensive" in line for line in waiting)
    assert any("| entry list |" in line and "every 24 h" in line for line in waiting)
    assert [line for line in lines if collected.key(FIVE_K) in line and "paused since" not in line] == []
    assert query("SELECT count(*) AS n FROM sync_history") == before


def test_the_plan_of_a_hub_that_never_was_asked_is_a_discovery_now(run, add_partner):
    add_partner(base_url="http://127.0.0.1:9/api")

    [title, discovery] = run("scheduler", "--plan", "--hours", "7").stdout.splitlines()

    assert title.startswith("Planned from ")
    assert discovery.startswith("now to ")
    assert discovery.endswith("every 6 h | 2 times | discovery |  | partner 1 (Harbour Timing)")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "No timing partner has credentials"), (("--partner", "9"), "None of the timing partners [9] has")],
)
def test_a_plan_for_nobody_is_refused_in_a_sentence(run, arguments, words):
    done = run("scheduler", "--plan", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_plan_and_a_pass_at_once_are_refused_in_a_sentence(run, add_partner):
    add_partner(base_url="http://127.0.0.1:9/api")

    done = run("scheduler", "--plan", "--once")

    assert (done.returncode, done.stdout) == (2, "")
    assert "--once does what is due now, --plan says what will be done: leave one out." in done.stderr
