"""What a poll costs: nothing when nothing changed, one row when one athlete did, and memory for a chunk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from database import migrate
from database.connection import Database
from database.embedded import EmbeddedPostgres
from database.opening import create_database
from database.store import Store
from providers import sync
from providers.records import Split
from tests.fixtures_hub import Hub
from tests.integration.builders import LATER, RUN, START, athlete, entry, versions
from tests.integration.embedded.processes import processes, wait_until
from tests.integration.scripted_provider import ScriptedProvider
from tests.integration.watched_database import WatchedDatabase

ROOT = Path(__file__).resolve().parents[2]
ATHLETES = 10_000
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE sequencename <> %s ORDER BY 1"
HISTORY = "sync_history_sync_history_id_seq"
ONE_HISTORY_ROW = {"sync_history": (1, 0, 0)}

# A server of its own: WAL is counted for the whole server, and other tests write on the common one. Neither
# autovacuum nor a checkpoint, after which whole pages are logged, may fall into what is measured.
QUIET = {"autovacuum": "off", "checkpoint_timeout": "1d", "max_wal_size": "8GB"}
MOST_WAL = 16 * 1024


def field():
    """Ten thousand athletes with three splits each."""
    for number in range(1, ATHLETES + 1):
        splits = tuple(
            Split(
                interval_id=str(mark),
                name=f"{5 * mark} km",
                chip_time=timedelta(seconds=1200 * mark, milliseconds=number),
                gun_time=timedelta(seconds=1203 * mark, milliseconds=number),
                rank=number,
            )
            for mark in (1, 2, 3)
        )
        yield athlete(number, splits=splits)


def with_one_change():
    """The same field, but for one athlete's place."""
    for result in field():
        yield result._replace(overall_place=1) if result.bib == "777" else result


@pytest.fixture
def watched(run, daemon_dsn):
    """The hub with an event, over a database that is watched."""
    with closing(WatchedDatabase(daemon_dsn)) as database, closing(Store(database)) as store:
        yield Hub(database, store, run.partner, run.query)


def test_an_unchanged_poll_of_ten_thousand_results_writes_no_row_and_uses_no_serial_value(watched):
    watched.save_results("5", *field())
    before = versions(watched.query), watched.query(SEQUENCES, HISTORY)

    report = watched.save_results("5", *field(), at=LATER)

    assert (report.seen, report.written) == (ATHLETES, 0)
    assert watched.database.written == ONE_HISTORY_ROW
    assert (versions(watched.query), watched.query(SEQUENCES, HISTORY)) == before


def test_one_changed_athlete_of_ten_thousand_writes_one_row(watched):
    watched.save_results("5", *field())
    sequences = watched.query(SEQUENCES, HISTORY)

    report = watched.save_results("5", *with_one_change(), at=LATER)

    assert report.written == 1
    assert watched.database.written == {"ct_results": (0, 1, 0)} | ONE_HISTORY_ROW
    assert watched.query(SEQUENCES, HISTORY) == sequences
    assert watched.query("SELECT results_bib FROM ct_results WHERE updated_at > created_at") == [
        {"results_bib": "777"}
    ]


def test_a_poll_with_a_record_that_came_twice_writes_nothing_either_once_the_first_is_kept(watched):
    twice = [athlete(1), athlete(2), athlete(1, bib="7")]
    watched.save_results("5", *twice)

    for _ in range(2):
        report = watched.save_results("5", *twice, at=LATER)

        assert (report.seen, report.statistics["repeated"]) == (2, 1)
        assert watched.database.written == ONE_HISTORY_ROW
    assert watched.query("SELECT results_bib FROM ct_results ORDER BY id") == [
        {"results_bib": "101"},
        {"results_bib": "102"},
    ]


def test_a_reading_with_repeated_records_is_partial(run, provider, collect):
    provider.will_read([athlete(1), athlete(1)])

    report = collect()

    assert (report.status, report.statistics["repeated"]) == ("partial", 1)


