"""The check of duplicate detection asks the functions that are there, and leaves nothing behind."""

from __future__ import annotations

import pytest

from database.credentials import CredentialsTable
from operations.checks.duplicates import check_duplicates
from operations.checks.verdict import Outcome

_AS = """
    CREATE OR REPLACE FUNCTION check_duplicate_chronotrack_event(
        p_event_name varchar, p_event_date timestamp, p_timing_partner_id integer
    ) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT {} $$
"""
_EXISTS = """
    EXISTS (
        SELECT FROM ct_events e
        WHERE e.timing_partner_id = {partner} AND {name}
          AND abs(extract(epoch FROM e.event_start_time - p_event_date)) < {seconds})
"""


def _function(partner="p_timing_partner_id", name="lower(e.event_name) = lower(p_event_name)", seconds=86400):
    return _AS.format(_EXISTS.format(partner=partner, name=name, seconds=seconds))


@pytest.fixture
def ask(daemon_database, add_partner, clock):
    """Runs the check as the daemon's role."""
    add_partner("Harbour Timing")
    [access] = CredentialsTable(daemon_database, "ChronoTrack Live").partners()
    return lambda: check_duplicates(daemon_database, access, clock.now())


def test_a_twin_is_found_in_any_case_within_a_day_and_nothing_is_left_of_it(ask, query):
    query("INSERT INTO ct_events (event_id, event_name, timing_partner_id) VALUES ('1', 'Harbour Run', 1)")
    before = query("SELECT xmin::text, * FROM ct_events")

    verdict = ask()

    assert verdict.outcome is Outcome.PASSED, verdict
    assert query("SELECT xmin::text, * FROM ct_events") == before
    assert {"event": "in upper case", "is_duplicate": True} in verdict.facts["scenes"]
    assert {"event": "that starts 25 h earlier", "is_duplicate": False} in verdict.facts["scenes"]


def test_a_function_that_is_written_anew_as_it_was_passes(ask, query):
    query(_function())

    assert ask().outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (_AS.format("false"), "does not find an event of the same name and start"),
        (_function(name="e.event_name = p_event_name"), "does not find an event in lower case"),
        (_function(seconds=82_800), "does not find an event that starts 23 h 59 min later"),
        (_function(seconds=100_000), "takes for a duplicate an event that starts 25 h later"),
        (_function(name="true"), "takes for a duplicate an event of another name"),
        (_function(partner="e.timing_partner_id"), "takes for a duplicate an event of another partner"),
    ],
)
def test_a_function_that_is_wrong_fails_with_what_it_gets_wrong(ask, query, function, said):
    query(function)

    verdict = ask()

    assert verdict.outcome is Outcome.FAILED
    assert f"check_duplicate_chronotrack_event() {said}" in verdict.said
    assert "find_duplicate_chronotrack_event()" not in verdict.said
    assert "chronotrack-live migrate" in verdict.remedy
    assert query("SELECT event_id FROM ct_events") == []


def test_a_function_that_finds_duplicates_everywhere_fails(ask, query):
    query(_AS.format("true"))

    assert "although TCP has none of its name" in ask().said


def test_what_an_import_goes_by_is_asked_as_well(ask, query):
    query("ALTER FUNCTION find_duplicate_chronotrack_event RENAME TO find_other")
    query(
        "CREATE FUNCTION find_duplicate_chronotrack_event("
        "varchar, timestamp, integer, varchar, varchar, boolean)"
        " RETURNS TABLE (event_id varchar, kind text, reason text) LANGUAGE sql"
        " AS $$ SELECT ''::varchar, '', '' WHERE false $$"
    )

    verdict = ask()

    assert "find_duplicate_chronotrack_event() does not find an event in upper case" in verdict.said


def test_a_hub_without_timing_partners_has_nobody_whose_event_it_could_be(check):
    assert check().one("duplicate detection").said == "because the hub has no timing partner"
