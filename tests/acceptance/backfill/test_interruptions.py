"""A backfill that is ended, in whatever way: the next one goes on where it was."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from contextlib import suppress

import pytest

from providers.chronotrack_live.simulator.archive import Archive
from tests.acceptance.conftest import wait_until
from tests.soak.proxy import DatabaseProxy

KILLS = 6
ARCHIVE = Archive(2, 28)
# Of each partner, one event is archived, and one not published.
TO_IMPORT = 24
WHOLE = ("--days", 800)
SESSIONS = "FROM pg_stat_activity WHERE datname = current_database() AND usename = 'chronotrack_live'"


@pytest.fixture(autouse=True)
def _partners(open_archive, add_partners):
    add_partners(open_archive(ARCHIVE), 2)


@pytest.fixture
def imported(ask):
    return lambda: ask(
        "SELECT count(*) FROM sync_history WHERE sync_type = 'backfill' AND status = 'completed'"
    )


def test_killed_at_random_instants_it_ends_with_the_database_of_an_undisturbed_run(
    backfill, started, content, query, imported
):
    backfill(*WHOLE)
    undisturbed = content()
    assert len(undisturbed["imports"]) == TO_IMPORT
    query(
        "TRUNCATE ct_events, ct_races, ct_participants, ct_results, ct_live_rejected_rows, sync_history"
        " RESTART IDENTITY CASCADE"
    )
    for _ in range(KILLS):
        before = imported()
        process = started("--api-delay", 0, "--events", 2, *WHOLE)
        wait_until(lambda before=before, process=process: imported() > before or process.poll() is not None)
        with suppress(subprocess.TimeoutExpired):
            process.wait(random.uniform(0, 0.15))
        process.kill()
        process.wait()
        # What it sent before may still be under way on the server's side.
        query(f"SELECT pg_terminate_backend(pid, 10000) {SESSIONS}")

    done, _ = backfill(*WHOLE)

    assert done.returncode == 0
    assert content() == undisturbed


@pytest.mark.waits
def test_a_database_that_is_away_for_a_while_ends_nothing(daemon_dsn, started, imported, tmp_path):
    log = tmp_path / "backfill-0.log"
    with DatabaseProxy(daemon_dsn) as proxy:
        process = started("--api-delay", 0.3, "--events", 2, *WHOLE, DATABASE_URL=proxy.dsn)
        wait_until(imported)
        proxy.cut()
        wait_until(lambda: "The database does not answer" in log.read_text(encoding="utf-8"))
        proxy.mend()

        assert process.wait(90) == 0
    assert "The database answers again" in log.read_text(encoding="utf-8")
    assert imported() == TO_IMPORT


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_with_what_was_done_in_the_report(
    number, started, imported, tmp_path, content, backfill
):
    process = started("--api-delay", 0.3, "--events", 1, "--json", tmp_path / "ended.json", *WHOLE)
    wait_until(imported)
    process.send_signal(number)

    assert process.wait(30) == 130
    said = (tmp_path / "backfill-0.log").read_text(encoding="utf-8")
    assert said.count("Ending; Ctrl-C again ends at once.") == 1
    assert "Interrupted: the next run goes on where this one was." in said
    assert "events are left for the next run." in said
    assert "Traceback" not in said
    assert '"interrupted": true' in (tmp_path / "ended.json").read_text(encoding="utf-8")
    # Each event is there as a whole or not at all.
    assert len(content()["ct_events"]) == len(content()["imports"]) == imported()
    assert backfill(*WHOLE)[0].returncode == 0
    assert imported() == TO_IMPORT


def test_a_second_signal_ends_it_at_once(started, open_archive, query, tmp_path):
    slow = open_archive(Archive(1, 3), "slow=20")
    query(
        "UPDATE partner_provider_credentials SET additional_config = jsonb_build_object('base_url', %s)",
        slow.base_url,
    )
    process = started("--timing-partner-id", 1, "--verbose")
    wait_until(lambda: "budget.taken" in (tmp_path / "backfill-0.log").read_text(encoding="utf-8"))

    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)  # it waits for the answer that is under way
    process.send_signal(signal.SIGINT)

    assert process.wait(5) == 130


def test_an_interrupted_run_leaves_no_lock_behind(started, imported, query):
    process = started("--api-delay", 0.3, *WHOLE)
    wait_until(imported)
    os.kill(process.pid, signal.SIGINT)
    process.wait(30)

    assert query(
        "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    ) == [{"n": 0}]
