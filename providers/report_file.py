"""A report for another program to read: the whole of it stands in its file, or nothing."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from providers.errors import SettingsInvalid


class ReportFile:
    """Where a report goes: a file, or what is there in its place - a device, a pipe, a link."""

    def __init__(self, option: str, path: Path) -> None:
        """Name it; nothing is touched yet.

        Args:
            option: by which it was named, for messages: "--json".
            path: its own.
        """
        self._option = option
        self._path = path

    def refuse_impossible(self) -> None:
        """Refuse what cannot be written, before there is anything to report.

        Raises:
            SettingsInvalid: it cannot.
        """
        file = Path(os.path.realpath(self._path))
        written = file.parent if self._is_replaced() else self._path
        if file.is_dir() or not file.parent.is_dir() or not os.access(written, os.W_OK):
            raise SettingsInvalid(
                f"{self._option}: {self._path} cannot be written: name a file in a folder of yours."
            )

    def write(self, text: bytes) -> None:
        """Write the report, in the place of an older one.

        Raises:
            SettingsInvalid: it cannot be written.
        """
        try:
            if self._is_replaced():
                _replace(Path(os.path.realpath(self._path)), text)
            else:
                with self._path.open("ab") as there:
                    there.write(text)
        except OSError as error:
            raise SettingsInvalid(
                f"{self._option}: {self._path} cannot be written ({error.strerror})."
            ) from error

    def _is_replaced(self) -> bool:
        """Return whether it is a file of its own; to a device, a pipe or our own output it is written."""
        try:
            there = self._path.stat()
        except OSError:
            return True
        return stat.S_ISREG(there.st_mode) and not any(_is_open_as(number, there) for number in (1, 2))


def _is_open_as(number: int, there: os.stat_result) -> bool:
    try:
        return os.path.samestat(there, os.fstat(number))
    except OSError:
        return False


def _replace(path: Path, text: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(file.name).unlink()
            raise
