"""Records become rows: written only on change, and all or nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from providers.accounts import SyncReport
from providers.errors import ApiUnreachable, DatabaseRefused, DatabaseUnavailable
from providers.readings import Snapshot
from tests.integration.builders import FIELD, LATER, RUN, START, athlete, entry, naive, statuses, versions

# Only change is written -------------------------------------------------------------------------------


def test_an_unchanged_second_save_writes_nothing_at_all(run):
    entries = [entry(number) for number in range(1, 41)]
    run.save_participants("5", *entries)
    run.save_results("5", *FIELD)
    before = versions(run.query)

    reports = [
        run.save_events(RUN, at=LATER),
        run.save_participants("5", *entries, at=LATER),
        run.save_results("5", *FIELD, at=LATER),
    ]

    assert [(report.seen, report.written) for report in reports] == [(1, 0), (40, 0), (40, 0)]
    assert versions(run.query) == before


def test_an_unchanged_second_save_writes_nothing_in_shape_c_either(run_c):
    run_c.save_results("5", *FIELD)
    query = "SELECT xmin::text, ctid::text FROM {} ORDER BY ctid"
    tables = [query.format(table) for table in ("ct_events", "ct_results")]
    before = [run_c.query(table) for table in tables]

    assert run_c.save_events(RUN, at=LATER).written == 0
    assert run_c.save_results("5", *FIELD, at=LATER).written == 0
    assert [run_c.query(table) for table in tables] == before


def test_one_changed_athlete_writes_exactly_one_row(run):
    run.save_results("5", *FIELD)
    before = {row["row"]["id"]: row for row in versions(run.query)[3]}

    report = run.save_results("5", *FIELD[:-1], FIELD[-1]._replace(overall_place=39), at=LATER)

    after = {row["row"]["id"]: row for row in versions(run.query)[3]}
    assert report.written == 1
    [changed] = [number for number in after if after[number] != before[number]]
    assert after[changed]["row"]["overall_place"] == 39
    assert after[changed]["row"]["results_rank"] == 39


def test_whatever_changes_of_an_athlete_is_written_and_dated(run):
    changes = {
        1: {"bib": "999"},
        2: {"bib": None},
        3: {"provider_race_id": "78"},
        4: {"status": "dq"},
        5: {"chip_time": timedelta(minutes=40, milliseconds=6)},
        6: {"gun_time": timedelta(minutes=41)},
        7: {"gender_place": 3},
        8: {"finish_time": START + timedelta(hours=2, milliseconds=1)},
        9: {"splits": ()},
        10: {"additional_data": {}},
        11: {},
    }
    run.save_results("5", *map(athlete, changes))

    report = run.save_results(
        "5", *(athlete(number, **change) for number, change in changes.items()), at=LATER
    )

    rows = {int(row["provider_result_id"]): row for row in run.query("SELECT * FROM ct_results")}
    dates = {number: naive(LATER if change else run.at) for number, change in changes.items()}
    assert report.written == 10
    assert {number: row["api_fetched_date"] for number, row in rows.items()} == dates
    assert {number: row["updated_at"] for number, row in rows.items()} == dates
    assert {row["created_at"] for row in rows.values()} == {naive(run.at)}


def test_an_athlete_who_changes_bib_and_race_keeps_the_row(run):
    run.save_results("5", athlete(1))
    [before] = run.query("SELECT id FROM ct_results")

    run.save_results("5", athlete(1, bib="7", provider_race_id="78"), at=LATER)

    assert run.query("SELECT id, results_bib, race_id FROM ct_results") == [
        before | {"results_bib": "7", "race_id": "78"}
    ]


def test_two_athletes_who_swap_bibs_keep_their_rows(run):
    run.save_results("5", athlete(1, bib="1"), athlete(2, bib="2"))

    report = run.save_results("5", athlete(1, bib="2"), athlete(2, bib="1"), at=LATER)

    assert report.written == 2
    assert [
        (row["provider_result_id"], row["results_bib"])
        for row in run.query("SELECT * FROM ct_results ORDER BY provider_result_id")
    ] == [("1", "2"), ("2", "1")]


def test_a_changed_entry_and_a_changed_event_are_written(run):
    run.save_participants("5", entry(1), entry(2))

    assert run.save_participants("5", entry(1), entry(2, bib="7"), at=LATER).written == 1
    assert run.save_events(replace(RUN, name="Harbour Night Run"), at=LATER).written == 1
    assert run.query("SELECT event_name, api_fetched_date FROM ct_events") == [
        {"event_name": "Harbour Night Run", "api_fetched_date": naive(LATER)}
    ]


# All or nothing ---------------------------------------------------------------------------------------


def test_an_exception_in_the_middle_leaves_neither_rows_nor_history(run):
    before = run.query("SELECT count(*) FROM sync_history")

    def breaks(stored):
        assert stored.written == 40
        raise LookupError

    with pytest.raises(LookupError):
        run.save_results("5", *FIELD, account=breaks)

    assert statuses(run) == {}
    assert run.query("SELECT count(*) FROM sync_history") == before
    assert run.save_results("5", *FIELD).written == 40


def test_an_api_that_fails_while_it_is_read_leaves_nothing(run):
    def broken():
        yield athlete(1)
        raise ApiUnreachable

    _, account, at = run._parts("results", "5", ())
    with run.store.claim(run.partner, "5"), pytest.raises(ApiUnreachable):
        run.store.save_results(run.partner, "5", Snapshot(broken(), complete=True), account, at)

    assert statuses(run) == {}


def test_a_session_that_is_killed_in_the_middle_leaves_neither_rows_nor_history(run):
    before = run.query("SELECT count(*) FROM sync_history")
    reports = []

    def killed(stored):
        writers = run.query(
            "SELECT pg_terminate_backend(pid, 10000) AS gone FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'idle in transaction'"
        )
        assert writers == [{"gone": True}]
        reports.append(stored.written)
        return SyncReport(sync_type="results", timing_partner_id=1, status="completed", started=LATER)

    with pytest.raises(DatabaseUnavailable):
        run.save_results("5", *FIELD, account=killed)

    assert reports == [40]
    assert statuses(run) == {}
    assert run.query("SELECT count(*) FROM sync_history") == before
    assert run.save_results("5", *FIELD).written == 40


def test_results_of_an_event_that_is_not_there_are_refused_whole(hub):
    with pytest.raises(DatabaseRefused, match="foreign key"):
        hub.save_results("404", athlete(1))

    assert hub.query("SELECT 1 FROM sync_history") == []


def test_no_connection_waits_for_the_api_while_a_discovery_is_read(hub):
    together = threading.Barrier(4)

    def lent(_):
        with hub.database.transaction():
            together.wait(timeout=10)

    def slow():
        # All four connections can be had at this moment.
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lent, range(4)))
        yield RUN

    _, account, at = hub._parts("events", None, ())

    assert hub.store.save_events(hub.partner, Snapshot(slow(), complete=True), account, at).written == 2
