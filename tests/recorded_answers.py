"""Answers to be recorded, and what lies in a recording then."""

from __future__ import annotations

import gzip
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from providers.recording import Answer


def answer(path="event/1/results", body=b'{"event_results": []}', **fields):
    """An answer of the API; what is not said of it is ordinary."""
    made = {
        "at": datetime(2026, 5, 3, 13, 0, tzinfo=UTC),
        "seconds": 0.25,
        "query": {},
        "status": 200,
        "headers": {"Content-Type": "application/json"},
        "failure": None,
    }
    return Answer(path=path, body=body, **{**made, **fields})


@contextmanager
def new_folder():
    """A folder for one example of a property, which must not meet another's."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def written(folder):
    """Everything that a recording holds, as it lies there."""
    bodies = b"".join(gzip.decompress(path.read_bytes()) for path in sorted(folder.glob("bodies/*.gz")))
    return (folder / "answers.jsonl").read_bytes() + bodies
