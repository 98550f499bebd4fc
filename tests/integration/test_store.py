"""Records become rows: written only on change, all or nothing, accounted for, and read back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from providers.errors import (
    ApiUnreachable,
    DatabaseRefused,
    DatabaseUnavailable,
    RowRejected,
    SchemaNotReady,
    SkipThis,
)
from providers.records import (
    ProviderEvent,
    ProviderParticipant,
    ProviderRace,
    ProviderResult,
    Snapshot,
    Split,
    SyncReport,
)

START = datetime(2025, 6, 1, 7, tzinfo=UTC)
RUN = ProviderEvent(
    provider_event_id="5",
    name="Harbour Run",
    start_time=START,
    end_time=START + timedelta(hours=8),
    timezone="Europe/Berlin",
    location={"city": "Hamburg"},
    races=(
        ProviderRace(
            provider_race_id="77", name="10 km", distance=10_000.5, planned_start=START + timedelta(hours=1)
        ),
    ),
    additional_data={"event_notes": "bring a bag"},
)
LATER = datetime(2025, 6, 1, 12, 1, 30, tzinfo=UTC)


def naive(instant):
    return instant.replace(tzinfo=None)


def athlete(number, **fields):
    given = {
        "provider_result_id": str(number),
        "provider_participant_id": str(number),
        "provider_race_id": "77",
        "status": "finished",
        "bib": str(100 + number),
        "first_name": "Ada",
        "chip_time": timedelta(minutes=40, milliseconds=number),
        "overall_place": number,
        "finish_time": START + timedelta(hours=2),
        "splits": (
            Split(
                interval_id="1",
                name="5 km",
                chip_time=timedelta(seconds=1200.125),
                gun_time=None,
                rank=number,
            ),
        ),
        "additional_data": {"odd": "x"},
    }
    return ProviderResult(**(given | fields))


def entry(number, **fields):
    given = {"provider_participant_id": str(number), "bib": str(100 + number), "location": {"city": "Köln"}}
    return ProviderParticipant(**(given | fields))


FIELD = [athlete(number) for number in range(1, 41)]


def statuses(hub):
    return {
        int(row["provider_result_id"]): row["result_status"]
        for row in hub.query("SELECT provider_result_id, result_status FROM ct_results")
    }


def versions(query):
    """The writing transaction and place of every row of the host's tables, and the serial's state."""
    tables = [
        query(
            f"SELECT xmin::text, xmax::text, ctid::text, to_jsonb(t) AS row FROM {table} AS t ORDER BY ctid"
        )
        for table in ("ct_events", "ct_races", "ct_participants", "ct_results")
    ]
    return [*tables, query("SELECT last_value, is_called FROM ct_results_id_seq")]


@pytest.fixture
def run(hub):
    """A hub with one event."""
    hub.save_events(RUN)
    return hub


@pytest.fixture
def run_c(open_hub, shape_c_dsn):
    """The same in shape C."""
    hub = open_hub(shape_c_dsn)
    hub.save_events(RUN)
    return hub


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

    report = run.save_results("5", *FIELD[:-1], replace(FIELD[-1], overall_place=39), at=LATER)

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


# What a row holds -------------------------------------------------------------------------------------


def test_a_result_fills_the_hosts_columns_and_ours(run):
    run.save_results("5", athlete(1, gun_time=timedelta(minutes=41), gender_place=2, division_place=3))

    [row] = run.query("SELECT * FROM ct_results")
    assert (row["event_id"], row["entry_id"]) == (run.key("5"), run.key("1"))
    assert row["participant_id"] == run.key("1")
    assert row["results_time"] == row["chip_time"] == timedelta(minutes=40, milliseconds=1)
    assert row["results_gun_time"] == row["gun_time"] == timedelta(minutes=41)
    assert (row["overall_place"], row["gender_place"], row["division_place"]) == (1, 2, 3)
    assert row["finish_time"] == naive(START) + timedelta(hours=2)
    assert row["split_times"] == [
        {"interval_id": "1", "name": "5 km", "chip_seconds": 1200.125, "gun_seconds": None, "rank": 1}
    ]
    assert row["additional_data"] == {"odd": "x"}
    assert (row["data_source"], row["provider_event_id"]) == ("chronotrack_live", "5")
    assert row["api_credentials_used"] == f"partner_provider_credentials:{run.partner.credentials_id}"


def test_in_shape_c_times_are_texts_as_the_api_writes_them(run_c):
    run_c.save_results("5", athlete(1, chip_time=timedelta(hours=26, milliseconds=7), gun_time=None))

    assert run_c.query("SELECT results_time, results_gun_time, chip_time::text FROM ct_results") == [
        {"results_time": "26:00:00.007", "results_gun_time": None, "chip_time": "26:00:00.007"}
    ]


@pytest.mark.parametrize("shape", ["run", "run_c"])
def test_a_text_that_is_too_long_for_its_column_is_kept_whole_beside_it(request, shape):
    hub = request.getfixturevalue(shape)
    long = "1234567890" * 30

    hub.save_results("5", athlete(1, bib=long, first_name="Ada", last_name=long))
    hub.save_participants("5", entry(1, bib=long, sex=long, mobile_phone=long, status=long))
    hub.save_events(replace(RUN, name=long), at=LATER)

    [row] = hub.query("SELECT * FROM ct_results")
    assert (row["results_bib"], row["results_last_name"]) == (long[:20], long[:100])
    assert row["additional_data"] == {
        "odd": "x",
        "too_long": {"results_bib": long, "results_last_name": long},
    }
    [row] = hub.query("SELECT * FROM ct_participants")
    assert (row["entry_bib"], row["athlete_mobile_phone"], row["entry_status"]) == (
        long[:20],
        long[:20],
        long[:50],
    )
    assert row["additional_data"]["too_long"].keys() == {
        "entry_bib",
        "athlete_sex",
        "athlete_mobile_phone",
        "entry_status",
        "registration_status",
    }
    [row] = hub.query("SELECT * FROM ct_events")
    assert row["event_name"] == long[:255]
    assert row["additional_data"]["too_long"] == {"event_name": long}


def test_an_event_keeps_what_the_api_says_beyond_our_fields(run):
    assert run.query("SELECT location, additional_data, event_timezone FROM ct_events") == [
        {
            "location": {"city": "Hamburg"},
            "additional_data": {"event_notes": "bring a bag"},
            "event_timezone": "Europe/Berlin",
        }
    ]


def test_start_and_end_are_there_in_both_shapes(run, run_c):
    for hub in (run, run_c):
        assert hub.query("SELECT start_date, end_date FROM ct_events") == [
            {"start_date": naive(START), "end_date": naive(START) + timedelta(hours=8)}
        ]


def test_live_keys_never_touch_a_tcp_row_whose_key_is_the_raw_api_id(run):
    run.query("INSERT INTO ct_events (event_id, event_name, timing_partner_id) VALUES ('5', 'Relay', 1)")
    run.query("INSERT INTO ct_participants (entry_id, event_id, entry_bib) VALUES ('1', '5', 'tcp')")
    run.query("INSERT INTO ct_results (event_id, entry_id, results_bib) VALUES ('5', '1', 'tcp')")
    tcp = [
        f"SELECT * FROM {table} WHERE data_source = 'tcp_hardware'" for table in ("ct_events", "ct_results")
    ]
    before = [run.query(statement) for statement in tcp]

    run.save_participants("5", entry(1))
    run.save_results("5", athlete(1))
    run.save_results("5", athlete(1, bib="7"), at=LATER)

    assert [run.query(statement) for statement in tcp] == before
    assert len(run.query("SELECT 1 FROM ct_results")) == len(run.query("SELECT 1 FROM ct_participants")) == 2


def test_an_event_that_two_partners_see_is_kept_for_each(run, open_hub, dsn):
    other = open_hub(dsn, "Mountain Timing")
    other.save_events(RUN)
    for hub, bib in ((run, "ours"), (other, "theirs")):
        hub.save_participants("5", entry(1, bib=bib))
        hub.save_results("5", athlete(1, bib=bib))

    run.save_results("5", athlete(1, bib="changed"), at=LATER)

    rows = run.query("SELECT timing_partner_id, event_id, results_bib FROM ct_results ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [
        (1, "ctlive:1:5", "changed"),
        (2, "ctlive:2:5", "theirs"),
    ]
    assert len(run.query("SELECT 1 FROM ct_participants")) == len(run.query("SELECT 1 FROM ct_events")) == 2


# Races ------------------------------------------------------------------------------------------------


def test_races_are_written_with_the_live_events_id(run):
    assert run.query("SELECT * FROM ct_races") == [
        {
            "race_id": "77",
            "event_id": run.key("5"),
            "race_tag": None,
            "race_name": "10 km",
            "race_type": None,
            "race_subtype": None,
            "race_course_distance": pytest.approx(10_000.5),
            "race_pref_distance_unit": None,
            "race_planned_start_time": naive(START) + timedelta(hours=1),
            "race_planned_end_time": None,
            "race_actual_start_time": None,
            "race_actual_end_time": None,
            "race_age_ref_time": None,
            "timing_partner_id": 1,
            "created_at": run.query("SELECT created_at FROM ct_races")[0]["created_at"],
        }
    ]


def test_a_race_that_starts_late_is_updated_and_a_new_one_is_added(run):
    late = replace(RUN.races[0], actual_start=START + timedelta(hours=1, minutes=5), name="x" * 300)

    report = run.save_events(replace(RUN, races=(late, ProviderRace(provider_race_id="78"))), at=LATER)

    assert report.written == 2
    rows = run.query("SELECT race_id, race_name, race_actual_start_time FROM ct_races ORDER BY race_id")
    assert [tuple(row.values()) for row in rows] == [
        ("77", "x" * 255, naive(START) + timedelta(hours=1, minutes=5)),
        ("78", None, None),
    ]


def test_in_shape_c_there_are_no_races_and_nobody_misses_them(run_c):
    assert run_c.query("SELECT to_regclass('ct_races') AS races") == [{"races": None}]
    assert run_c.store.live_events(run_c.partner, START)[0].race_starts == ()


# What vanishes ----------------------------------------------------------------------------------------


def test_an_incomplete_poll_never_removes(run):
    run.save_results("5", *FIELD)

    report = run.save_results("5", *FIELD[:5], complete=False, at=LATER)

    assert set(statuses(run).values()) == {"finished"}
    assert (report.written, report.status) == (0, "partial")


def test_a_complete_poll_marks_what_vanished_and_deletes_nothing(run):
    run.save_results("5", *FIELD)

    report = run.save_results("5", *FIELD[2:], at=LATER)

    assert [number for number, status in statuses(run).items() if status == "removed"] == [1, 2]
    assert len(statuses(run)) == 40
    assert (report.written, report.statistics["removed"]) == (2, 2)
    assert run.query("SELECT DISTINCT api_fetched_date FROM ct_results WHERE result_status = 'removed'") == [
        {"api_fetched_date": naive(LATER)}
    ]


def test_what_was_removed_is_not_removed_again(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *FIELD[2:], at=LATER)

    report = run.save_results("5", *FIELD[2:], at=LATER + timedelta(seconds=90))

    assert (report.written, "removed" in report.statistics) == (0, False)


def test_a_removed_athlete_who_reappears_comes_back(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *FIELD[1:], at=LATER)

    report = run.save_results("5", *FIELD, at=LATER + timedelta(seconds=90))

    assert set(statuses(run).values()) == {"finished"}
    assert report.written == 1


def test_more_than_a_twentieth_is_removed_only_after_a_second_complete_poll(run):
    run.save_results("5", *FIELD)

    first = run.save_results("5", *FIELD[3:], at=LATER)
    assert (first.written, first.statistics["unconfirmed_vanished"]) == (0, 3)
    assert set(statuses(run).values()) == {"finished"}

    second = run.save_results("5", *FIELD[3:], at=LATER + timedelta(seconds=90))
    assert (second.written, second.statistics["removed"]) == (3, 3)
    assert sorted(number for number, status in statuses(run).items() if status == "removed") == [1, 2, 3]


def test_an_incomplete_poll_between_them_neither_confirms_nor_forgets(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *FIELD[3:], at=LATER)

    between = run.save_results("5", *FIELD[3:], complete=False, at=LATER + timedelta(seconds=90))
    assert between.written == 0

    third = run.save_results("5", *FIELD[3:], at=LATER + timedelta(seconds=180))
    assert third.statistics["removed"] == 3


def test_a_complete_poll_that_sees_all_again_ends_the_doubt(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *FIELD[3:], at=LATER)
    run.save_results("5", *FIELD, at=LATER + timedelta(seconds=90))

    report = run.save_results("5", *FIELD[3:], at=LATER + timedelta(seconds=180))

    assert report.statistics["unconfirmed_vanished"] == 3
    assert set(statuses(run).values()) == {"finished"}


def test_another_events_doubt_confirms_nothing(run):
    run.save_events(RUN, replace(RUN, provider_event_id="6", name="Harbour Walk"))
    run.save_results("5", *FIELD)
    others = [athlete(number) for number in range(101, 141)]
    run.save_results("6", *others)
    run.save_results("6", at=LATER)

    report = run.save_results("5", *FIELD[3:], at=LATER + timedelta(seconds=1))

    assert report.statistics["unconfirmed_vanished"] == 3


def test_newcomers_make_a_great_loss_no_smaller(run):
    run.save_results("5", *FIELD)
    newcomers = [athlete(number) for number in range(41, 101)]

    report = run.save_results("5", *FIELD[3:], *newcomers, at=LATER)

    assert report.statistics["unconfirmed_vanished"] == 3


def test_a_poll_with_rejected_rows_confirms_a_loss_as_well(run):
    run.save_results("5", *FIELD)
    rejected = [RowRejected("no id", kind="result", payload={"a": 1}, api_id=None)]
    run.save_results("5", *FIELD[3:], rejected=rejected, at=LATER)

    report = run.save_results("5", *FIELD[3:], rejected=rejected, at=LATER + timedelta(seconds=90))

    assert report.statistics["removed"] == 3


def test_an_athlete_whose_row_was_set_aside_has_not_vanished(run):
    run.save_results("5", *FIELD)
    rejected = [RowRejected("unreadable", kind="result", payload={"a": 1}, api_id="1")]

    report = run.save_results("5", *FIELD[2:], rejected=rejected, at=LATER)

    assert [number for number, status in statuses(run).items() if status == "removed"] == [2]
    assert report.statistics["removed"] == 1


def test_an_athlete_without_a_status_can_vanish_too(run):
    run.save_results("5", *FIELD[1:], athlete(1, status=""))

    run.save_results("5", *FIELD[1:], at=LATER)

    assert statuses(run)[1] == "removed"


def test_removed_rows_are_not_in_the_unified_view(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *FIELD[1:], at=LATER)

    rows = run.query("SELECT source_provider, data_source, result_status, bib_number FROM unified_results")
    assert len(rows) == 39
    assert {(row["source_provider"], row["data_source"]) for row in rows} == {
        ("ChronoTrack Live", "chronotrack_live")
    }


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


# The account ------------------------------------------------------------------------------------------


def test_a_poll_leaves_one_history_row_that_says_what_it_did(run):
    run.query("DELETE FROM sync_history")
    report = SyncReport(
        sync_type="results",
        timing_partner_id=1,
        status="partial",
        started=LATER,
        seconds=2.6,
        event_id=run.key("5"),
        seen=40,
        written=39,
        rejected=1,
        lateness=1.5,
        statistics={"requests": 7, "results": 40, "complete": True},
    )

    assert run.save_results("5", *FIELD, account=lambda stored: report) is report

    [row] = run.query("SELECT * FROM sync_history")
    expected = {
        "timing_partner_id": 1,
        "provider_id": 1,
        "event_id": "ctlive:1:5",
        "operation_type": "results",
        "sync_type": "results",
        "sync_direction": "pull",
        "sync_time": naive(LATER),
        "status": "partial",
        "num_of_synced_records": 39,
        "entries_success": 40,
        "entries_failed": 1,
        "participants_synced": None,
        "results_synced": 40,
        "duration_seconds": 3,
        "error_category": None,
        "error_details": None,
        "data_snapshot": {"requests": 7, "results": 40, "complete": True},
        "reason": None,
    }
    assert {name: row[name] for name in expected} == expected
    assert float(row["lateness_seconds"]) == 1.5


def test_a_failure_is_accounted_for_with_its_reason(run):
    run.query("DELETE FROM sync_history")
    error = SkipThis("Event 5 is archived.")

    run.store.note(
        run.partner,
        SyncReport(sync_type="results", timing_partner_id=1, status="skipped", started=LATER, error=error),
    )

    [row] = run.query("SELECT * FROM sync_history")
    assert (row["status"], row["reason"]) == ("skipped", "Event 5 is archived.")
    assert row["error_category"] == "skipped"
    assert row["error_details"] == {"error": "SkipThis", "message": "Event 5 is archived."}


def test_rejected_rows_are_kept_whole_once_each_and_counted(run):
    rejected = [
        RowRejected("no time", kind="result", payload={"id": "9", "time": "soon"}, api_id="9"),
        RowRejected("no time", kind="result", payload={"id": "9", "time": "soon"}, api_id="9"),
        RowRejected("no id", kind="result", payload={"name": "Zoë"}, api_id=None),
        RowRejected("no id", kind="result", payload={"name": "Ada"}, api_id=None),
    ]

    report = run.save_results("5", athlete(1), rejected=rejected)
    run.save_results("5", athlete(1), rejected=rejected[:1], at=LATER)

    assert report.rejected == 3
    rows = run.query("SELECT * FROM ct_live_rejected_rows ORDER BY payload ->> 'name' NULLS FIRST")
    assert [(row["reason"], row["payload"]) for row in rows] == [
        ("no time", {"id": "9", "time": "soon"}),
        ("no id", {"name": "Ada"}),
        ("no id", {"name": "Zoë"}),
    ]
    assert [(row["times_seen"], row["first_seen"], row["last_seen"]) for row in rows] == [
        (2, naive(run.at), naive(LATER)),
        (1, naive(run.at), naive(run.at)),
        (1, naive(run.at), naive(run.at)),
    ]
    assert {row["provider_event_id"] for row in rows} == {"5"}
    assert statuses(run) == {1: "finished"}


def test_a_rejected_row_without_an_id_may_be_of_any_size(run):
    payload = {str(number): hex(hash((number, "x"))) for number in range(2_000)}
    rejected = [RowRejected("no id", kind="result", payload=payload, api_id=None)]

    run.save_results("5", athlete(1), rejected=rejected)
    run.save_results("5", athlete(1), rejected=rejected, at=LATER)

    assert run.query("SELECT payload, times_seen FROM ct_live_rejected_rows") == [
        {"payload": payload, "times_seen": 2}
    ]
    assert statuses(run) == {1: "finished"}


# What is read back ------------------------------------------------------------------------------------


def test_credentials_come_with_their_configuration_and_never_show_the_secret(add_partner, store):
    partner = add_partner("Harbour Timing", secret="geheim", base_url="http://api.test", timeout=5)

    assert store.credentials("ChronoTrack Live") == [partner]
    assert (partner.partner_name, partner.secret) == ("Harbour Timing", "geheim")
    assert partner.additional_config == {"base_url": "http://api.test", "timeout": 5}
    assert "geheim" not in repr(partner)


def test_credentials_of_chosen_partners_come_alone(add_partner, store):
    partners = [add_partner(name) for name in ("One", "Two", "Three")]

    assert store.credentials("ChronoTrack Live", [partners[1].timing_partner_id]) == [partners[1]]
    assert store.credentials("ChronoTrack Live", []) == []
    assert store.credentials("ChronoTrack Live", [404]) == []


def test_credentials_without_a_configuration_have_an_empty_one(hub):
    assert hub.partner.additional_config == {}


def test_a_provider_that_the_database_does_not_know_is_a_matter_of_migrating(store):
    with pytest.raises(SchemaNotReady, match="does not know Another Provider"):
        store.credentials("Another Provider")


def test_a_live_event_is_read_back_with_what_the_windows_ask_about(run):
    run.save_results("5", athlete(1), at=LATER)
    run.save_participants("5", entry(1), at=LATER + timedelta(seconds=1))

    [event] = run.store.live_events(run.partner, START)

    assert (event.event_id, event.provider_event_id, event.name) == (run.key("5"), "5", "Harbour Run")
    assert (event.start_time, event.end_time) == (START, START + timedelta(hours=8))
    assert event.race_starts == (START + timedelta(hours=1),)
    assert event.last_collection == LATER
    assert event.last_participant_sync == LATER + timedelta(seconds=1)
    assert not event.superseded


@pytest.mark.parametrize("shape", ["run", "run_c"])
def test_events_are_read_back_from_an_instant_on_in_order_of_start(request, shape):
    hub = request.getfixturevalue(shape)
    hub.save_events(
        replace(
            RUN,
            provider_event_id="1",
            name="Old",
            start_time=START - timedelta(days=9),
            end_time=None,
            races=(),
        ),
        replace(RUN, provider_event_id="2", name="Long", start_time=START - timedelta(days=8)),
        replace(RUN, provider_event_id="3", name="Next", start_time=START + timedelta(days=8), end_time=None),
        replace(RUN, provider_event_id="4", name="Sometime", start_time=None, end_time=None, races=()),
    )

    names = [event.name for event in hub.store.live_events(hub.partner, START)]

    assert names == ["Long", "Harbour Run", "Next"]


def test_an_event_whose_last_race_starts_late_stays_in_view_for_it(hub):
    sunday = START + timedelta(days=2)
    races = (
        ProviderRace(provider_race_id="1", planned_start=START),
        ProviderRace(provider_race_id="2", planned_start=sunday),
    )
    hub.save_events(replace(RUN, end_time=None, races=races))

    [event] = hub.store.live_events(hub.partner, START + timedelta(days=1))

    assert event.race_starts == (START, sunday)
    assert hub.store.live_events(hub.partner, sunday + timedelta(seconds=1)) == []


def test_another_partners_events_are_not_ours(run, open_hub, dsn):
    assert open_hub(dsn, "Mountain Timing").store.live_events(run.partner, START) != []
    other = open_hub(dsn, "Valley Timing")
    assert other.store.live_events(other.partner, START) == []


def test_the_last_sync_is_the_last_that_went_well(run):
    def noted(status, at):
        run.store.note(
            run.partner, SyncReport(sync_type="events", timing_partner_id=1, status=status, started=at)
        )

    noted("partial", LATER)
    noted("failed", LATER + timedelta(hours=1))

    assert run.store.last_sync(run.partner, "events") == LATER
    assert run.store.last_sync(run.partner, "backfill") is None


# The past ---------------------------------------------------------------------------------------------


def test_a_past_event_is_stored_whole_and_known_as_imported(hub):
    report = hub.save_past_event(RUN, [entry(1), entry(2)], [athlete(1)])

    assert (report.seen, report.written) == (3, 5)
    assert (report.statistics["participants"], report.statistics["results"]) == (2, 1)
    assert hub.store.imported_events(hub.partner) == {"5"}
    [row] = hub.query("SELECT * FROM sync_history")
    assert (row["sync_type"], row["participants_synced"], row["results_synced"]) == ("backfill", 2, 1)


def test_an_event_that_was_only_collected_is_not_known_as_imported(run):
    run.save_results("5", athlete(1))

    assert run.store.imported_events(run.partner) == set()


def test_a_past_event_imported_again_writes_nothing(hub):
    hub.save_past_event(RUN, [entry(1)], [athlete(1)])
    before = versions(hub.query)

    assert hub.save_past_event(RUN, [entry(1)], [athlete(1)], at=LATER).written == 0
    assert versions(hub.query) == before
