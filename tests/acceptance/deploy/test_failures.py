"""A step that fails ends the script, which says how to go on; machine and hub are as they were."""

from __future__ import annotations

import pytest

from tests.acceptance.deploy.conftest import dump, say, url

pytestmark = pytest.mark.rehearsal


def install_fails(machine, dsn, step, *arguments, user=None, **options):
    """Install, see it end at a step with nothing left of it, and return what it said."""
    before = machine.tree(), machine.service_state(), dump(dsn)

    failed = machine.deploy("install", *arguments, dsn=url(dsn, user=user), **options)

    assert failed.returncode == 1, failed.stdout
    assert f"install stopped at {step}; what it had done is undone.\n" in failed.stderr
    assert "could not be undone" not in failed.stderr
    assert (machine.tree(), machine.service_state(), dump(dsn)) == before
    assert machine.papers() == []
    return failed.stderr


def test_without_what_is_needed_nothing_begins(machine_with_package, make_dsn):
    assert "check shows all of it" in install_fails(
        machine_with_package, make_dsn(), "look_for_what_is_needed"
    )


def test_a_backup_that_cannot_be_made_ends_it(machine_with_package, host):
    # A role that owns all but one of the tables.
    say(
        host,
        "DO $$ DECLARE owned regclass; BEGIN FOR owned IN SELECT oid FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND relname <> 'ct_races'"
        " LOOP EXECUTE format('ALTER TABLE %s OWNER TO chronotrack_live_monitor', owned); END LOOP; END $$",
    )

    how = install_fails(machine_with_package, host, "back_up_schema", user="chronotrack_live_monitor")

    assert "pg_dump can read the ct_ tables" in how


def test_a_package_that_pip_cannot_get_ends_it(machine, host, tmp_path):
    (tmp_path / "empty").mkdir()

    how = install_fails(machine, host, "build_software", PIP_FIND_LINKS=str(tmp_path / "empty"))

    assert "PIP_INDEX_URL" in how


def test_a_hub_that_refuses_the_extension_ends_it(machine_with_package, host):
    say(host, "INSERT INTO providers (name) VALUES ('RunSignUp')")

    assert "database's words" in install_fails(machine_with_package, host, "migrate_database")


def test_an_extension_that_gets_only_half_way_is_taken_out_again(machine_with_package, host):
    # Columns and indexes are there when the script comes to its functions, which may not be made here.
    say(
        host,
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no functions today'; END $$;"
        "CREATE EVENT TRIGGER no_functions ON ddl_command_start WHEN TAG IN ('CREATE FUNCTION')"
        " EXECUTE FUNCTION refuse()",
    )

    told = install_fails(machine_with_package, host, "migrate_database")

    assert "no functions today" in told
    assert "index ct_events_provider_event: built" in told


def test_settings_that_cannot_be_written_end_it(machine_with_package, host):
    machine_with_package.settings.parent.write_text("a file where the folder is to be", encoding="utf-8")

    assert "etc/chronotrack-live can be written to" in install_fails(
        machine_with_package, host, "write_settings"
    )


def test_a_state_folder_that_cannot_be_made_ends_it(machine_with_package, host):
    (machine_with_package.root / "var/lib/chronotrack-live").write_text("a file", encoding="utf-8")

    assert "var/lib/chronotrack-live can be made" in install_fails(
        machine_with_package, host, "make_state_folder"
    )


def test_a_service_file_that_cannot_be_written_ends_it(machine_with_package, host):
    machine_with_package.spare_unit.mkdir()

    assert str(machine_with_package.spare_unit) in install_fails(
        machine_with_package, host, "write_spare_unit"
    )


def test_settings_without_a_database_do_not_get_as_far_as_the_service(machine_with_package, ready_hub):
    machine_with_package.settings.parent.mkdir()
    machine_with_package.settings.write_text("# nothing yet\n", encoding="utf-8")

    assert "without --systemd" in install_fails(machine_with_package, ready_hub, "try_settings", "--systemd")


def test_settings_by_which_the_daemon_does_not_reach_its_database_do_not_either(
    machine_with_package, ready_hub, nowhere
):
    machine_with_package.settings.parent.mkdir()
    machine_with_package.settings.write_text(f"DATABASE_URL=postgresql://{nowhere}/hub\n", encoding="utf-8")

    assert "without --systemd" in install_fails(machine_with_package, ready_hub, "try_settings", "--systemd")


def test_a_unit_that_cannot_be_put_in_place_ends_it(machine_with_package, ready_hub):
    machine_with_package.unit.parent.rmdir()
    machine_with_package.unit.parent.write_text("a file", encoding="utf-8")

    assert str(machine_with_package.unit) in install_fails(
        machine_with_package, ready_hub, "put_unit_in_place", "--systemd"
    )


@pytest.mark.parametrize(
    ("verb", "step"),
    [("daemon-reload", "put_unit_in_place"), ("enable", "start_service"), ("start", "start_service")],
)
def test_what_systemd_refuses_ends_it(machine_with_package, ready_hub, verb, step):
    install_fails(machine_with_package, ready_hub, step, "--systemd", SYSTEMCTL_FAILS_AT=verb)


def test_after_a_failure_at_the_last_step_nothing_of_the_package_and_the_extension_is_left(machine, host):
    machine.spare_unit.mkdir()

    install_fails(machine, host, "write_spare_unit")

    assert list((machine.root / "opt").iterdir()) == []


def test_after_the_cause_is_gone_the_same_command_goes_through(machine_with_package, host):
    machine_with_package.spare_unit.mkdir()
    install_fails(machine_with_package, host, "write_spare_unit")
    machine_with_package.spare_unit.rmdir()

    done = machine_with_package.deploy("install", dsn=host)

    assert done.returncode == 0, done.stderr


def test_an_installation_whose_words_nobody_reads_any_more_is_undone(machine_with_package, host, tmp_path):
    machine = machine_with_package
    before = machine.tree(), dump(host)
    piped = tmp_path / "piped.sh"
    piped.write_text(f'#!/bin/bash\nset -o pipefail\n{machine.script} "$@" | head -1\n', encoding="utf-8")
    piped.chmod(0o755)

    ended = machine.deploy("install", dsn=host, script=piped)

    assert ended.returncode == 1
    assert ended.stdout.startswith("Backup: ")
    assert "what it had done is undone.\n" in ended.stderr
    assert (machine.tree(), machine.papers(), dump(host)) == (before[0], [], before[1])
