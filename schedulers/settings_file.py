"""Where settings come from: the environment of the process, and a file that may change while it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from providers.errors import SettingsInvalid
from schedulers.settings import SETTINGS

# Which names of ours mean something. One and the same file may serve every command.
NAMES = frozenset(setting.variable for setting in SETTINGS) | {
    "CHRONOTRACK_LIVE_CLOCK",
    "CHRONOTRACK_LIVE_METRICS_HOST",
    "CHRONOTRACK_LIVE_METRICS_PORT",
    "CHRONOTRACK_LIVE_MONITOR_DUPLICATES",
    "CHRONOTRACK_LIVE_MONITOR_FAILED_PERCENT",
    "CHRONOTRACK_LIVE_MONITOR_FAILURES",
    "CHRONOTRACK_LIVE_MONITOR_LATENESS_SECONDS",
    "CHRONOTRACK_LIVE_MONITOR_MISSED_DISCOVERIES",
    "CHRONOTRACK_LIVE_MONITOR_MISSED_INTERVALS",
    "CHRONOTRACK_LIVE_MONITOR_NOTIFY",
    "CHRONOTRACK_LIVE_MONITOR_NO_RESULTS_MINUTES",
    "CHRONOTRACK_LIVE_MONITOR_PARTIAL_COLLECTIONS",
    "CHRONOTRACK_LIVE_MONITOR_REJECTED_ROWS",
    "CHRONOTRACK_LIVE_MONITOR_SILENCE_MINUTES",
    "CHRONOTRACK_LIVE_NOTIFY",
    "CHRONOTRACK_LIVE_POSTGRES",
    "CHRONOTRACK_LIVE_PROVIDER_ID",
    "CHRONOTRACK_LIVE_STATE",
}

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)")
# Values that are in quotation marks as a whole.
_IN_SINGLE_QUOTES = re.compile(r"'([^']*)'")
_IN_DOUBLE_QUOTES = re.compile(r'"((?:[^"\\]|\\["\\$`])*)"')
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS = " \t"


class SettingsFile:
    """Lines NAME=value that mean to systemd's EnvironmentFile= just what they mean here.

    They go before the environment, and of two of the same name the later one counts. Whatever systemd takes
    in another way than one would think, or leaves out without a word, is refused: systemd.exec(5).

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

        An empty value stands there as such, as systemd has it: the setting is at its default, whatever the
        environment says.

        Raises:
            SettingsInvalid: the file cannot be read, or not all of it can be understood.
        """
        said = {} if self._file is None else _read(self._file)
        self.unknown = sorted(name for name in said if _is_like_ours(name) and name not in NAMES)
        # systemd may have put the same file into the environment: a line that is taken out of it is to end.
        for name in said:
            self._environ.pop(name, None)
        return self._environ | said


def _is_like_ours(name: str) -> bool:
    return name.upper().replace("_", "").startswith("CHRONOTRACKLIVE")


def _read(file: Path) -> dict[str, str]:
    try:
        # With or without a byte order mark, and whatever ends its lines.
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        # Not the error's own words, nor as a cause: one of decoding quotes what it read.
        kind = type(error).__name__
        raise SettingsInvalid(
            f"The settings in {file} cannot be read ({kind}): let the scheduler's user read it, as UTF-8."
        ) from None
    said: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            said |= _said(line.strip(_BLANKS))
        except ValueError as problem:
            # The line itself is not quoted: it may be the database's address, with its password.
            raise SettingsInvalid(f"Line {number} of {file} {problem}.") from None
    return said


def _said(line: str) -> dict[str, str]:
    """Return what a line sets, nothing for a comment; raise ValueError with the words for what is wrong."""
    if _CONTROL.search(line):
        raise ValueError("has a control character: take it out")
    if line.endswith("\\"):
        raise ValueError("ends with a backslash, which would join the next line to it: take it out")
    if not line or line.startswith(("#", ";")):
        return {}
    assignment = _ASSIGNMENT.fullmatch(line)
    if not assignment:
        raise ValueError(
            "sets nothing: write NAME=value, without `export`, the name of letters, digits and underscores "
            "right before the equals sign; or begin it with # for a comment"
        )
    return {assignment[1]: _value(assignment[2].strip(_BLANKS))}


def _value(text: str) -> str:
    """Return the value that stands behind an equals sign; raise ValueError as `_said` does."""
    if single := _IN_SINGLE_QUOTES.fullmatch(text):
        return single[1]
    if double := _IN_DOUBLE_QUOTES.fullmatch(text):
        return re.sub(r"\\(.)", r"\1", double[1])
    if re.search(r"[\"'\\]", text):
        raise ValueError(
            "has a quotation mark or a backslash in its value: put the whole value into double quotes, with "
            "a backslash before each double quote and backslash in it, and nothing behind them"
        )
    return text
