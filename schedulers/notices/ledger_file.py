"""Where it is kept what people were told, so that a restart, or the next run, does not tell it again."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from database.file_lock import FileLock
from database.state_folder import make_folder
from providers.errors import SettingsInvalid
from providers.report_file import ReportFile
from schedulers.notices.ledger import Ledger, Told

_WHAT = "What people were told"


@contextmanager
def own_ledger(path: Path) -> Iterator[LedgerFile]:
    """Yield a ledger that no other process has for the length of the block: `path`, or that with a number.

    Two schedulers do not meet the same: what one has never heard of would keep the other from telling that it
    is well again.
    """
    with ExitStack() as held:
        for number in count(1):
            chosen = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
            try:
                make_folder(path.parent)
                taken = FileLock.attempt(chosen.with_suffix(".taken"), fcntl.LOCK_EX)
            except OSError:
                # Whoever tells says what is the matter with it, and goes on as soon as it is mended.
                break
            if taken is not None:
                held.enter_context(taken)
                break
        yield LedgerFile(chosen)


class LedgerFile:
    """A JSON file with the ledgers of some recipients, by their names: words, and nothing of their URLs."""

    def __init__(self, path: Path) -> None:
        """Name it; nothing is touched yet."""
        self._path = path

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Keep all other processes from it for the length of the block; False: another one has it.

        Raises:
            SettingsInvalid: there is no place for it.
        """
        try:
            make_folder(self._path.parent)
            lock = FileLock.attempt(self._path.with_suffix(".lock"), fcntl.LOCK_EX)
        except OSError as error:
            raise self._out_of_reach(error) from error
        if lock is None:
            yield False
            return
        with lock:
            yield True

    def read(self) -> dict[str, Ledger]:
        """Return the ledgers; none before there is a file.

        Raises:
            SettingsInvalid: the file cannot be read.
            ValueError: what it holds was not written by `write`.
        """
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._out_of_reach(error) from error
        try:
            return {name: _ledger(fields) for name, fields in orjson.loads(text).items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{self._path} is damaged ({type(error).__name__}).") from error

    def write(self, ledgers: Mapping[str, Ledger]) -> None:
        """Put them in the place of those before.

        Raises:
            SettingsInvalid: they cannot be written.
        """
        text = orjson.dumps(dict(ledgers), option=orjson.OPT_INDENT_2)
        ReportFile(_WHAT, self._path).write(text)

    def _out_of_reach(self, error: OSError) -> SettingsInvalid:
        return SettingsInvalid(f"{_WHAT}: {self._path} is out of reach ({error.strerror}).")


def _ledger(fields: Mapping[str, Any]) -> Ledger:
    return Ledger(
        told={str(subject): _told(known) for subject, known in fields["told"].items()},
        tried=_instant(fields["tried"]),
        untaken=int(fields.get("untaken", 0)),
    )


def _told(fields: Mapping[str, Any]) -> Told:
    return Told(
        label=str(fields["label"]),
        kinds={str(kind): _instant(gone) for kind, gone in fields["kinds"].items()},
        well_since=_instant(fields["well_since"]),
        unjudged_since=_instant(fields["unjudged_since"]),
    )


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    if instant.utcoffset() is None:
        raise ValueError("An instant is naive.")
    return instant
