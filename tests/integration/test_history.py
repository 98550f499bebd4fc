"""The account of what was done: one history row for each poll, and every rejected row."""

from __future__ import annotations

from providers.errors import RowRejected, SkipThis
from providers.records import SyncReport
from tests.integration.builders import FIELD, LATER, athlete, naive, statuses


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
