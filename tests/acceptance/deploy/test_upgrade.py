"""An upgrade to another checkout's package: the new one counts from one moment to the next, or not at all."""

from __future__ import annotations

import pytest

from tests.acceptance.deploy.conftest import dump, say

pytestmark = pytest.mark.rehearsal


@pytest.fixture
def running(machine_with_package, ready_hub):
    """A machine whose service runs."""
    machine_with_package.deploy("install", "--systemd", dsn=ready_hub)
    return machine_with_package


def test_an_upgrade_is_undone_when_the_service_does_not_start_and_goes_through_when_it_does(
    running, ready_hub, next_version
):
    before = running.tree(), dump(ready_hub)

    failed = running.deploy("upgrade", dsn=ready_hub, script=next_version, SYSTEMCTL_FAILS_AT="restart")
    after_failure = running.tree(), dump(ready_hub)
    done = running.deploy("upgrade", dsn=ready_hub, script=next_version)
    shown = running.deploy("status", dsn=ready_hub, script=next_version)

    assert failed.returncode == 1
    assert "upgrade stopped at restart_service" in failed.stderr
    assert after_failure == before
    assert done.returncode == 0, done.stderr
    assert f"ok       the package in {running.software}/.venv, version 99.0\n" in shown.stdout
    # Put back, the old one is started again as well.
    assert running.told()[-3:] == ["restart", "restart", "restart"]


def test_an_upgrade_to_what_is_installed_changes_nothing(running, ready_hub):
    before = running.tree(), running.told(), dump(ready_hub)

    done = running.deploy("upgrade", dsn=ready_hub)

    assert done.returncode == 0, done.stderr
    assert (running.tree(), running.told(), dump(ready_hub)) == before


def test_an_upgrade_brings_the_hub_to_the_version_of_the_package(running, ready_hub):
    say(ready_hub, "DELETE FROM ct_live_migrations")
    say(ready_hub, "DROP VIEW ct_live_duplicate_audit")

    done = running.deploy("upgrade", dsn=ready_hub)

    assert done.returncode == 0, done.stderr
    assert "CREATE VIEW public.ct_live_duplicate_audit" in dump(ready_hub)


def test_a_package_whose_python_is_gone_is_built_anew(running, ready_hub):
    program = running.command.resolve()
    # The packages of a test run share their files: this one gets its own.
    release = running.software / "releases" / "of_a_python_that_is_gone"
    (release / "bin").mkdir(parents=True)
    (release / "bin" / program.name).write_text("#!/usr/lib/python-of-nowhere\n", encoding="utf-8")
    (release / "bin" / program.name).chmod(0o755)
    (running.software / ".venv").unlink()
    (running.software / ".venv").symlink_to("releases/of_a_python_that_is_gone")

    done = running.deploy("upgrade", dsn=ready_hub)
    checked = running.deploy("check", dsn=ready_hub)

    assert done.returncode == 0, done.stderr
    assert checked.returncode == 0, checked.stdout


def test_there_is_nothing_to_upgrade_where_nothing_is_installed(machine, host):
    refused = machine.deploy("upgrade", dsn=host)

    assert refused.returncode == 1
    assert refused.stderr.endswith(" install\n")
    assert machine.papers() == []


def test_the_package_of_before_stays_for_what_still_runs_from_it_and_older_ones_go(
    running, ready_hub, next_version
):
    releases = running.software / "releases"
    [present] = [path.name for path in releases.iterdir()]
    (releases / "20250101_000000").mkdir()

    planned = running.deploy("upgrade", "--dry-run", dsn=ready_hub, script=next_version).stdout

    assert f"would run: rm -rf {releases}/20250101_000000\n" in planned
    assert f"rm -rf {releases}/{present}" not in planned
