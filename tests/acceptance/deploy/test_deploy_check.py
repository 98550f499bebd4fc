"""What the script says of a machine and a database, all of it at once; it changes neither."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from database import migrate
from database.embedded import EmbeddedPostgres
from database.opening import create_database
from database.postgres_binaries import EmbeddedPostgresError
from database.state_folder import make_folder
from tests.acceptance.deploy.conftest import dump, say, url
from tests.integration.catalogs import apply

pytestmark = pytest.mark.rehearsal


def lines(done, word):
    return [line for line in done.stdout.splitlines() if line.startswith(f"{word} ")]


def test_everything_that_only_the_operator_can_get_is_said_at_once(machine, path_without):
    before = machine.tree()
    bare = path_without("psql", "pg_dump", "systemctl")

    done = machine.deploy("check", "--systemd", PATH=bare, PYTHON="python-of-nowhere")

    assert done.returncode == 1
    needed = "\n".join(lines(done, "needed"))
    for wanted in ("Python 3.11", "psql", "pg_dump", "systemd", "DATABASE_URL"):
        assert wanted in needed
    assert machine.tree() == before


def test_what_an_installation_would_make_is_said_and_the_hub_is_left_alone(machine, host):
    before = machine.tree(), dump(host)

    done = machine.deploy("check", dsn=host)

    assert done.returncode == 1
    assert lines(done, "needed") == []
    missing = "\n".join(lines(done, "missing"))
    for wanted in ("version 5 of the extension (there: none)", "/.venv", "environment"):
        assert wanted in missing
    assert (machine.tree(), machine.papers(), dump(host)) == (before[0], [], before[1])


def test_after_an_installation_nothing_is_missing(machine_with_package, ready_hub):
    machine_with_package.deploy("install", "--systemd", dsn=ready_hub)

    done = machine_with_package.deploy("check", "--systemd", dsn=ready_hub)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Nothing is missing.\n")


def test_a_database_that_is_not_the_hubs_is_told_from_one(machine, make_dsn):
    done = machine.deploy("check", dsn=make_dsn())

    [needed] = lines(done, "needed")
    assert "the host table(s) timing_partners, providers," in needed


def test_a_database_that_does_not_answer_is_said_to_be_needed(machine, nowhere):
    done = machine.deploy("check", dsn=f"postgresql://user:never-to-be-seen@{nowhere}/hub")

    assert done.returncode == 1
    assert "needed   a database that answers: " in done.stdout
    assert "never-to-be-seen" not in done.stdout + done.stderr


def test_an_address_that_cannot_be_read_is_not_repeated(machine):
    done = machine.deploy("check", dsn="never-to-be-seen")

    assert done.returncode == 1
    assert "DATABASE_URL is no address of a database" in done.stderr
    assert "never-to-be-seen" not in done.stdout + done.stderr


def test_who_does_not_own_the_tables_is_told_whom_to_connect_as(machine, host):
    done = machine.deploy("check", dsn=url(host, user="chronotrack_live"))

    assert "needed   the owner of ct_events" in done.stdout


def test_the_status_names_version_service_and_last_sign_of_life(machine_with_package, ready_hub):
    machine_with_package.deploy("install", "--systemd", dsn=ready_hub)
    say(
        ready_hub,
        "INSERT INTO sync_history (timing_partner_id, provider_id, sync_time)"
        " VALUES (1, 1, '2026-05-02 07:05')",
    )

    done = machine_with_package.deploy("status", dsn=ready_hub)

    assert done.returncode == 0, done.stdout
    assert re.search(r"^ok +the package in .*, version \d", done.stdout, re.MULTILINE)
    assert "ok       the service runs\n" in done.stdout
    assert "sync_history (UTC): 2026-05-02 07:05:00\n" in done.stdout


def test_the_status_says_that_there_is_no_service(machine_with_package, ready_hub):
    done = machine_with_package.deploy("status", dsn=ready_hub)

    assert "absent   the service (install --systemd brings it)\n" in done.stdout


def test_a_package_whose_python_is_gone_is_told_from_one_that_runs(machine, ready_hub):
    gone = machine.command
    gone.parent.mkdir(parents=True)
    gone.write_text("#!/usr/lib/python-of-nowhere\n", encoding="utf-8")
    gone.chmod(0o755)

    checked = machine.deploy("check", dsn=ready_hub)
    planned = machine.deploy("install", "--dry-run", dsn=ready_hub)

    assert checked.returncode == 1
    assert "missing  a package that runs: " in checked.stdout
    assert planned.returncode == 0, planned.stderr
    assert " -m venv " in planned.stdout


def test_a_role_that_may_not_see_the_version_is_not_told_that_there_is_none(machine, ready_hub):
    say(ready_hub, "REVOKE ALL ON ct_live_migrations FROM chronotrack_live_monitor")

    done = machine.deploy("status", dsn=url(ready_hub, user="chronotrack_live_monitor"))

    assert "needed   the owner of ct_live_migrations" in done.stdout
    assert "there: none" not in done.stdout


def test_the_status_of_a_service_that_does_not_run_fails(machine_with_package, ready_hub):
    machine_with_package.deploy("install", "--systemd", dsn=ready_hub)
    (machine_with_package.notes / "active").unlink()

    done = machine_with_package.deploy("status", dsn=ready_hub)

    assert done.returncode == 1
    assert "the service is in place, but does not run" in done.stdout


@pytest.fixture
def newer_hub(state):
    """A hub on a server that is newer than the system's pg_dump."""
    folder = state / f"newer-{os.getpid()}"
    make_folder(folder)
    try:
        server = EmbeddedPostgres(folder, "wheel")
        server.start()
    except EmbeddedPostgresError as absent:
        pytest.skip(f"there is no other PostgreSQL than the system's: {absent}")
    try:
        create_database(server.dsn("postgres"), "hub")
        apply(server.dsn("hub"), migrate.BASE_SCHEMA)
        yield server.dsn("hub")
    finally:
        server.close()
        shutil.rmtree(folder)


def test_a_pg_dump_that_is_older_than_the_server_is_refused_with_what_to_install(machine, newer_hub):
    version = subprocess.run(
        ["psql", "-XAtc", "SHOW server_version", newer_hub], capture_output=True, text=True
    )
    server = version.stdout.split(".")[0]
    told = subprocess.run(["pg_dump", "--version"], capture_output=True, text=True, check=True).stdout
    if int(server) <= int(re.search(r"(\d+)", told)[1]):
        pytest.skip("the system's pg_dump is as new as the wheel's server")

    refused = machine.deploy("install", dsn=newer_hub)

    assert refused.returncode == 1
    assert f"needed   pg_dump of PostgreSQL {server} or newer" in refused.stderr
    assert f"apt install postgresql-client-{server}" in refused.stderr
    assert machine.papers() == []
