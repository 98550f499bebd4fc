"""Where settings come from: the environment of the process, and a file that may change while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from providers.errors import SettingsInvalid
from schedulers.settings import SETTINGS

_PREFIX = "CHRONOTRACK_LIVE_"
# Which names of ours mean something. One and the same file may serve every command.
NAMES = frozenset(setting.variable for setting in SETTINGS) | {
    "CHRONOTRACK_LIVE_CLOCK",
    "CHRONOTRACK_LIVE_METRICS_HOST",
    "CHRONOTRACK_LIVE_METRICS_PORT",
    "CHRONOTRACK_LIVE_POSTGRES",
    "CHRONOTRACK_LIVE_PROVIDER_ID",
    "CHRONOTRACK_LIVE_STATE",
}


class SettingsFile:
    """Lines NAME=value, as in what systemd's EnvironmentFile= names; they go before the environment.

    Attributes:
        unknown: names in the file, as it was last read, that look like settings of ours and are none.
    """

    def __init__(self, file: Path | None, environ: Mapping[str, str]) -> None:
        """Take a file, None for none, and the environment as it was when the process began."""
        self._file = file
        self._environ = dict(environ)
        self.unknown: list[str] = []

    def read(self) -> dict[str, str]:
        """Return the environment as it is with what the file says now.

        Raises:
            SettingsInvalid: the file cannot be read, or has a name without a value.
        """
        said = {} if self._file is None else _read(self._file)
        self.unknown = sorted(name for name in said if name.startswith(_PREFIX) and name not in NAMES)
        # systemd may have put the same file into the environment: a line that is taken out of it is to end.
        for name in said:
            self._environ.pop(name, None)
        return self._environ | said


def _read(file: Path) -> dict[str, str]:
    # Only those who have such a file need the package that reads it.
    from dotenv import dotenv_values

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        # Not the error's own words, nor as a cause: one of decoding quotes what it read.
        kind = type(error).__name__
        raise SettingsInvalid(
            f"The settings in {file} cannot be read ({kind}): let the scheduler's user read it, as UTF-8."
        ) from None
    said: dict[str, str] = {}
    for name, value in dotenv_values(stream=StringIO(text), interpolate=False).items():
        if value is None or "\0" in value:
            raise SettingsInvalid(f"{file} has {name!r} without a value that it can have: write NAME=value.")
        said[name] = value
    return said
