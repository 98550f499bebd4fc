"""`chronotrack-live events`, as a process: pairs that may be one event, and events that are not there."""

from __future__ import annotations

import json

import pytest


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


def test_no_event_is_said_to_be_none(run):
    assert run("events", "list").stdout == "No event is followed now; --all lists all.\n"
