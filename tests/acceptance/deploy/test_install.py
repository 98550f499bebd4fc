"""The installation: everything in its place, and a second time nothing at all."""

from __future__ import annotations

import shlex
import shutil
import stat
import subprocess
from datetime import datetime

import pytest

from tests.acceptance.deploy.conftest import SERVICE, dump, url

PASSWORD = "never-to-be-seen"


def test_an_installation_puts_everything_in_its_place(machine_with_package, host):
    machine = machine_with_package

    done = machine.deploy("install", dsn=host)

    assert done.returncode == 0, done.stderr
    assert machine.command.exists()
    assert stat.S_IMODE(machine.settings.stat().st_mode) == 0o640
    assert stat.S_IMODE((machine.root / "var/lib/chronotrack-live").stat().st_mode) == 0o700
    unit = machine.spare_unit.read_text(encoding="utf-8")
    assert f"ExecStart={machine.command} scheduler --settings {machine.settings}\n" in unit
    assert not machine.unit.exists()
    assert machine.told() == []
    # What is to be done next, as it is to be typed.
    assert f"    {machine.command} credentials set PARTNER --principal LOGIN\n" in done.stdout
    assert f"    {machine.script} --prefix {machine.root} install --systemd\n" in done.stdout
    checked = subprocess.run(
        [machine.command, "migrate", "--check"],
        env=machine.environ | {"DATABASE_URL": host},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.stdout == "nothing is pending\n"
    # Without the package for messages a daemon that is to send some would not start after an upgrade.
    assert (
        subprocess.run([machine.command.with_name("python"), "-c", "import apprise"], check=False).returncode
        == 0
    )


@pytest.mark.rehearsal
def test_how_the_server_proves_itself_to_the_owner_it_does_to_the_daemon(machine_with_package, host):
    machine = machine_with_package

    done = machine.deploy("install", dsn=f"{url(host)}?sslmode=disable", PGOPTIONS="-c search_path=public")

    assert done.returncode == 0, done.stderr
    settings = machine.settings.read_text(encoding="utf-8")
    assert "options=-c%20search_path%3Dpublic" in settings
    assert "sslmode=disable" in settings


@pytest.mark.rehearsal
def test_the_schema_of_before_lies_on_the_operators_desk_with_its_date(machine_with_package, host):
    machine_with_package.deploy("install", dsn=host)

    [name] = machine_with_package.papers()
    datetime.strptime(name, "chronotrack_live_backup_%Y%m%d_%H%M%S.sql")  # noqa: DTZ007 - local, as the guide's
    text = (machine_with_package.desk / name).read_text(encoding="utf-8")
    for table in ("ct_events", "ct_races", "ct_participants", "ct_results"):
        assert f"CREATE TABLE public.{table} (" in text
    assert "data_source" not in text
    assert "Harbour Run" not in text


@pytest.mark.rehearsal
def test_with_systemd_the_service_is_in_place_enabled_and_started(machine_with_package, ready_hub):
    machine = machine_with_package

    done = machine.deploy("install", "--systemd", dsn=ready_hub)

    assert done.returncode == 0, done.stderr
    assert machine.unit.read_bytes() == machine.spare_unit.read_bytes()
    assert machine.told() == ["daemon-reload", "enable", "start"]
    # With the settings that were written, as the daemon's role.
    assert "the daemon reaches its database" in done.stdout
    assert "postgresql://chronotrack_live@" in machine.settings.read_text(encoding="utf-8")


@pytest.mark.rehearsal
def test_the_service_waits_for_credentials_and_nothing_changes_until_then(machine_with_package, host):
    machine = machine_with_package
    before = machine.tree(), dump(host)

    refused = machine.deploy("install", "--systemd", dsn=host)

    assert refused.returncode == 1
    assert "needed   a timing partner with credentials" in refused.stderr
    assert (machine.tree(), machine.papers(), machine.told(), dump(host)) == (before[0], [], [], before[1])


@pytest.mark.rehearsal
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_systemd_has_nothing_to_say_against_the_installed_unit(machine_with_package, ready_hub):
    machine_with_package.deploy("install", "--systemd", dsn=ready_hub)

    command = ["systemd-analyze", "verify", "--man=no", machine_with_package.unit]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.rehearsal
@pytest.mark.parametrize("hub", ["host", "ready_hub"])
def test_a_second_installation_changes_nothing(request, machine_with_package, hub):
    machine, dsn = machine_with_package, request.getfixturevalue(hub)
    arguments = ("install",) if hub == "host" else ("install", "--systemd")
    machine.deploy(*arguments, dsn=dsn)
    before = machine.tree(), machine.papers(), machine.told(), dump(dsn)

    again = machine.deploy(*arguments, dsn=dsn)

    assert again.returncode == 0, again.stderr
    assert (machine.tree(), machine.papers(), machine.told(), dump(dsn)) == before


@pytest.mark.rehearsal
def test_settings_that_are_there_are_kept(machine_with_package, host):
    machine = machine_with_package
    machine.settings.parent.mkdir()
    machine.settings.write_text("CHRONOTRACK_LIVE_MAX_CONCURRENT_EVENTS=3\n", encoding="utf-8")

    machine.deploy("install", dsn=host)

    assert machine.settings.read_text(encoding="utf-8") == "CHRONOTRACK_LIVE_MAX_CONCURRENT_EVENTS=3\n"


def test_a_dry_run_prints_the_commands_and_changes_nothing(machine, host):
    before = machine.tree(), dump(host)

    done = machine.deploy("install", "--dry-run", dsn=host)

    assert done.returncode == 0, done.stderr
    assert (machine.tree(), machine.papers(), machine.told(), dump(host)) == (before[0], [], [], before[1])
    commands = [line for line in done.stdout.splitlines() if line.startswith("    would run: ")]
    # Not that anything is done, and commands that there are.
    assert [line for line in done.stdout.splitlines() if line not in commands] == [
        "This was a dry run: nothing has changed."
    ]
    programs = {shlex.split(command.removeprefix("    would run: "))[0] for command in commands}
    assert all(shutil.which(program) or str(machine.root) in program for program in programs), programs
    for wanted in ("pg_dump", "-m venv", "pip install", "migrate --roles", "environment", SERVICE):
        assert any(wanted in command for command in commands), wanted


@pytest.mark.rehearsal
def test_a_dry_run_with_systemd_prints_what_systemd_would_be_told(machine, ready_hub):
    done = machine.deploy("install", "--systemd", "--dry-run", dsn=ready_hub)

    assert done.returncode == 0, done.stderr
    assert (machine.told(), machine.unit.exists()) == ([], False)
    for verb in ("daemon-reload", "enable", "start"):
        assert f"    would run: systemctl {verb}" in done.stdout


@pytest.mark.rehearsal
def test_the_database_may_stand_in_the_settings_alone(machine_with_package, host):
    machine = machine_with_package
    machine.settings.parent.mkdir()
    machine.settings.write_text(f'DATABASE_URL="{url(host)}"\n', encoding="utf-8")

    done = machine.deploy("install")

    assert done.returncode == 0, done.stderr
    assert "data_source" in dump(host)


@pytest.mark.rehearsal
def test_the_password_stands_in_no_output_no_file_and_no_argument(machine_with_package, host):
    machine = machine_with_package
    traced = machine.desk.parent / "traced.sh"
    traced.write_text(f'#!/bin/sh\nexec bash -x {machine.script} "$@"\n', encoding="utf-8")
    traced.chmod(0o755)

    done = machine.deploy("install", dsn=url(host, password=PASSWORD), script=traced)

    # The trace has every command with its arguments.
    assert done.returncode == 0, done.stderr
    assert "+ pg_dump --schema-only" in done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    written = [*machine.desk.iterdir(), machine.settings, machine.spare_unit]
    assert not any(PASSWORD in path.read_text(encoding="utf-8") for path in written)


@pytest.mark.rehearsal
def test_another_version_is_not_installed_over_the_one_that_is_there(
    machine_with_package, host, next_version
):
    machine = machine_with_package
    before = machine.tree(), dump(host)

    refused = machine.deploy("install", dsn=host, script=next_version)

    assert refused.returncode == 1
    assert refused.stderr.endswith(" upgrade\n")
    assert (machine.tree(), dump(host)) == before


@pytest.mark.parametrize("arguments", [(), ("instal",), ("check", "install"), ("check", "--force")])
def test_what_cannot_be_meant_is_a_usage_error(machine, arguments):
    done = machine.deploy(*arguments)

    assert done.returncode == 2
    assert "Usage: " in done.stderr
