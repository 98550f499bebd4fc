"""What people are to know of, for as long as it stands."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that is not as it should be.

    Attributes:
        subject: what it is about, by a name that stays the same: "partner 7". It is well when nothing is the
            matter with it.
        kind: what is the matter with it, in words that stay the same, without counts and times: "refused".
        label: the subject, as a person knows it.
        what: what is the matter, for a person.
        remedy: what to do about it, in a sentence.
    """

    subject: str
    kind: str
    label: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Look:
    """How things were at an instant.

    Attributes:
        at: the instant, aware.
        concerns: what stood.
        judged: the subjects of which it was known how they were; of all others it says nothing.
    """

    at: datetime
    concerns: Sequence[Concern]
    judged: Set[str]
