"""The whole life of an installation under a real systemd, on a machine that is this one's double."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from database import migrate
from database.opening import create_database
from database.postgres_binaries import PostgresSource, as_server_user, find_binaries, make_for_server
from tests.acceptance.conftest import wait_until
from tests.acceptance.deploy.conftest import SCRIPT, SERVICE, dump, say
from tests.integration.catalogs import apply

pytestmark = [
    pytest.mark.rehearsal,
    pytest.mark.skipif(
        os.getuid() != 0 or not Path("/lib/systemd/systemd").exists(), reason="wants root and systemd"
    ),
]

# What an installation may touch outside of its prefix.
PLACES = ("/etc", "/opt", "/var/lib", "/var/mail", "/var/spool", "/tmp", "/usr/local")
OURS = tuple(f"{place}/chronotrack-live" for place in ("/etc", "/opt", "/var/lib"))
STATE = "/var/lib/chronotrack-live"
COMMAND = "/opt/chronotrack-live/.venv/bin/chronotrack-live"
PASSWORD = "own%er of the hub"


class Double:
    """A machine with this one's files, its own systemd, and whatever is changed on it gone at the end."""

    def __init__(self, init: int, environ: dict[str, str]) -> None:
        self._enter = ["nsenter", "--target", str(init), "--mount", "--pid", "--uts", "--ipc", "--cgroup"]
        self._environ = environ

    def run(self, *command: object, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._enter, "--wdns=/srv", *map(str, command)],
            env=self._environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def asked(self, *command: object) -> str:
        done = self.run(*command)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def service(self, name: str) -> str:
        """A property of the service, as systemd tells it."""
        return self.asked("systemctl", "show", "--property", name, "--value", SERVICE)

    def is_served_by_another(self, process: str) -> bool:
        return self.service("ActiveState") == "active" and self.service("MainPID") not in ("0", process)

    def everything(self) -> list[str]:
        """What lies in the places that an installation may touch, but for what others write there."""
        found = self.asked(
            "find", *(place for place in PLACES if Path(place).exists()), "-printf", r"%p %m %U\n"
        )
        return sorted(line for line in found.splitlines() if "/systemd" not in line)


def processes_of(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8")
    return [int(process) for process in listed.split()]


@pytest.fixture
def double(wheels):
    """A booted double of this machine, where pip finds the wheels."""
    booting = subprocess.Popen([Path(__file__).with_name("systemd_of_its_own.sh")], start_new_session=True)
    try:
        [init] = wait_until(lambda: processes_of(booting.pid))
        environ = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "PIP_CONFIG_FILE": os.devnull,
        }
        machine = Double(init, environ)
        wait_until(
            lambda: machine.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")
        )
        # What whoever runs the tests has there is not on the double.
        machine.asked("rm", "-rf", *OURS)
        yield machine
    finally:
        booting.kill()
        booting.wait()


