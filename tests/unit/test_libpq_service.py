"""The hub's address as a service file: what libpq understands by one, it understands by the other."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from operations.libpq_service import NONE_NAMED, keywords, service
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
        ("postgresql://u:p?w#x@hub", {"user": "u", "password": "p?w#x", "host": "hub"}),
        (
            r"host=hub password='it\'s \\ here' dbname = x",
            {"host": "hub", "password": r"it's \ here", "dbname": "x"},
        ),
    ],
)
def test_an_address_is_read_as_libpq_reads_it(dsn, expected):
    assert keywords(dsn) == expected


@pytest.mark.parametrize(
    "dsn",
    [
        "never-to-be-seen",
        "host=hub never-to-be-seen",
        "password='never-to-be-seen",
        # An @ or a / in a password would make its rest a host, a port or a database.
        "postgresql://u:p@never-to-be-seen/w@host/db",
        "postgresql://u:never-to-be-seen/w@host/db",
        "postgresql://u:12/never-to-be-seen@host/db",
        "postgresql://u:a@never-to-be-seen@host/db",
        "postgresql://u@host:54\nnever-to-be-seen/db",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(dsn):
    with pytest.raises(ValueError, match="DATABASE_URL is no address") as refused:
        keywords(dsn)
    assert "never-to-be-seen" not in str(refused.value)


def test_the_environment_goes_before_the_settings_and_an_address_before_libpqs_variables():
    settings = {"DATABASE_URL": "postgresql://settings"}

    both = service({"DATABASE_URL": "postgresql://environment", "PGHOST": "libpq"}, settings)

    assert both == "[chronotrack_live]\nhost=environment\n"
    assert service({"PGHOST": "libpq"}, settings) == "[chronotrack_live]\nhost=libpq\n"
    assert service({"PGPASSWORD": "alone"}, settings) == "[chronotrack_live]\nhost=settings\n"


def test_the_settings_may_have_libpqs_variables_as_well():
    assert service({}, {"PGHOST": "hub", "PGUSER": "owner", "PGPASSWORD": "x"}) == (
        "[chronotrack_live]\nhost=hub\nuser=owner\npassword=x\n"
    )


@pytest.mark.parametrize("settings", [{}, {"DATABASE_URL": ""}, {"PGPASSWORD": "alone"}])
def test_where_nothing_names_a_database_none_is_made_up(settings):
    assert service({}, settings) is None


@pytest.fixture
def service_file(tmp_path):
    """A service file of the operator's own."""
    file = tmp_path / "pg_service.conf"
    file.write_text("# ours\n[other]\nhost=o\n\n[hub]\nhost=hub\nport=5433\nuser=owner\n", encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    "named",
    [
        {"DATABASE_URL": "service=hub port=1"},
        {"DATABASE_URL": "postgresql://:1/?service=hub"},
        {"PGSERVICE": "hub", "DATABASE_URL": "port=1", "PGHOST": "less-than-the-service"},
    ],
)
@pytest.mark.parametrize("place", ["environment", "settings"])
def test_a_service_of_the_operators_own_is_read_where_the_address_names_it(service_file, named, place):
    named = named | {"PGSERVICEFILE": service_file}

    said = service(named, {}) if place == "environment" else service({}, named)

    assert sorted(said.split()) == ["[chronotrack_live]", "host=hub", "port=1", "user=owner"]


def test_a_service_that_is_nowhere_is_said_to_be(service_file):
    with pytest.raises(ValueError, match="The service absent is neither in"):
        service({"PGSERVICE": "absent", "PGSERVICEFILE": service_file}, {})


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
    assert run_by_path(tmp_path / "absent").returncode == NONE_NAMED


def test_by_path_the_credential_beside_the_settings_names_a_database(tmp_path):
    (tmp_path / "environment").write_text("# the address is a credential\n", encoding="utf-8")
    (tmp_path / "database_url").write_text("postgresql://hub/x\n", encoding="utf-8")

    said = run_by_path(tmp_path / "environment")

    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.split() == ["[chronotrack_live]", "dbname=x", "host=hub"]


def test_by_path_a_credential_that_is_empty_is_not_taken_for_no_database(tmp_path):
    (tmp_path / "database_url").touch()

    said = run_by_path(tmp_path / "environment")

    assert (said.returncode, said.stdout) == (1, "")
    assert "database_url is empty" in said.stderr


def test_the_template_names_every_setting_of_the_scheduler_and_sets_none():
    text = template({"host": "/run/postgresql", "port": "5432", "dbname": "hub"})

    for setting in SETTINGS:
        assert f"#{setting.variable}={setting.default:g}\n" in text
    said = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert said == ["DATABASE_URL=postgresql://chronotrack_live@%2Frun%2Fpostgresql:5432/hub"]


def database_url(**address):
    """The address that the template has for the daemon."""
    [line] = [line for line in template(address).splitlines() if line.startswith("DATABASE_URL=")]
    return shlex.split(line)[0].removeprefix("DATABASE_URL=")


def test_how_the_server_proves_itself_is_carried_over_to_the_daemon():
    owners = keywords(
        "postgresql://owner:never-to-be-seen@one:1,two:2/hub?sslmode=verify-full&sslrootcert=/etc/ca.pem"
        "&target_session_attrs=read-write&connect_timeout=7&options=-c%20search_path%3Dpublic"
    )

    daemons = keywords(database_url(**owners))

    assert daemons == {name: text for name, text in owners.items() if name != "password"} | {
        "user": "chronotrack_live"
    }


def test_what_is_the_owners_alone_is_not():
    url = database_url(
        host="hub", port="5432", dbname="x", passfile="/root/p", sslpassword="s", application_name="psql"
    )

    assert url == "postgresql://chronotrack_live@hub:5432/x"


@pytest.mark.parametrize(
    ("host", "port", "servers"),
    [
        ("::1", "5432", "[::1]:5432"),
        ("one,two", "5433", "one:5433,two:5433"),
        ("/run/a b", "1", "%2Frun%2Fa%20b:1"),
    ],
)
def test_each_server_of_the_address_has_its_port(host, port, servers):
    assert database_url(host=host, port=port, dbname="x") == f"postgresql://chronotrack_live@{servers}/x"


def test_a_settings_file_with_what_the_shell_would_misread_means_the_same_to_it():
    line = next(
        line
        for line in template(
            {"host": "hub", "port": "1", "dbname": "x", "sslmode": "require", "connect_timeout": "7"}
        ).splitlines()
        if line.startswith("DATABASE_URL")
    )

    assert line == "DATABASE_URL='postgresql://chronotrack_live@hub:1/x?sslmode=require&connect_timeout=7'"
