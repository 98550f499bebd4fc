"""The hub's address as a service file: what libpq understands by one, it understands by the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from operations.libpq_service import keywords, service
from operations.settings_template import template
from schedulers.settings import SETTINGS

SCRIPT = Path(__file__).resolve().parents[2] / "operations" / "libpq_service.py"


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("postgresql://hub", {"host": "hub"}),
        (
            "postgres://owner:p%40ss%3Aw@hub.example:5433/project88_myappdb?sslmode=require",
            {
                "user": "owner",
                "password": "p@ss:w",
                "host": "hub.example",
                "port": "5433",
                "dbname": "project88_myappdb",
                "sslmode": "require",
            },
        ),
        ("postgresql://%2Frun%2Fpostgresql/hub", {"host": "/run/postgresql", "dbname": "hub"}),
        (
            "postgresql:///hub?host=/run/postgresql&user=a+b",
            {"dbname": "hub", "host": "/run/postgresql", "user": "a+b"},
        ),
        ("postgresql://[::1]:5432/hub", {"host": "::1", "port": "5432", "dbname": "hub"}),
        ("postgresql://one:1,two:2/hub", {"host": "one,two", "port": "1,2", "dbname": "hub"}),
        (
            r"host=hub password='it\'s \\ here' dbname = x",
            {"host": "hub", "password": r"it's \ here", "dbname": "x"},
        ),
    ],
)
def test_an_address_is_read_as_libpq_reads_it(dsn, expected):
    assert keywords(dsn) == expected


@pytest.mark.parametrize(
    "dsn", ["never-to-be-seen", "host=hub never-to-be-seen", "password='never-to-be-seen"]
)
def test_what_is_no_address_is_refused_and_not_repeated(dsn):
    with pytest.raises(ValueError, match="DATABASE_URL is no address") as refused:
        keywords(dsn)
    assert "never-to-be-seen" not in str(refused.value)


def test_the_environment_goes_before_the_settings_and_an_address_before_libpqs_variables():
    settings = {"DATABASE_URL": "postgresql://settings"}

    both = service({"DATABASE_URL": "postgresql://environment", "PGHOST": "libpq"}, settings)

    assert both == "[chronotrack_live]\nhost=environment\n"
    assert service({"PGHOST": "libpq"}, settings) == ""
    assert service({"PGPASSWORD": "alone"}, settings) == "[chronotrack_live]\nhost=settings\n"


def test_the_settings_may_have_libpqs_variables_as_well():
    assert service({}, {"PGHOST": "hub", "PGUSER": "owner", "PGPASSWORD": "x"}) == (
        "[chronotrack_live]\nhost=hub\nuser=owner\npassword=x\n"
    )


@pytest.mark.parametrize("settings", [{}, {"DATABASE_URL": ""}, {"PGPASSWORD": "alone"}])
def test_where_nothing_names_a_database_none_is_made_up(settings):
    assert service({}, settings) is None


def test_a_value_that_a_service_file_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="blanks at an end"):
        service({"DATABASE_URL": "postgresql://u:%20secret@hub/x"}, {})


def run_by_path(file):
    """What the script says, run with nothing installed beside it and nothing in its environment."""
    return subprocess.run(
        [sys.executable, "-S", SCRIPT, file], env={}, capture_output=True, text=True, check=False
    )


def test_by_path_it_reads_a_settings_file_as_the_scheduler_does(tmp_path):
    file = tmp_path / "environment"
    file.write_text('# no\nDATABASE_URL="host=hub password=a\\"b"\n', encoding="utf-8")

    said = run_by_path(file)

    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == '[chronotrack_live]\nhost=hub\npassword=a"b\n'


def test_by_path_a_settings_file_that_may_be_misread_is_refused_and_not_repeated(tmp_path):
    file = tmp_path / "environment"
    file.write_text('DATABASE_URL="host=hub password=never-to-be-seen\n', encoding="utf-8")

    said = run_by_path(file)

    assert (said.returncode, said.stdout) == (1, "")
    assert "Line 1 of" in said.stderr
    assert "never-to-be-seen" not in said.stderr


def test_by_path_no_settings_file_names_no_database(tmp_path):
    assert run_by_path(tmp_path / "absent").returncode == 1


def test_the_template_names_every_setting_of_the_scheduler_and_sets_none():
    text = template("/run/postgresql", "5432", "hub")

    for setting in SETTINGS:
        assert f"#{setting.variable}={setting.default:g}\n" in text
    said = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert said == ["DATABASE_URL=postgresql://chronotrack_live@%2Frun%2Fpostgresql:5432/hub"]
