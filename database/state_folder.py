"""The folder for what must outlive a run: the embedded database, locks, the count of requests."""

import os
import pwd
import shlex
from collections.abc import Mapping
from pathlib import Path

from providers.errors import SettingsInvalid

NAME = "chronotrack-live"
_REMEDY = "set CHRONOTRACK_LIVE_STATE to a folder of your own."


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return the absolute path of the state folder, made if it does not exist yet.

    ``CHRONOTRACK_LIVE_STATE`` decides when it is set and not empty. Otherwise it is
    ``/var/lib/chronotrack-live`` for root, and ``$XDG_STATE_HOME/chronotrack-live`` or
    ``~/.local/state/chronotrack-live`` for an ordinary user.

    Raises:
        SettingsInvalid: the folder cannot be made, or not be written to, or we are root and it is another's;
            the message says what to do.
    """
    folder = place(environ)
    try:
        make_folder(folder)
    except OSError as error:
        raise SettingsInvalid(f"The state folder cannot be made ({error}): {_REMEDY}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsInvalid(f"The state folder {folder} may not be written to: {_REMEDY}")
    _refuse_root_what_is_anothers(folder)
    return folder


def place(environ: Mapping[str, str]) -> Path:
    """Return where the state folder is, or would be; see `state_folder`. Nothing is made."""
    return _chosen(environ).absolute()


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents; a folder that exists keeps its permissions.

    An ordinary user's folder is closed to all others. Root's may be passed through, not looked into,
    because the embedded server lives below it as a user without rights.

    Raises:
        OSError: the folder cannot be made, or something else bears its name.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise
        return  # another process was faster
    path.chmod(mode)  # not left to mkdir(), whose mode the umask would narrow


def _refuse_root_what_is_anothers(folder: Path) -> None:
    """Keep root out of another user's folder: root may make files there, which that user could not open."""
    owner = folder.stat().st_uid
    if os.geteuid() != 0 or owner == 0:
        return
    try:
        name = pwd.getpwuid(owner).pw_name
        account = name
    except KeyError:
        name, account = f"the user {owner}", f"#{owner}"
    command = shlex.join(["sudo", "-u", account, "env", f"CHRONOTRACK_LIVE_STATE={folder}"])
    raise SettingsInvalid(
        f"The state folder {folder} belongs to {name}, who could not use what root makes in it: run this as "
        f'that user ({command} ...; docs/operations.md, "In whose name commands run", has a function for '
        f"it), or {_REMEDY}"
    )


def _chosen(environ: Mapping[str, str]) -> Path:
    if given := environ.get("CHRONOTRACK_LIVE_STATE"):
        return Path(given)
    if os.geteuid() == 0:
        return Path("/var/lib") / NAME
    if base := environ.get("XDG_STATE_HOME"):
        return Path(base) / NAME
    return Path(environ.get("HOME") or Path.home()) / ".local" / "state" / NAME
