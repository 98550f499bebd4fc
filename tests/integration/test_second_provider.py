"""A provider of another package, through the same pipeline into the same tables."""

from __future__ import annotations

import inspect
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from providers import sync
from providers.errors import ApiUnreachable, CredentialsRefused, EventArchived, NotFound
from providers.records import StoredEvent
from providers.registry import adapter_class, open_adapter
from tests.integration.builders import naive, versions
from tests.provider_fifteen.sundial_api import FINISHED, HIDDEN, LOCKED, LOGIN, ODD, PASSWORD, UPCOMING

CHECKOUT = Path(__file__).resolve().parents[2]
OURS = ("providers", "database", "schedulers", "backfill", "operations")


@pytest.fixture
def open_sundial(query, store, sundial_api, clock, tmp_path):
    """A maker of adapters for a timing partner's Sundial Timing, by name and from the database."""
    opened = []

    def make(secret=PASSWORD, base_url=sundial_api.base_url):
        query("INSERT INTO providers (name) VALUES ('Sundial Timing') ON CONFLICT DO NOTHING")
        [partner] = query(
            "INSERT INTO timing_partners (company_name) VALUES ('Gnomon Timing') RETURNING timing_partner_id"
        )
        query(
            "INSERT INTO partner_provider_credentials"
            " (timing_partner_id, provider_id, principal, secret, additional_config)"
            " SELECT %s, provider_id, %s, %s, %s FROM providers WHERE name = 'Sundial Timing'",
            partner["timing_partner_id"],
            LOGIN,
            secret,
            json.dumps({"base_url": base_url}),
        )
        [credentials] = store.credentials("Sundial Timing", [partner["timing_partner_id"]])
        opened.append(open_adapter("sundial", credentials, tmp_path, clock))
        opened[-1].first_wait = 0.0
        return opened[-1]

    yield make
    for adapter in opened:
        adapter.close()


@pytest.fixture
def poll(store, clock):
    """What runs the pipeline over every event that the hub keeps for an adapter; its reports."""

    def run(adapter):
        reports = [sync.authenticate(adapter, store, clock), sync.discover_events(adapter, store, clock)]
        for event in store.live_events(adapter.credentials, clock.now() - sync.DISCOVERY_LOOKS_BACK):
            reports.append(sync.sync_participants(adapter, store, clock, event))
            reports.append(sync.collect_results(adapter, store, clock, event))
        return reports

    return run


def event_of(adapter, api_id):
    return StoredEvent(
        event_id=adapter.credentials.key(api_id),
        timing_partner_id=adapter.credentials.timing_partner_id,
        provider_event_id=api_id,
        name="?",
        start_time=None,
    )


def instant(text):
    return None if text is None else naive(datetime.fromisoformat(text))


def seconds(number):
    return None if number is None else timedelta(seconds=number)


# A package of its own -----------------------------------------------------------------------------


def test_the_provider_is_installed_outside_of_the_checkout():
    assert CHECKOUT not in Path(inspect.getfile(adapter_class("sundial"))).resolve().parents


def test_nothing_of_ours_knows_the_provider():
    ours = [path for package in OURS for path in (CHECKOUT / package).rglob("*.*") if path.suffix != ".pyc"]
    assert len(ours) > 50
    assert [path for path in ours if b"sundial" in path.read_bytes().lower()] == []


# What its API says is what the tables hold --------------------------------------------------------


def test_the_events_are_those_of_its_api_and_no_older_ones(open_sundial, poll, query, sundial_api):
    adapter = open_sundial()
    poll(adapter)

    rows = query("SELECT * FROM ct_events ORDER BY provider_event_id")
    said = [meeting for meeting in sundial_api.meetings if meeting["ref"] in (FINISHED, ODD, UPCOMING)]
    assert [
        (row["provider_event_id"], row["event_name"], row["event_start_time"], row["event_end_time"])
        for row in rows
    ] == [
        (meeting["ref"], meeting["title"], instant(meeting["opens"]), instant(meeting["closes"]))
        for meeting in said
    ]
    assert {row["timing_partner_id"] for row in rows} == {adapter.credentials.timing_partner_id}
    assert [
        (row["race_id"], row["race_name"], row["race_planned_start_time"])
        for row in query("SELECT * FROM ct_races ORDER BY race_id")
    ] == [
        (course["ref"], course["title"], instant(course["gun"]))
        for meeting in said
        for course in meeting["courses"]
    ]


