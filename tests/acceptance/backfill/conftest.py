"""Archives: simulated APIs with two years of past events, and partners that see them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from providers.chronotrack_live.simulator.archive import Archive
from providers.chronotrack_live.simulator.process import SimulatorProcess
from tests.acceptance.conftest import ROOT


@pytest.fixture(scope="session")
def archive_start() -> datetime:
    """Four days before it, the latest event of every archive starts."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


@pytest.fixture(scope="session")
def open_archive(archive_start):
    """A maker of simulated archives; each starts when it is first asked for."""
    running: dict[str, SimulatorProcess] = {}
    with ExitStack() as stack:

        def opened(archive: Archive, *faults: str, **variants: str) -> SimulatorProcess:
            played = f"{archive} {faults} {variants}"
            if played not in running:
                simulator = SimulatorProcess(
                    race_start=archive_start, archive=archive, faults=faults, variants=variants
                )
                running[played] = stack.enter_context(simulator)
            return running[played]

        yield opened


@pytest.fixture
def add_partners(add_partner):
    """A maker of partners 1, 2, ... with the accounts of an archive."""

    def add(simulator, count, **config):
        for number in range(1, count + 1):
            suffix = "" if number == 1 else f"{number}"
            add_partner(
                f"Timing {number}",
                principal=f"demo{suffix}@chronotrack.test",
                secret=f"demo-password-{number}" if suffix else "demo-password",
                base_url=simulator.base_url,
                **config,
            )

    return add


@pytest.fixture
def backfill(run, tmp_path):
    """Runs a backfill without a pause; returns the process and its report."""

    def go(*arguments, **settings):
        file = tmp_path / "report.json"
        file.unlink(missing_ok=True)
        done = run("backfill", "--yes", "--api-delay", "0", "--json", file, *arguments, **settings)
        return done, orjson.loads(file.read_bytes()) if file.exists() else None

    return go


@pytest.fixture
def started(environment, tmp_path):
    """Starts a backfill and leaves it running; what is left at the end is killed."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments, **settings):
        script = ROOT / "backfill" / "chronotrack_live_backfill.py"
        with (tmp_path / f"backfill-{len(processes)}.log").open("w+") as log:
            process = subprocess.Popen(
                [sys.executable, str(script), "--yes", *map(str, arguments)],
                env=environment | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def everything(query):
    """Dumps all tables and sequences of the database, as they are."""

    def dump():
        names = query(
            "SELECT relname AS name, relkind FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') ORDER BY 1"
        )
        found = {}
        for row in names:
            name = row["name"]
            found[name] = query(
                f"SELECT xmin::text, to_jsonb(t)::text AS row FROM {name} AS t ORDER BY ctid"
                if row["relkind"] == "r"
                else f"SELECT last_value, is_called FROM {name}"
            )
        return found

    return dump


@pytest.fixture
def content(query):
    """What the database has of live events, without what differs from run to run."""

    def found():
        kept = {}
        passing = "'{id,created_at,updated_at,api_fetched_date,first_seen,last_seen}'::text[]"
        for table in ("ct_events", "ct_races", "ct_participants", "ct_results", "ct_live_rejected_rows"):
            kept[table] = query(f"SELECT (to_jsonb(t) - {passing})::text AS row FROM {table} AS t ORDER BY 1")
        kept["imports"] = query(
            "SELECT event_id, status, entries_success, participants_synced, results_synced FROM sync_history"
            " WHERE sync_type = 'backfill' AND status IN ('completed', 'partial') ORDER BY 1"
        )
        return kept

    return found