def test_repeated_records_of_an_import_are_added_up(hub):
    report = hub.save_past_event(RUN, [entry(1), entry(1)], [athlete(1), athlete(1), athlete(1)])

    assert report.statistics["repeated"] == 3


@pytest.fixture
def quiet_server():
    """A server on which nothing happens but what the test does."""
    # A short path that everyone may pass through, unlike pytest's own for root.
    base = Path(tempfile.mkdtemp(prefix="ct-", dir="/tmp"))
    base.chmod(0o711)
    with EmbeddedPostgres(base / "state", os.environ.get("CHRONOTRACK_LIVE_POSTGRES", "auto")) as server:
        yield server
    wait_until(lambda: not processes(base))
    shutil.rmtree(base)


@pytest.fixture
def quiet_hub(quiet_server, open_hub):
    """A hub with an event on the quiet server."""
    create_database(quiet_server.dsn("postgres"), "quiet")
    with closing(Database(quiet_server.dsn("quiet"))) as database:
        for script in (migrate.BASE_SCHEMA, migrate.EXTENSION):
            migrate.apply(database, script)
    hub = open_hub(quiet_server.dsn("quiet"))
    for setting, value in QUIET.items():
        hub.query(f"ALTER SYSTEM SET {setting} = '{value}'")
    hub.query("SELECT pg_reload_conf()")
    hub.save_events(RUN)
    return hub


def test_an_unchanged_poll_from_the_pipeline_takes_less_than_sixteen_kilobytes_of_wal(
    quiet_hub, clock, tmp_path
):
    def poll():
        provider.will_read(field())
        before = quiet_hub.query("SELECT pg_current_wal_insert_lsn()::text AS lsn")[0]["lsn"]
        report = sync.collect_results(provider, quiet_hub.store, clock, event, clock.now())
        return report, quiet_hub.query("SELECT pg_current_wal_insert_lsn() - %s::pg_lsn AS wal", before)[0][
            "wal"
        ]

    [event] = quiet_hub.store.live_events(quiet_hub.partner, START)
    with closing(ScriptedProvider(quiet_hub.partner, tmp_path, clock)) as provider:
        first, wal_of_first = poll()
        # The first to read rows again notes in their pages that they are there to stay.
        poll()
        before = versions(quiet_hub.query)
        report, wal = poll()

    assert (first.written, report.status, report.seen, report.written) == (ATHLETES, "completed", ATHLETES, 0)
    assert wal_of_first > 100 * MOST_WAL
    assert 0 < wal < MOST_WAL
    assert versions(quiet_hub.query) == before


# Memory -----------------------------------------------------------------------------------------------

STORES = """
import sys
from contextlib import closing
from pathlib import Path

from database.connection import Database
from database.store import Store
from providers.accounts import SyncReport
from providers.readings import Snapshot
from tests.integration.builders import LATER, athlete

dsn, athletes = sys.argv[1], int(sys.argv[2])
with closing(Database(dsn)) as database, closing(Store(database)) as store:
    [partner] = store.credentials("ChronoTrack Live")
    with store.claim(partner, "5"):
        report = store.save_results(
            partner,
            "5",
            Snapshot(map(athlete, range(athletes)), complete=True),
            lambda stored: SyncReport(
                sync_type="results",
                timing_partner_id=1,
                status="completed",
                started=LATER,
                written=stored.written,
            ),
            LATER,
        )
[peak] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(report.written, peak.split()[1])
"""
# Held for 90,000 athletes more, a reference alone would be a tenth of this; a record takes two kilobytes.
MOST_GROWTH_KIB = 8 * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
def test_memory_does_not_grow_with_the_event(run, daemon_dsn):
    def peak_of(athletes):
        child = subprocess.run(
            [sys.executable, "-c", STORES, daemon_dsn, str(athletes)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        written, peak = child.stdout.split()
        return int(written), int(peak)

    few, peak_of_few = peak_of(10_000)
    many, peak_of_many = peak_of(100_000)

    assert (few, many) == (10_000, 90_000)
    assert peak_of_many - peak_of_few < MOST_GROWTH_KIB
