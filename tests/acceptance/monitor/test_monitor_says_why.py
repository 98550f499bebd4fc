"""What keeps the monitor from saying how things are is said in a line, and no traceback is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from database import migrate
from tests.acceptance.monitor.monitored import CRITICAL, UNKNOWN, WARNING, first_line


def test_a_hub_whose_partners_have_no_credentials_is_a_warning(monitor):
    done = monitor()

    assert done.returncode == WARNING
    assert "no timing partner has credentials" in first_line(done)
    assert "chronotrack-live credentials set" in done.stdout


def test_a_database_that_is_away_is_unknown_in_the_first_line(monitor, nowhere):
    done = monitor(DATABASE_URL=f"postgresql://somebody:geheim@{nowhere}/hub")

    assert done.returncode == UNKNOWN
    assert first_line(done).startswith("CHRONOTRACK LIVE UNKNOWN - database: ")
    assert "geheim" not in done.stdout + done.stderr


def test_a_role_without_the_privileges_is_unknown_and_says_how_it_gets_them(monitor, dsn, query):
    query("REVOKE SELECT ON ct_live_migrations FROM chronotrack_live_monitor")

    done = monitor()

    assert done.returncode == UNKNOWN
    assert "permission denied" in first_line(done)
    assert "chronotrack-live migrate --roles" in done.stdout


def test_a_database_without_the_extension_is_critical(monitor, make_dsn, open_query):
    dsn = make_dsn()
    open_query(dsn)(migrate.BASE_SCHEMA.read_text(encoding="utf-8").replace("\\set ON_ERROR_STOP on", ""))

    done = monitor(DATABASE_URL=dsn)

    assert done.returncode == CRITICAL
    assert "migrations: pending: chronotrack_live_schema_extension version" in first_line(done)


def test_where_no_database_is_named_nothing_is_known_and_none_is_made(monitor, tmp_path):
    done = monitor(DATABASE_URL="", CHRONOTRACK_LIVE_STATE=str(tmp_path / "nothing"))

    assert (done.returncode, done.stderr) == (UNKNOWN, "")
    assert first_line(done).startswith("CHRONOTRACK LIVE UNKNOWN - no database is named: set DATABASE_URL")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["--partner", "harbour"], {}, "harbour"),
        (["--no-such-option"], {}, "--no-such-option"),
        (["--watch", "0"], {}, "--watch"),
        ([], {"CHRONOTRACK_LIVE_MONITOR_FAILURES": "2.5"}, "CHRONOTRACK_LIVE_MONITOR_FAILURES is '2.5'"),
        ([], {"CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS": "x"}, "INTENSIVE_INTERVAL_SECONDS is 'x'"),
        ([], {"CHRONOTRACK_LIVE_CLOCK": "x"}, "CHRONOTRACK_LIVE_CLOCK"),
    ],
)
def test_what_cannot_be_meant_is_unknown_in_a_sentence(monitor, arguments, settings, words):
    done = monitor(*arguments, **settings)

    assert done.returncode == UNKNOWN
    assert words in done.stdout + done.stderr


def test_no_line_in_a_pipe_has_a_bar_after_which_nagios_would_look_for_figures(monitor, add_partner, query):
    add_partner("Harbour | Timing")
    query(
        "INSERT INTO sync_history"
        " (provider_id, timing_partner_id, sync_type, status, error_category, sync_time)"
        " VALUES (1, 1, 'authentication', 'failed', 'refused', now() AT TIME ZONE 'UTC')"
    )

    done = monitor()

    assert done.returncode == CRITICAL
    assert "|" not in done.stdout
    assert "Harbour / Timing" in first_line(done)


def test_what_cannot_be_printed_is_unknown_in_one_line_on_stderr(environment, no_systemd):
    looks = [
        subprocess.Popen(
            [
                "sh",
                "-c",
                f'exec "$0" monitor {redirected}',
                Path(sys.executable).with_name("chronotrack-live"),
            ],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for redirected in (">/dev/full", "--json >/dev/full", ">&-")
    ]

    for look in looks:
        _, said = look.communicate(timeout=60)
        assert (look.returncode, len(said.splitlines())) == (UNKNOWN, 1), said
        assert said.startswith("chronotrack-live: Standard output ")


def test_a_fault_that_nobody_foresaw_is_unknown_in_one_line_on_stderr(monitor, add_partner, query):
    add_partner()
    # No discovery brings such a start, and no calendar has it.
    query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id, data_source,"
        " provider_event_id) VALUES ('ctlive:1:5', 'Doomsday', 'infinity', 1, 'chronotrack_live', '5')"
    )

    done = monitor()

    assert (done.returncode, done.stdout) == (UNKNOWN, "")
    [said] = done.stderr.splitlines()
    assert said.startswith("chronotrack-live: A fault of this software (")
