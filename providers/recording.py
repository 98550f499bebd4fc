"""What a provider's API really answered, kept in a folder so that it can be served again.

A recording is a folder with

    answers.jsonl           one JSON object a line and answer, in the order in which the answers came
    bodies/<SHA-256>.gz     the bodies, gzip; the many polls of a race keep equal ones once

and a line of `answers.jsonl` holds

    at          when the request was made, ISO 8601 in UTC
    seconds     from then until the answer was there, or the hope for one given up
    path        below the base URL, such as "event/91649/results"
    query       name -> value, without credentials
    status      HTTP status; null when no answer came
    headers     name -> value: Content-Type, Retry-After, Date, Cache-Control, X-* that smell of no secret
    body        the SHA-256 of the body, after decompression and redaction, in hex; null for an empty one
    failure     why no answer came, in words; null when one did

Bodies hold names, birthdates and addresses of athletes: every file may be read by its owner only (0600), in
folders that only the owner may enter (0700). A folder that was there before keeps its permissions.

Each secret is replaced by "[redacted]" wherever a careless server echoes it, in any mixture of these
spellings: as it is (in UTF-8, Latin-1, or UTF-8 that was taken for Latin-1), percent-encoded (also several
times over, also with "+" for a space), JSON-escaped, HTML-escaped; escapes in upper or lower case. Nothing
else of a body changes. A digest, a token or the Base64 of "user:password" is a secret of its own.

Several threads and processes may append to one folder. Each writes a whole line or, when it is killed,
a part of one, which readers skip and the next writer removes.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import mmap
import os
import re
import shutil
import tempfile
import threading
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from providers.errors import SettingsInvalid
from providers.redaction import Redaction

log = structlog.get_logger()

_ANSWERS = "answers.jsonl"
_BODIES = "bodies"
# So much of the disk is left to others, in bytes.
_LEAST_FREE = 256 * 2**20
_KEPT_HEADERS = ("content-type", "retry-after", "date", "cache-control")
_SMELLS_OF_A_SECRET = re.compile("token|auth|key|cookie|session|secret|password")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of the API, or that none came; the module says what each field means.

    `at` is aware; `body` is decompressed, and empty when no answer came.
    """

    at: datetime
    seconds: float
    path: str
    query: Mapping[str, str]
    status: int | None
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    failure: str | None

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise ValueError("Answer.at must be an aware datetime, not naive.")


