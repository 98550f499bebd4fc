"""The backfill's rehearsal: two years of thirteen partners. Takes minutes, so it has a command of its own."""

from __future__ import annotations

import random
import subprocess
from contextlib import suppress

import pytest

from operations.comparison import compare
from providers.chronotrack_live.simulator.archive import Archive
from tests.acceptance.conftest import wait_until

pytestmark = pytest.mark.rehearsal

PARTNERS, EVENTS = 13, 338
WHOLE = ("--days", 760)
KILLS = 20
SESSIONS = "FROM pg_stat_activity WHERE datname = current_database() AND usename = 'chronotrack_live'"


@pytest.fixture
def simulator(open_archive, add_partners):
    archive = open_archive(Archive(PARTNERS, EVENTS))
    add_partners(archive, PARTNERS)
    return archive


@pytest.fixture
def tcp_has_some(simulator, query):
    """Lets TCP have delivered every ninth event, in capitals; how many these are."""
    events = simulator.event_ids()[::9]
    for event_id in events:
        truth = simulator.ground_truth(event_id)
        query(
            "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
            " VALUES (%s, %s, %s::timestamptz AT TIME ZONE 'UTC', %s)",
            f"tcp{event_id}",
            truth["event_name"].upper(),
            truth["start_time"],
            (int(truth["event_name"].split()[-1]) - 1) % PARTNERS + 1,
        )
    return len(events)


def decisions(report):
    """What a run decided of each event, and how many entries it saw."""
    return {(e["partner"], e["event_id"]): (e["skip"] or "imported", e["entries"]) for e in report["events"]}


@pytest.mark.usefixtures("tcp_has_some")
def test_the_dry_run_tells_what_the_run_does_and_the_run_brings_in_the_truth(
    simulator, backfill, everything, query
):
    before = everything()
    looked, expected = backfill(*WHOLE, "--dry-run")
    assert everything() == before

    done, report = backfill(*WHOLE)

    assert (looked.returncode, done.returncode) == (0, 0), looked.stderr + done.stderr
    assert decisions(expected) == decisions(report)
    stored = query("SELECT provider_event_id AS id FROM ct_events WHERE data_source = 'chronotrack_live'")
    assert len(stored) > EVENTS // 2
    for row in stored:
        kept = query("SELECT * FROM ct_results WHERE provider_event_id = %s", row["id"])
        assert compare(simulator.ground_truth(row["id"]), kept).differences == ()


@pytest.mark.usefixtures("tcp_has_some")
def test_killed_twenty_times_it_ends_with_the_database_of_an_undisturbed_run(
    backfill, started, content, query, ask
):
    def imported():
        return ask("SELECT count(*) FROM sync_history WHERE sync_type = 'backfill' AND status = 'completed'")

    backfill(*WHOLE)
    undisturbed = content()
    for table in ("ct_results", "ct_participants", "ct_events"):
        query(f"DELETE FROM {table} WHERE data_source = 'chronotrack_live'")
    query("DELETE FROM ct_races WHERE event_id LIKE 'ctlive:%%'")
    query("TRUNCATE ct_live_rejected_rows, sync_history")
    for _ in range(KILLS):
        before = imported()
        process = started("--api-delay", 0, "--events", 3, *WHOLE)
        wait_until(lambda before=before, process=process: imported() > before or process.poll() is not None)
        with suppress(subprocess.TimeoutExpired):
            process.wait(random.uniform(0, 0.8))
        process.kill()
        process.wait()
        # What it sent before may still be under way on the server's side.
        query(f"SELECT pg_terminate_backend(pid, 10000) {SESSIONS}")

    done, _ = backfill(*WHOLE)

    assert done.returncode == 0
    assert content() == undisturbed