@pytest.fixture
def hub(tmp_path_factory, state):
    """The address of a hub that can be reached by TCP, as its tables' owner."""
    folder = Path("/var/tmp") / tmp_path_factory.mktemp("hub").name
    make_for_server(folder)
    binaries = find_binaries(PostgresSource.AUTO, state)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def program(name: str, *arguments: object) -> None:
        subprocess.run(
            [binaries.folder / name, "-D", folder / "data", *arguments], check=True, **as_server_user()
        )

    try:
        program("initdb", "-U", "postgres", "--auth=trust", "--no-sync")
        served = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        program("pg_ctl", "-w", "-l", folder / "log", "-o", served, "start")
        admin = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        say(admin, f"CREATE ROLE hub_owner LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
        create_database(admin, "project88_myappdb")
        say(admin, "ALTER DATABASE project88_myappdb OWNER TO hub_owner")
        address = f"postgresql://hub_owner:own%25er%20of%20the%20hub@127.0.0.1:{port}/project88_myappdb"
        apply(address, migrate.BASE_SCHEMA)
        say(address, "INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")
        yield address
    finally:
        program("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def results(address: str) -> int:
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ct_results WHERE data_source = 'chronotrack_live'")
        return cursor.fetchone()[0]


def test_an_installation_runs_comes_back_and_leaves_no_trace(double, hub, checkout, simulator):
    deploy, before = checkout / SCRIPT, (double.everything(), dump(hub))

    installed = double.run(deploy, "install", DATABASE_URL=hub)
    assert installed.returncode == 0, installed.stderr
    kept = double.run(
        *("sh", "-c", f'echo demo-password | {COMMAND} credentials set 1 --password-stdin "$@"', "set"),
        *(
            "--principal",
            "demo@chronotrack.test",
            "--client-id",
            "demo0001",
            "--base-url",
            simulator.base_url,
        ),
        DATABASE_URL=hub,
    )
    assert kept.returncode == 0, kept.stderr
    # What a command that root ran left in the state folder does not lock the daemon out.
    budget = f"{STATE}/budget"
    double.asked("sh", "-c", f"mkdir -p {budget} && touch {budget}/left.sqlite && chmod -R go= {budget}")
    started = double.run(deploy, "install", "--systemd", DATABASE_URL=hub)
    assert started.returncode == 0, started.stderr
    assert double.asked("find", STATE, "-not", "-user", "chronotrack-live") == ""

    # It serves, as a user who is not root, with settings that a reload reads again.
    wait_until(lambda: results(hub) > 0)
    assert double.asked("stat", "--format=%U", f"/proc/{double.service('MainPID')}") == "chronotrack-live"
    double.asked("sh", "-c", f"echo CHRONOTRACK_LIVE_STANDARD_INTERVAL_HOURS=2 >> {OURS[0]}/environment")
    double.asked("systemctl", "reload", SERVICE)
    wait_until(lambda: '"setting.changed"' in double.asked("journalctl", "--unit", SERVICE, "--output=cat"))

    # Killed, or hanging, it is started again.
    for signal in ("KILL", "STOP"):
        process = double.service("MainPID")
        double.asked("kill", f"-{signal}", process)
        wait_until(lambda process=process: double.is_served_by_another(process), patience=120)
    assert double.run(deploy, "status").returncode == 0

    # Below a prefix there is no service beside the machine's own.
    double.asked("mkdir", "/srv/below")
    meddling = double.run(deploy, "install", "--systemd", "--prefix", "/srv/below", DATABASE_URL=hub)
    assert meddling.returncode == 2
    assert "This machine has the service itself" in meddling.stderr

    # With a drop-in by which it does not start it is only ever about to, and goes all the same.
    double.asked("mkdir", f"/etc/systemd/system/{SERVICE}.d")
    drop_in = "[Service]\\nExecStart=\\nExecStart=/bin/false\\n"
    double.asked("sh", "-c", f"printf '{drop_in}' > /etc/systemd/system/{SERVICE}.d/override.conf")
    double.asked("systemctl", "daemon-reload")
    assert double.run("systemctl", "restart", SERVICE).returncode == 1
    wait_until(lambda: double.service("ActiveState") == "activating")

    uninstalled = double.run(deploy, "uninstall", "--yes", DATABASE_URL=hub)
    assert uninstalled.returncode == 0, uninstalled.stderr
    assert (double.everything(), dump(hub)) == before
    assert double.asked("find", "/etc/systemd", "-name", "*chronotrack*") == ""
    assert double.run("getent", "passwd", "chronotrack-live").returncode == 2
    assert double.run("systemctl", "cat", SERVICE).returncode == 1


def test_what_cannot_be_taken_away_at_the_end_is_said(double, hub, checkout):
    assert double.run(checkout / SCRIPT, "install", DATABASE_URL=hub).returncode == 0
    # Whose processes live cannot be deleted.
    double.asked("systemd-run", "--quiet", "--uid=chronotrack-live", "--unit=busy", "sleep", "1000")

    done = double.run(checkout / SCRIPT, "uninstall", "--yes", DATABASE_URL=hub)

    assert done.returncode == 1
    assert done.stderr.endswith(
        "uninstall is done but for this, which is left to you:\n    userdel chronotrack-live\n"
    )
    assert double.run("ls", "-d", *OURS).stdout == ""
