"""What is accounted for: how an operation went, and what the history says of those before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from providers.errors import IntegrationError
from providers.records import refuse_naive


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryAccount:
    """When (aware) what is accounted for of a partner's discoveries last began, None where it never did.

    Attributes:
        discovered: a discovery that went well, if only in part.
        missed: one of these whose lists were not whole: it may have missed an event, or an event's races.
        failed: a discovery, or the test of the credentials before it, that failed for another reason than
            that they were refused.
        refused: a discovery or a test whose credentials were refused.
        accepted: a test that went well.
    """

    discovered: datetime | None = None
    missed: datetime | None = None
    failed: datetime | None = None
    refused: datetime | None = None
    accepted: datetime | None = None

    def __post_init__(self) -> None:
        refuse_naive(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """How one operation went: what stands in `sync_history`, and what a caller decides by.

    Attributes:
        sync_type: authentication, events, participants, results or backfill.
        status: completed, partial (stored, but not whole), failed or skipped.
        started: the instant it began, aware.
        seconds: how long it took, in real time.
        seen, written, rejected: rows read, rows that were new or differed, rows set aside.
        lateness: seconds between the due instant and the start; None when nothing was due.
        error: what went wrong, or why it was skipped.
        statistics: what it cost (see providers.statistics), and what was noticed on the way.
        second: the report of a second reading that followed at once, None when none did.
    """

    sync_type: str
    timing_partner_id: int
    status: str
    started: datetime
    seconds: float = 0.0
    event_id: str | None = None
    seen: int = 0
    written: int = 0
    rejected: int = 0
    lateness: float | None = None
    error: IntegrationError | None = None
    statistics: Mapping[str, object] = field(default_factory=dict)
    second: SyncReport | None = None

    def __post_init__(self) -> None:
        refuse_naive(self)

    @property
    def problems(self) -> Sequence[str]:
        """Return what could not be read beside the list itself, in sentences."""
        noted = self.statistics.get("problems", ())
        return noted if isinstance(noted, list | tuple) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a store did with a reading: rows seen, written (new or different) and set aside.

    `complete` says that the reading was whole; `notes` hold what else is worth knowing.
    """

    seen: int
    written: int
    rejected: int
    complete: bool | None
    notes: Mapping[str, object] = field(default_factory=dict)
