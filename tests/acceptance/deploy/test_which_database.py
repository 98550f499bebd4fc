"""Which database the script means: one that is named, none, or what cannot be known."""

from __future__ import annotations

import pytest

from tests.acceptance.deploy.conftest import dump, say, url

PASSWORD = "never-to-be-seen"

pytestmark = pytest.mark.rehearsal


@pytest.fixture
def settled(machine):
    """A machine with settings, which name no database."""
    machine.settings.parent.mkdir()
    machine.settings.write_text("# the address is a credential\n", encoding="utf-8")
    return machine


def database_url(machine):
    return machine.settings.with_name("database_url")


def test_the_services_credential_names_it(settled, ready_hub):
    database_url(settled).write_text(url(ready_hub), encoding="utf-8")

    done = settled.deploy("status")

    assert "ok       version 5 of the extension, and the roles\n" in done.stdout


def a_bad_line(machine):
    machine.settings.write_text(f'DATABASE_URL="postgresql://u:{PASSWORD}@hub/x\n', encoding="utf-8")
    return {}


def an_empty_credential(machine):
    database_url(machine).touch()
    return {}


def a_python_of_nowhere(machine):
    return {"PYTHON": "python-of-nowhere", "dsn": "postgresql://hub/x"}


def a_service_of_nowhere(machine):
    return {"dsn": "service=of-nowhere", "PGSERVICEFILE": str(machine.settings)}


@pytest.mark.parametrize(
    ("command", "how"),
    [
        ("uninstall", a_bad_line),
        ("uninstall", an_empty_credential),
        ("uninstall", a_python_of_nowhere),
        ("rollback", a_service_of_nowhere),
    ],
)
def test_where_it_cannot_be_known_nothing_is_taken_away(settled, command, how):
    options = how(settled)
    before = settled.tree()

    refused = settled.deploy(command, "--yes", **options)

    assert refused.returncode == 1
    assert "Which database is meant cannot be read, so nothing is taken away.\n" in refused.stderr
    assert "nothing of ChronoTrack Live is in it" not in refused.stdout
    assert PASSWORD not in refused.stdout + refused.stderr
    assert settled.tree() == before


def test_settings_that_cannot_be_read_are_no_hindrance_where_the_environment_names_it(settled, ready_hub):
    a_bad_line(settled)

    done = settled.deploy("status", dsn=ready_hub)

    assert "ok       version 5 of the extension, and the roles\n" in done.stdout


def test_where_none_is_named_the_operator_is_asked_whether_what_is_in_one_may_stay(settled):
    before = settled.tree()

    declined = settled.deploy("uninstall", answer="yes\nno\n")
    after = settled.tree()
    done = settled.deploy("uninstall", "--yes")

    assert (declined.returncode, after) == (1, before)
    assert "No database is named: whatever of ChronoTrack Live is in one STAYS there." in declined.stdout
    assert done.returncode == 0, done.stderr
    assert not settled.settings.parent.exists()


def test_a_service_of_the_operators_own_is_followed(machine, ready_hub, tmp_path):
    entries = dict(part.split("=", 1) for part in ready_hub.split())
    lines = "".join(f"{keyword}={text}\n" for keyword, text in entries.items())
    (tmp_path / "pg_service.conf").write_text(f"[hub]\n{lines}", encoding="utf-8")

    done = machine.deploy("status", dsn="service=hub", PGSERVICEFILE=str(tmp_path / "pg_service.conf"))

    assert "ok       version 5 of the extension, and the roles\n" in done.stdout


def test_the_password_is_in_no_file_while_the_script_runs(machine, ready_hub, tmp_path):
    (tmp_path / "tmp").mkdir()
    found = tmp_path / "found"
    psql = machine.notes.parent / "bin" / "psql"
    psql.write_text(
        f'#!/bin/sh\necho asked >>"{found}"\ngrep -r {PASSWORD} "$TMPDIR" >>"{found}"\n'
        f'PATH=${{PATH#*:}}\nexec psql "$@"\n',
        encoding="utf-8",
    )
    psql.chmod(0o755)

    done = machine.deploy("status", dsn=url(ready_hub, password=PASSWORD), TMPDIR=str(tmp_path / "tmp"))

    assert "version 5 of the extension" in done.stdout
    assert set(found.read_text(encoding="utf-8").split()) == {"asked"}


def test_who_does_not_own_the_tables_takes_nothing_out(settled, ready_hub):
    say(ready_hub, "CREATE ROLE dashboard LOGIN")
    try:
        before = settled.tree(), dump(ready_hub)

        refused = settled.deploy("rollback", "--yes", dsn=url(ready_hub, user="dashboard"))

        assert refused.returncode == 1
        assert "It takes the owner of ct_events" in refused.stderr
        assert "rollback stopped at look_for_rollback" in refused.stderr
        assert (settled.tree(), dump(ready_hub)) == before
    finally:
        say(ready_hub, "DROP ROLE dashboard")


def test_what_an_uninstallation_that_was_killed_left_goes_with_the_next(settled):
    for place in ("opt", "etc", "var/lib"):
        left = settled.root / place / ".chronotrack-live.going" / "left"
        left.mkdir(parents=True)

    done = settled.deploy("uninstall", "--yes")

    assert done.returncode == 0, done.stderr
    assert [path for path in settled.root.rglob("*") if "chronotrack-live" in path.name] == []


def test_a_service_where_no_systemd_runs_is_taken_away_as_a_file(settled, path_without):
    settled.unit.write_text("[Unit]\n", encoding="utf-8")
    wanted = settled.unit.parent / "multi-user.target.wants" / settled.unit.name
    wanted.parent.mkdir()
    wanted.symlink_to(settled.unit)

    done = settled.deploy("uninstall", "--yes", PATH=path_without("systemctl"))

    assert done.returncode == 0, done.stderr
    assert "no systemd runs here" in done.stdout
    assert not settled.unit.exists()
    assert not wanted.is_symlink()