def test_the_entries_are_those_of_its_api_without_the_test_entry(open_sundial, poll, query, sundial_api):
    poll(open_sundial())

    rows = query(
        "SELECT * FROM ct_participants WHERE provider_event_id = %s ORDER BY provider_participant_id",
        FINISHED,
    )
    assert [
        {
            "ref": row["provider_participant_id"],
            "course": row["race_id"],
            "bib": row["entry_bib"],
            "given": row["athlete_first_name"],
            "family": row["athlete_last_name"],
            "club": row["additional_data"]["club"],
            "trial": False,
        }
        for row in rows
    ] == [starter for starter in sundial_api.starters[FINISHED] if not starter["trial"]]


def test_the_results_are_those_of_its_api_with_times_places_and_splits(
    open_sundial, poll, query, sundial_api
):
    poll(open_sundial())

    rows = query(
        "SELECT * FROM ct_results WHERE provider_event_id = %s ORDER BY provider_result_id", FINISHED
    )
    assert [row["result_status"] for row in rows] == ["finished"] * 3 + ["started", "dnf", "dq"]
    tallies = sundial_api.tallies[FINISHED]
    assert [
        (row["provider_result_id"], row["results_bib"], row["chip_time"], row["gun_time"], row["finish_time"])
        for row in rows
    ] == [
        (t["ref"], t["bib"], seconds(t["net"]), seconds(t["gross"]), instant(t["crossed"])) for t in tallies
    ]
    assert [row["overall_place"] for row in rows] == [tally["place"] for tally in tallies]
    assert [row["split_times"] for row in rows] == [
        [
            {
                "interval_id": mark["ref"],
                "name": mark["title"],
                "chip_seconds": mark["net"],
                "gun_seconds": mark["gross"],
                "rank": mark["place"],
            }
            for mark in tally["marks"]
        ]
        for tally in tallies
    ]
    assert query(
        "SELECT count(*) FROM ct_results JOIN ct_participants"
        " ON ct_participants.entry_id = participant_id WHERE ct_results.provider_event_id = %s",
        FINISHED,
    ) == [{"count": len(tallies)}]


def test_a_row_that_cannot_be_understood_is_set_aside_and_its_neighbours_are_kept(
    open_sundial, poll, query, sundial_api
):
    poll(open_sundial())

    rows = query("SELECT provider_result_id FROM ct_results WHERE provider_event_id = %s ORDER BY 1", ODD)
    first, unreadable, last = sundial_api.tallies[ODD]
    assert [row["provider_result_id"] for row in rows] == [first["ref"], last["ref"]]
    assert query("SELECT kind, api_id, payload FROM ct_live_rejected_rows") == [
        {"kind": "result", "api_id": unreadable["ref"], "payload": unreadable}
    ]


def test_a_second_poll_writes_nothing(open_sundial, poll, query):
    adapter = open_sundial()
    first = poll(adapter)
    before = versions(query)

    second = poll(adapter)

    assert sum(report.written for report in first) == 3 + 3 + (7 + 3 + 1) + (6 + 2)
    assert [report.written for report in second] == [0] * len(first)
    assert versions(query) == before


def test_every_operation_is_accounted_for_under_the_provider(open_sundial, poll, query):
    adapter = open_sundial()
    reports = poll(adapter)

    history = query("SELECT * FROM sync_history ORDER BY sync_history_id")
    assert [row["sync_type"] for row in history] == [report.sync_type for report in reports]
    assert [row["status"] for row in history] == [report.status for report in reports]
    assert {row["provider_id"] for row in history} == {adapter.credentials.provider_id}
    assert {row["data_snapshot"]["requests"] for row in history} == {1}


# Its failures are reports -------------------------------------------------------------------------


def test_an_api_that_is_down_is_a_report_and_no_exception(open_sundial, poll, query, nowhere):
    first, second = poll(open_sundial(base_url=f"http://{nowhere}/v1"))

    assert (first.status, second.status) == ("failed", "failed")
    assert isinstance(second.error, ApiUnreachable)
    assert second.statistics["retries"] == {"unreachable": 4}
    assert [row["error_category"] for row in query("SELECT * FROM sync_history")] == ["unreachable"] * 2
    assert query("SELECT 1 FROM ct_events") == []


def test_a_refusal_is_a_report_that_names_the_login_and_not_the_password(open_sundial, poll, query):
    first, _ = poll(open_sundial(secret="high noon"))

    assert isinstance(first.error, CredentialsRefused)
    [told, _] = [row["reason"] for row in query("SELECT reason FROM sync_history")]
    assert LOGIN in told
    assert "high noon" not in told


@pytest.mark.parametrize(("meeting", "reason"), [(LOCKED, EventArchived), (HIDDEN, NotFound)])
def test_an_event_that_is_not_to_be_had_is_skipped(open_sundial, store, clock, meeting, reason):
    adapter = open_sundial()
    for operation in (sync.sync_participants, sync.collect_results):
        report = operation(adapter, store, clock, event_of(adapter, meeting))

        assert report.status == "skipped"
        assert isinstance(report.error, reason)
