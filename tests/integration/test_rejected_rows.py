"""Rows of the API that cannot be stored: kept whole, counted, and cleared when they come in well or go."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest

from database.store import Store
from providers.errors import RowRejected
from providers.records import ProviderParticipant
from tests.fixtures_hub import Hub
from tests.integration.builders import LATER, RUN, athlete, entry, naive, statuses
from tests.integration.watched_database import WatchedDatabase

AGAIN = LATER + timedelta(seconds=90)
ONE_HISTORY_ROW = {"sync_history": (1, 0, 0)}


def odd(api_id, kind="result", reason="no time", **payload):
    return RowRejected(reason, kind=kind, payload=payload or {"id": api_id}, api_id=api_id)


def kept(hub):
    """The API ids of the rows that are set aside; "sha256" stands for those without one."""
    rows = hub.query("SELECT api_id FROM ct_live_rejected_rows ORDER BY api_id")
    return [row["api_id"].partition(":")[0] for row in rows]


@pytest.fixture
def watched(run, daemon_dsn):
    """The hub with an event, over a database that is watched."""
    with closing(WatchedDatabase(daemon_dsn)) as database, closing(Store(database)) as store:
        yield Hub(database, store, run.partner, run.query)


# Kept and counted -----------------------------------------------------------------------------------


def test_rejected_rows_are_kept_whole_and_once_each(run):
    rejected = [odd("9", time="soon"), odd("9", time="soon"), odd(None, name="Zoë"), odd(None, name="Ada")]

    report = run.save_results("5", athlete(1), rejected=rejected)

    assert report.rejected == 3
    rows = run.query("SELECT * FROM ct_live_rejected_rows ORDER BY payload ->> 'name' NULLS FIRST")
    assert [(row["reason"], row["payload"]) for row in rows] == [
        ("no time", {"time": "soon"}),
        ("no time", {"name": "Ada"}),
        ("no time", {"name": "Zoë"}),
    ]
    assert {(row["timing_partner_id"], row["data_source"], row["provider_event_id"]) for row in rows} == {
        (run.partner.timing_partner_id, "chronotrack_live", "5")
    }
    assert statuses(run) == {1: "finished"}


def test_a_row_that_is_rejected_again_is_counted_and_dated(run):
    for at in (run.at, LATER, AGAIN):
        run.save_results("5", rejected=[odd("9"), odd(None, name="Zoë")], at=at)

    rows = run.query("SELECT * FROM ct_live_rejected_rows")
    assert [(row["times_seen"], row["first_seen"], row["last_seen"]) for row in rows] == [
        (3, naive(run.at), naive(AGAIN))
    ] * 2


def test_a_row_that_is_rejected_for_another_reason_and_with_another_content_is_kept_as_it_is_now(run):
    run.save_results("5", rejected=[odd("9", "result", "no time", time="soon")])

    run.save_results("5", rejected=[odd("9", "result", "no name", time="1:00")], at=LATER)

    assert run.query("SELECT reason, payload, times_seen FROM ct_live_rejected_rows") == [
        {"reason": "no name", "payload": {"time": "1:00"}, "times_seen": 2}
    ]


def test_a_rejected_row_without_an_id_may_be_of_any_size(run):
    payload = {str(number): hex(hash((number, "x"))) for number in range(2_000)}
    rejected = [odd(None, **payload)]

    run.save_results("5", athlete(1), rejected=rejected)
    run.save_results("5", athlete(1), rejected=rejected, at=LATER)

    assert run.query("SELECT payload, times_seen FROM ct_live_rejected_rows") == [
        {"payload": payload, "times_seen": 2}
    ]


def test_a_large_payload_that_is_the_same_is_not_written_again(run):
    payload = {str(number): hex(hash((number, "x"))) for number in range(2_000)}
    [toast] = run.query(
        "SELECT reltoastrelid::regclass::text AS name FROM pg_class WHERE relname = 'ct_live_rejected_rows'"
    )
    pieces = f"SELECT xmin::text, chunk_id, chunk_seq FROM {toast['name']} ORDER BY chunk_id, chunk_seq"
    run.save_results("5", rejected=[odd("9", **payload)])
    before = run.query(pieces)
    assert len(before) > 3

    run.save_results("5", rejected=[odd("9", **payload)], at=LATER)

    assert run.query(pieces) == before


def test_a_poll_without_rejected_rows_writes_nothing_for_them(watched):
    watched.save_results("5", athlete(1))
    watched.save_participants("5", entry(1))

    watched.save_results("5", athlete(1), at=LATER)
    assert watched.database.written == ONE_HISTORY_ROW
    watched.save_participants("5", entry(1), at=LATER)
    assert watched.database.written == ONE_HISTORY_ROW
    watched.save_events(RUN, at=LATER)
    assert watched.database.written == ONE_HISTORY_ROW


def test_a_row_that_is_rejected_again_is_one_row_written(watched):
    watched.save_results("5", athlete(1), rejected=[odd("9")])

    watched.save_results("5", athlete(1), rejected=[odd("9")], at=LATER)

    assert watched.database.written == {"ct_live_rejected_rows": (0, 1, 0)} | ONE_HISTORY_ROW


# Tried again, and cleared ---------------------------------------------------------------------------


@pytest.mark.parametrize("complete", [True, False, None])
def test_a_row_that_comes_in_well_is_stored_and_cleared(run, complete):
    run.save_results("5", athlete(1), rejected=[odd("2"), odd("3")])

    report = run.save_results("5", athlete(1), athlete(2), rejected=[odd("3")], complete=complete, at=LATER)

    assert (kept(run), report.statistics["cleared"]) == (["3"], 1)
    assert statuses(run) == {1: "finished", 2: "finished"}


def test_an_entry_that_comes_in_well_is_cleared_and_no_result_of_the_same_id(run):
    run.save_participants("5", rejected=[odd("2", "participant")])
    run.save_results("5", rejected=[odd("2")])

    report = run.save_participants("5", entry(2), at=LATER)

    assert report.statistics["cleared"] == 1
    assert run.query("SELECT kind FROM ct_live_rejected_rows") == [{"kind": "result"}]


def test_a_row_that_came_both_well_and_ill_stays_set_aside(run):
    for at in (run.at, LATER):
        report = run.save_results("5", athlete(2), rejected=[odd("2", reason="another full course")], at=at)

    assert kept(run) == ["2"]
    assert "cleared" not in report.statistics


@pytest.mark.parametrize("api_id", ["2", None])
def test_what_a_whole_reading_does_not_have_any_more_is_cleared(run, api_id):
    run.save_results("5", athlete(1), rejected=[odd(api_id, name="Zoë")])

    report = run.save_results("5", athlete(1), at=LATER)

    assert (kept(run), report.statistics["cleared"]) == ([], 1)


@pytest.mark.parametrize("complete", [False, None])
def test_what_a_reading_that_is_not_whole_does_not_have_stays(run, complete):
    run.save_results("5", athlete(1), rejected=[odd("2"), odd(None, name="Zoë")])

    report = run.save_results("5", athlete(1), complete=complete, at=LATER)

    assert kept(run) == ["2", "sha256"]
    assert "cleared" not in report.statistics


def test_another_events_rows_stay(run):
    run.save_results("6", rejected=[odd("2"), odd(None, name="Zoë")])

    run.save_results("5", athlete(2), at=LATER)

    assert kept(run) == ["2", "sha256"]


def test_an_event_is_cleared_by_coming_in_well_and_by_nothing_else(hub):
    hub.save_events(rejected=[odd("5", "event"), odd("6", "event"), odd(None, "race", name="Relay")])

    report = hub.save_events(RUN, at=LATER)

    assert report.statistics["cleared"] == 1
    assert kept(hub) == ["6", "sha256"]


def test_an_event_that_tcp_has_by_now_came_in_well_too(hub):
    hub.save_events(rejected=[odd("5", "event")])
    hub.query(
        "INSERT INTO ct_events (event_id, event_name, timing_partner_id) VALUES ('5', 'Relay', %s)",
        hub.partner.timing_partner_id,
    )

    report = hub.save_events(RUN, at=LATER)

    assert len(report.statistics["duplicates"]) == 1
    assert kept(hub) == []


def test_what_an_import_clears_is_added_up(hub):
    hub.save_events(rejected=[odd("5", "event")])
    hub.save_participants("5", rejected=[odd("1", "participant"), odd("2", "participant")])

    report = hub.save_past_event(RUN, [entry(1)], [athlete(1)], at=LATER)

    assert report.statistics["cleared"] == 3


def test_an_id_with_a_nul_is_cleared_as_it_is_stored(run):
    run.save_participants("5", rejected=[odd("1\x00", "participant")])

    run.save_participants("5", ProviderParticipant(provider_participant_id="1\x00"), complete=False, at=LATER)

    assert kept(run) == []
