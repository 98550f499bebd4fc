"""Rollback and uninstall: asked first, saved first, and then nothing of it is left."""

from __future__ import annotations

import subprocess
from contextlib import closing

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

from database import migrate
from tests.acceptance.deploy.conftest import dump, say
from tests.integration.catalogs import apply

pytestmark = pytest.mark.rehearsal

LIVE_ROWS = """
INSERT INTO ct_events (event_id, event_name, timing_partner_id, data_source, provider_event_id,
    event_start_time)
VALUES ('ctlive:1:7', E'Lake\\tRun \\\\', 1, 'chronotrack_live', '7', '2026-05-02 07:00');
INSERT INTO ct_races (race_id, event_id, race_name, timing_partner_id)
VALUES ('ctlive:1:8', 'ctlive:1:7', '5K', 1);
INSERT INTO ct_participants (entry_id, event_id, athlete_last_name, timing_partner_id, data_source,
    provider_participant_id, provider_event_id)
VALUES ('ctlive:1:9', 'ctlive:1:7', 'Bauer', 1, 'chronotrack_live', '9', '7');
INSERT INTO ct_results (event_id, results_bib, timing_partner_id, data_source, provider_result_id,
    provider_event_id, split_times)
VALUES ('ctlive:1:7', '12', 1, 'chronotrack_live', '9', '7', '[{"name": "10K"}]');
INSERT INTO sync_history (timing_partner_id, provider_id, event_id, sync_type, sync_time)
VALUES (1, 1, 'ctlive:1:7', 'results', '2026-05-02 07:05');
"""
LIVE = """
SELECT row_to_json(e)::text FROM ct_events e WHERE data_source = 'chronotrack_live'
UNION ALL SELECT row_to_json(r)::text FROM ct_races r
UNION ALL SELECT row_to_json(p)::text FROM ct_participants p
UNION ALL SELECT row_to_json(r)::text FROM ct_results r WHERE data_source = 'chronotrack_live'
UNION ALL SELECT row_to_json(h)::text FROM sync_history h
"""


@pytest.fixture
def plain(host):
    """What the hub is without the integration."""
    return dump(host)


@pytest.fixture
def running(machine_with_package, plain, host):
    """A machine whose service runs, on a hub with live rows."""
    machine = machine_with_package
    apply(host, migrate.EXTENSION, migrate.ROLES)
    say(
        host,
        "INSERT INTO partner_provider_credentials (timing_partner_id, provider_id, principal, secret)"
        " VALUES (1, 1, 'demo', 'never-to-be-seen')",
    )
    assert machine.deploy("install", "--systemd", dsn=host).returncode == 0
    say(host, LIVE_ROWS)
    return machine


def test_a_rollback_takes_everything_out_of_the_hub_and_the_service_away(running, host, plain):
    package = running.command.resolve()

    done = running.deploy("rollback", "--yes", dsn=host)

    assert done.returncode == 0, done.stderr
    assert "1 events\n1 participants\n1 results\n" in done.stdout
    assert dump(host) == plain
    assert running.told()[-3:] == ["stop", "disable", "daemon-reload"]
    assert (running.unit.exists(), running.spare_unit.exists()) == (False, False)
    assert package.exists()


def test_the_live_rows_of_before_come_in_again_from_their_backup(running, host, query_of):
    before = query_of(host, LIVE)
    running.deploy("rollback", "--yes", dsn=host)

    [backup] = running.desk.iterdir()
    text = backup.read_text(encoding="utf-8")
    running.deploy("install", dsn=host)
    restored = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", backup, host], capture_output=True, text=True
    )

    assert (restored.returncode, restored.stderr) == (0, "")
    assert len(before) == 5
    assert query_of(host, LIVE) == before
    assert backup.stat().st_mode & 0o777 == 0o600
    assert "never-to-be-seen" not in text
    assert "Harbour Run" not in text


@pytest.fixture
def query_of(open_query):
    """Asks a database once."""
    return lambda dsn, statement: open_query(dsn)(statement)


@pytest.mark.parametrize(
    ("command", "answer"), [("rollback", ""), ("rollback", "no\n"), ("uninstall", "y\n")]
)
def test_without_a_yes_everything_stays(running, host, command, answer):
    before = running.tree(), running.told(), dump(host)

    declined = running.deploy(command, dsn=host, answer=answer)

    assert declined.returncode == 1
    assert "answer yes" in declined.stderr
    assert (running.tree(), running.told(), dump(host)) == before
    assert running.papers() == []


def test_a_no_to_the_data_keeps_the_files_as_well(running, host):
    before = running.tree(), dump(host)

    declined = running.deploy("uninstall", dsn=host, answer="yes\nno\n")

    assert declined.returncode == 1
    assert (running.tree(), dump(host)) == before


