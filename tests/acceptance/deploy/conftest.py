"""A scratch machine below a prefix, a hub that knows nothing of the integration yet, and the script itself.

The package is installed by pip once in a test run; each machine that begins with it has a copy.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from filelock import FileLock
from psycopg2.extensions import parse_dsn

from database import migrate
from database.opening import create_database, drop_database
from tests.acceptance.conftest import ROOT
from tests.acceptance.deploy import wheelhouse
from tests.integration.catalogs import apply

SCRIPT = "deploy_chronotrack_live.sh"
PARTS = (
    "providers",
    "database",
    "schedulers",
    "backfill",
    "operations",
    "pyproject.toml",
    "README.md",
    SCRIPT,
)
SERVICE = "chronotrack-live-scheduler.service"
# The Python that the tests' environment was made from: the wheels are for it.
PYTHON = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")


class Machine:
    """A machine whose folders are below `root`; `desk` is where the operator stands."""

    def __init__(self, folder: Path, checkout: Path, wheels: Path) -> None:
        self.script = checkout / SCRIPT
        self.root, self.desk = folder / "machine", folder / "desk"
        self.notes, self._bin = folder / "systemctl", folder / "bin"
        for made in ("opt", "etc/systemd/system", "var/lib", "tmp"):
            (self.root / made).mkdir(parents=True, exist_ok=True)
        for made in (self.desk, self.notes, self._bin):
            made.mkdir(exist_ok=True)
        shutil.copy(Path(__file__).with_name("recording_systemctl.sh"), self._bin / "systemctl")
        (self._bin / "systemctl").chmod(0o755)
        self.software = self.root / "opt/chronotrack-live"
        self.command = self.software / ".venv/bin/chronotrack-live"
        self.settings = self.root / "etc/chronotrack-live/environment"
        self.unit = self.root / "etc/systemd/system" / SERVICE
        self.spare_unit = self.root / "tmp" / SERVICE
        hidden = ("PYTHONPATH", "DATABASE_URL")
        self.environ = {name: value for name, value in os.environ.items() if name not in hidden} | {
            "PATH": f"{self._bin}{os.pathsep}{os.environ['PATH']}",
            "PYTHON": PYTHON,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "PIP_CONFIG_FILE": os.devnull,
            "SYSTEMCTL_NOTES": str(self.notes),
        }

    def deploy(self, *arguments, dsn="", script=None, answer="", cwd=None, **environ):
        """Run the script on this machine; `answer` is what the operator types."""
        return subprocess.run(
            [script or self.script, *arguments, "--prefix", self.root],
            env=self.environ | ({"DATABASE_URL": dsn} if dsn else {}) | environ,
            cwd=cwd or self.desk,
            input=answer,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def tree(self):
        """Everything below the root, and how it looks from outside."""
        return {str(path.relative_to(self.root)): _looks(path) for path in sorted(self.root.rglob("*"))}

    def told(self):
        """What systemctl was told, in order."""
        notes = self.notes / "told"
        return notes.read_text(encoding="utf-8").split() if notes.exists() else []

    def service_state(self):
        """Whether the service is active and enabled, as the recording systemctl remembers it."""
        return tuple((self.notes / name).exists() for name in ("active", "enabled"))

    def papers(self):
        """The files that lie on the operator's desk."""
        return sorted(path.name for path in self.desk.iterdir())


def _looks(path: Path) -> tuple[int, str]:
    if path.is_symlink():
        return 0, str(path.readlink())
    seen = path.stat()
    return seen.st_mode, f"{seen.st_size} {seen.st_mtime_ns}" if path.is_file() else "folder"


def dump(dsn: str) -> str:
    """The whole database as pg_dump tells it, but for its own tokens and where sequences are."""
    dumped = subprocess.run(["pg_dump", "--dbname", dsn], capture_output=True, text=True, check=True)
    passing = ("\\restrict", "\\unrestrict", "SELECT pg_catalog.setval")
    return "\n".join(line for line in dumped.stdout.splitlines() if not line.startswith(passing))


