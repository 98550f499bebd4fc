"""`chronotrack-live events`, as a process."""

from __future__ import annotations

import json

import pytest

from providers.records import Credentials


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
    assert f"{pair} and TCP event 61611 are two events." in said.stdout
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
        (["not-duplicate", "ctlive:1:5", "9"], "has no TCP event 9"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(operator, pair, arguments, words):
    done = operator(*arguments)

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_help_says_what_an_event_is_called(operator):
    assert "ctlive:7:91649" in operator("--help").stdout