def test_a_typed_yes_is_enough(running, host, plain):
    done = running.deploy("uninstall", dsn=host, answer="yes\nyes\n")

    assert done.returncode == 0, done.stderr
    assert dump(host) == plain


@pytest.mark.parametrize("command", ["rollback", "uninstall"])
def test_while_the_integration_is_at_work_it_is_refused_and_the_service_runs_on(running, host, command):
    before = running.tree(), running.service_state(), dump(host)

    with closing(psycopg2.connect(make_dsn(host, application_name="chronotrack-live"))):
        refused = running.deploy(command, "--yes", dsn=host)

    assert refused.returncode == 1
    assert f"{command} stopped at take_out_of_database" in refused.stderr
    assert "The integration is at work" in refused.stderr
    assert (running.tree(), running.service_state(), dump(host)) == before
    assert running.papers() == []


@pytest.mark.parametrize("command", ["rollback", "uninstall"])
def test_a_service_that_does_not_stop_ends_it(running, host, command):
    before = running.tree(), running.service_state(), dump(host)

    failed = running.deploy(command, "--yes", dsn=host, SYSTEMCTL_FAILS_AT="stop")

    assert failed.returncode == 1
    assert f"{command} stopped at stop_service" in failed.stderr
    assert (running.tree(), running.service_state(), dump(host)) == before


@pytest.mark.parametrize("command", ["rollback", "uninstall"])
def test_a_dry_run_takes_nothing_out(running, host, command):
    before = running.tree(), running.told(), dump(host)

    done = running.deploy(command, "--dry-run", dsn=host)

    assert done.returncode == 0, done.stderr
    assert (running.tree(), running.told(), dump(host)) == before
    assert "would run: systemctl stop" in done.stdout
    assert "chronotrack_live_rollback.sql" in done.stdout
    assert running.papers() == []


def test_an_uninstallation_leaves_no_trace_but_the_backup_on_the_operators_desk(running, host, plain):
    done = running.deploy("uninstall", "--yes", dsn=host)

    assert done.returncode == 0, done.stderr
    assert sorted(running.tree()) == [
        "etc",
        "etc/systemd",
        "etc/systemd/system",
        "opt",
        "tmp",
        "var",
        "var/lib",
    ]
    assert dump(host) == plain
    assert running.service_state() == (False, False)
    [backup] = running.papers()
    assert backup.startswith("chronotrack_live_rows_")


def test_a_second_rollback_and_a_second_uninstallation_find_nothing_to_do(running, host):
    for command in ("rollback", "rollback", "uninstall", "uninstall"):
        done = running.deploy(command, "--yes", dsn=host)
        assert done.returncode == 0, done.stderr

    assert len(running.papers()) == 1


def test_a_service_that_is_only_about_to_run_is_stopped_and_starts_again_when_something_fails(running, host):
    (running.notes / "active").rename(running.notes / "activating")

    failed = running.deploy("rollback", "--yes", dsn=host, SYSTEMCTL_FAILS_AT="daemon-reload")
    done = running.deploy("rollback", "--yes", dsn=host)

    assert failed.returncode == 1
    assert running.told()[-9:-3] == ["stop", "disable", "daemon-reload", "daemon-reload", "enable", "start"]
    assert done.returncode == 0, done.stderr
    assert running.service_state() == (False, False)


def test_the_services_drop_ins_go_with_the_uninstallation_and_stay_with_the_rollback(running, host):
    drop_in = running.unit.with_name(f"{running.unit.name}.d") / "override.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nNice=1\n", encoding="utf-8")

    running.deploy("rollback", "--yes", dsn=host)
    kept = drop_in.exists()
    done = running.deploy("uninstall", "--yes", dsn=host)

    assert kept
    assert done.returncode == 0, done.stderr
    assert list((running.root / "etc").rglob("*")) == [running.root / "etc/systemd", running.unit.parent]


def test_an_extension_that_noted_nothing_stops_it_and_everything_stays(running, host):
    say(host, "DROP TABLE ct_live_added_columns; UPDATE ct_live_migrations SET version = 2")
    before = running.tree(), running.service_state(), dump(host)

    failed = running.deploy("uninstall", "--yes", dsn=host)

    assert failed.returncode == 1
    assert "Migrate first" in failed.stderr
    assert (running.tree(), running.service_state(), dump(host)) == before


def test_what_is_on_the_machine_goes_also_where_no_database_is_named(machine_with_package):
    done = machine_with_package.deploy("uninstall", "--yes")

    assert done.returncode == 0, done.stderr
    assert not machine_with_package.software.exists()


def test_a_hub_that_does_not_answer_keeps_everything_where_it_is(machine_with_package, nowhere):
    before = machine_with_package.tree()

    failed = machine_with_package.deploy("uninstall", "--yes", dsn=f"postgresql://{nowhere}/hub")

    assert failed.returncode == 1
    assert "take its address out of" in failed.stderr
    assert machine_with_package.tree() == before
