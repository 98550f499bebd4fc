"""The account of what was done: one history row for each operation."""

from __future__ import annotations

from providers import past_events, sync
from providers.accounts import SyncReport
from providers.errors import SkipThis
from tests.integration.builders import FIELD, LATER, RUN, START, athlete, entry, naive


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


def test_each_type_of_operation_counts_what_it_brought_in_the_columns_that_the_guide_reads(
    run, provider, clock
):
    run.query("DELETE FROM sync_history")
    [event] = run.store.live_events(run.partner, START)
    provider.entries = [entry(1), entry(2), entry(3)]
    provider.will_read([athlete(1), athlete(2)], [athlete(1), athlete(2)])

    sync.authenticate(provider, run.store, clock)
    sync.discover_events(provider, run.store, clock)
    sync.sync_participants(provider, run.store, clock, event)
    sync.collect_results(provider, run.store, clock, event)
    past_events.import_past_event(provider, run.store, clock, RUN)

    counted = run.query(
        "SELECT sync_type, status, participants_synced, results_synced FROM sync_history"
        " WHERE provider_id = 1 ORDER BY sync_history_id"
    )
    assert [tuple(row.values()) for row in counted] == [
        ("authentication", "completed", None, None),
        ("events", "completed", None, None),
        ("participants", "completed", 3, None),
        ("results", "completed", None, 2),
        ("backfill", "completed", 3, 2),
    ]