class Recording:
    """Writes answers to a folder. May be used from several threads and processes at once."""

    def __init__(self, folder: Path, secrets: Iterable[str]) -> None:
        """Make the folder, or go on with the recording that it holds.

        Args:
            folder: where the recording is kept.
            secrets: texts that must never be written; see `hide`.

        Raises:
            SettingsInvalid: the folder cannot be written to, or a secret is too short to be hidden.
        """
        self._redact = Redaction()
        for secret in secrets:
            self.hide(secret)
        self._answers, self._bodies = folder / _ANSWERS, folder / _BODIES
        self._stopping = threading.Lock()
        self._stopped = False
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._bodies.mkdir(mode=0o700, exist_ok=True)
            self._append(b"")
        except OSError as error:
            raise SettingsInvalid(
                f"Nothing can be recorded in {folder} ({error}): choose a folder that this user may write to."
            ) from error

    def hide(self, secret: str) -> None:
        """Never write this text from now on; an empty one is none.

        Raises:
            SettingsInvalid: it is under 4 characters long; better no recording than one in shreds.
        """
        if secret:
            self._redact.add(secret)

    def keep(self, answer: Answer) -> None:
        """Write one answer; when the disk is full or the like, log one warning and record nothing more."""
        if self._stopped:
            return
        clean = self._redact.text
        try:
            if shutil.disk_usage(self._bodies).free < _LEAST_FREE:
                # The request budget's account may lie on the same disk, and without it nothing is asked.
                raise OSError(  # noqa: TRY301 - it is as if the disk was full
                    f"less than {_LEAST_FREE // 2**20} MB are left on the disk"
                )
            line = {
                "at": answer.at.astimezone(UTC).isoformat(),
                "seconds": answer.seconds,
                "path": clean(answer.path),
                "query": {name: clean(value) for name, value in answer.query.items()},
                "status": answer.status,
                "headers": {name: clean(value) for name, value in answer.headers.items() if _is_kept(name)},
                "body": self._keep_body(self._redact.bytes(answer.body)),
                "failure": None if answer.failure is None else clean(answer.failure),
            }
            self._append(json.dumps(line).encode() + b"\n")
        except OSError as error:
            self._stop(error)

    def _keep_body(self, body: bytes) -> str | None:
        """Write a body, whole before it has its name, unless it is there. Return that name."""
        if not body:
            return None
        name = hashlib.sha256(body).hexdigest()
        path = self._bodies / f"{name}.gz"
        if not path.exists():
            handle, unfinished = tempfile.mkstemp(dir=self._bodies)
            try:
                with open(handle, "wb") as file:  # noqa: PTH123 - an open file, not a path
                    # Level 1: the answer is being waited for.
                    file.write(gzip.compress(body, 1, mtime=0))
                Path(unfinished).replace(path)
            except OSError:
                Path(unfinished).unlink(missing_ok=True)
                raise
        return name

    def _append(self, line: bytes) -> None:
        answers = os.open(self._answers, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # Opened anew each time: the lock is between open files, so it holds between threads, too.
            fcntl.flock(answers, fcntl.LOCK_EX)
            _cut_half_line(answers)
            while line:
                line = line[os.write(answers, line) :]
        finally:
            os.close(answers)

    def _stop(self, error: OSError) -> None:
        with self._stopping:
            if not self._stopped:
                log.warning("recording.stopped", folder=str(self._answers.parent), reason=str(error))
            self._stopped = True


def is_recording(folder: Path) -> bool:
    """Whether a folder holds a recording, maybe one without answers."""
    return (folder / _ANSWERS).is_file()


def read_recording(folder: Path) -> list[Answer]:
    """Read a recording into memory, in the order in which the answers came; equal bodies are read once.

    Raises:
        SettingsInvalid: the folder holds no recording, or one that is damaged; the message says where.
    """
    path = folder / _ANSWERS
    try:
        # Only what ends like a line is one; the rest was being written when its writer was killed.
        lines = path.read_bytes().split(b"\n")[:-1]
    except OSError as error:
        raise SettingsInvalid(f"{folder} holds no recording ({error}): look for {_ANSWERS}.") from error
    bodies: dict[str | None, bytes] = {None: b""}
    answers: list[Answer] = []
    for number, line in enumerate(lines, 1):
        try:
            fields = json.loads(line)
            if (name := fields["body"]) not in bodies:
                bodies[name] = _read_body(folder / _BODIES, name)
            answers.append(_answer(fields, bodies[name]))
        except (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError, AttributeError) as error:
            reason = f"it has no {error}" if isinstance(error, KeyError) else error
            raise SettingsInvalid(
                f"Line {number} of {path} is no recorded answer ({reason}): remove it, or record again."
            ) from error
    return answers


def _answer(fields: dict[str, Any], body: bytes) -> Answer:
    return Answer(
        at=datetime.fromisoformat(fields["at"]),
        seconds=float(fields["seconds"]),
        path=str(fields["path"]),
        query=dict(fields["query"].items()),
        status=None if fields["status"] is None else int(fields["status"]),
        headers=dict(fields["headers"].items()),
        body=body,
        failure=fields["failure"],
    )


def _read_body(bodies: Path, name: str) -> bytes:
    if not re.fullmatch("[0-9a-f]{64}", name):
        raise ValueError("its body is no SHA-256 in hex")
    return gzip.decompress((bodies / f"{name}.gz").read_bytes())


def _cut_half_line(answers: int) -> None:
    """Remove what a killed writer left of its line."""
    size = os.fstat(answers).st_size
    if size and os.pread(answers, 1, size - 1) != b"\n":
        with mmap.mmap(answers, size, prot=mmap.PROT_READ) as written:
            os.ftruncate(answers, written.rfind(b"\n") + 1)


def _is_kept(header: str) -> bool:
    name = header.lower()
    return name in _KEPT_HEADERS or (name.startswith("x-") and not _SMELLS_OF_A_SECRET.search(name))
