"""Something that the monitor finds not to be as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class State(IntEnum):
    """How things are; the exit codes of a Nagios plugin."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        state: how bad that is.
        about: what it is about.
        kind: what is the matter, in words that stay the same, without counts and times.
        what: what is the matter, for a person.
        remedy: what to do.
    """

    state: State
    about: str
    kind: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.about}: {self.what}"
