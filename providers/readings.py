"""What one reading of a provider's list brings, and how much the provider said that there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from providers.errors import RowRejected

RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class Changes(Generic[RecordT]):
    """A reading as what differs from an earlier one, for a provider that remembers what was stored.

    Attributes:
        since: the number of the earlier reading, see `Snapshot.stored`.
        records: those that are new or differ; iterated once, in place of the snapshot's.
        unchanged: the ids of all others; whole when the iteration has ended.
    """

    since: int
    records: Iterable[RecordT]
    unchanged: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[RecordT]):
    """One reading of a provider's list.

    `records` is iterated once; `rejected` collects the rows that could not be understood and is
    whole when the iteration has ended. `complete` says that the reading agrees with what the
    provider announced: only then may a caller conclude that something vanished; None when it announced
    nothing. `unsure` names fields of results - gender_place, division_place, status - that come from a
    further reading which was not whole: an absent one of them says nothing, and what is known stays.
    `problems` says in sentences what could not be read beside the list itself.

    A provider may remember what was stored. Then `stored` is told the number under which the hub has kept the
    reading, once it has, and a later one offers its `changes` since: they serve while nothing was stored of
    the event in between.
    """

    records: Iterable[RecordT]
    complete: bool | None
    rejected: list[RowRejected] = field(default_factory=list)
    unsure: frozenset[str] = frozenset()
    problems: Sequence[str] = ()
    changes: Changes[RecordT] | None = None
    stored: Callable[[int], None] | None = None


@dataclass(frozen=True, slots=True)
class Announced:
    """How much a provider says that an event has: entries, and rows of its results.

    A row is whatever the provider lists; an athlete may have several.
    """

    entries: int
    result_rows: int