def url(dsn: str, *, user: str | None = None, password: str = "") -> str:
    """The address of a database as a URL with a password, which the private server does not ask for."""
    parts = parse_dsn(dsn)
    login = f"{user or parts['user']}:{password}@" if password else f"{user or parts['user']}@"
    host = parts["host"].replace("/", "%2F")
    return f"postgresql://{login}{host}:{parts.get('port', 5432)}/{parts['dbname']}"


@pytest.fixture
def path_without(tmp_path):
    """Makes a PATH that lacks some of this machine's programs."""

    def make(*lacking):
        folder = tmp_path / "bare"
        folder.mkdir()
        for place in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"):
            for program in Path(place).iterdir():
                name = folder / program.name
                if program.name not in lacking and not name.is_symlink():
                    name.symlink_to(program)
        return str(folder)

    return make


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A folder of this test run, for all its processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "deploy"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def checkout(shared):
    """The checkout as it was when the test run began: work in it meanwhile is another version."""
    folder = shared / "checkout"
    with FileLock(shared / "checkout.lock"):
        if not folder.exists():
            unfinished = shared / "checkout.new"
            unfinished.mkdir()
            for part in PARTS:
                if (ROOT / part).is_dir():
                    ignored = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(ROOT / part, unfinished / part, ignore=ignored)
                else:
                    shutil.copy(ROOT / part, unfinished)
            unfinished.rename(folder)
    return folder


@pytest.fixture(scope="session")
def wheels(shared):
    """The packages that pip finds."""
    folder = shared / "wheels"
    with FileLock(shared / "wheels.lock"):
        if not folder.exists():
            unfinished = shared / "wheels.new"
            unfinished.mkdir()
            wheelhouse.fill(unfinished)
            unfinished.rename(folder)
    return folder


@pytest.fixture(scope="session")
def release(shared, checkout, wheels, server, template):
    """A folder with the package, as the script has installed it on a machine that had nothing."""
    with FileLock(shared / "release.lock"):
        machine = Machine(shared / "first", checkout, wheels)
        if not machine.command.exists():
            name = f"test_{os.getpid()}_release"
            create_database(server.dsn("postgres"), name)
            apply(server.dsn(name), migrate.BASE_SCHEMA)
            done = machine.deploy("install", dsn=server.dsn(name))
            drop_database(server.dsn("postgres"), name)
            assert done.returncode == 0, done.stderr
    return machine.command.parents[1].resolve()


@pytest.fixture
def machine(tmp_path, checkout, wheels):
    """A machine that has nothing of the integration yet."""
    return Machine(tmp_path, checkout, wheels)


@pytest.fixture
def machine_with_package(machine, release):
    """A machine that has the package, but no more: settings, service and database are still to come."""
    (machine.software / "releases").mkdir(parents=True)
    (machine.software / "releases" / release.name).symlink_to(release)
    (machine.software / ".venv").symlink_to(f"releases/{release.name}")
    (machine.software / "README.md").symlink_to(".venv/README.md")
    return machine


@pytest.fixture
def next_version(tmp_path, checkout):
    """The script of another checkout, whose package has another version."""
    other = tmp_path / "checkout"
    shutil.copytree(checkout, other)
    project = other / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    text, replaced = re.subn(r'^version = ".+"$', 'version = "99.0"', text, flags=re.MULTILINE)
    assert replaced == 1
    project.write_text(text, encoding="utf-8")
    return other / SCRIPT


@pytest.fixture
def host(make_dsn):
    """A hub with a TCP event that knows nothing of the integration."""
    dsn = make_dsn()
    apply(dsn, migrate.BASE_SCHEMA)
    say(dsn, "INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")
    say(dsn, "INSERT INTO ct_events (event_id, event_name, timing_partner_id) VALUES ('5', 'Harbour Run', 1)")
    return dsn


@pytest.fixture
def ready_hub(dsn):
    """A hub with the extension, where a partner has credentials."""
    say(
        dsn,
        "INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing');"
        "INSERT INTO partner_provider_credentials (timing_partner_id, provider_id, principal, secret)"
        " VALUES (1, 1, 'demo', 'demo');"
        "INSERT INTO ct_events (event_id, event_name, timing_partner_id) VALUES ('5', 'Harbour Run', 1)",
    )
    return dsn


def say(dsn: str, statement: str) -> None:
    """Say a statement to a database."""
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
