"""What became of each event, and what a person can do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from backfill.plan import Skip
from providers.accounts import SyncReport
from providers.errors import (
    CollectedElsewhere,
    DuplicateEvent,
    EventArchived,
    IntegrationError,
    NotFound,
    SkipThis,
)
from providers.records import Credentials, ProviderEvent

# What to do about an error, by its category, where its own words do not say it.
_ADVICE = {
    "unreachable": "Run the backfill again when the API can be reached; it goes on where it was.",
    "rate_limited": "Run the backfill again later, or lower rate_limit in additional_config.",
    "server_error": "Run the backfill again later; if the event goes on failing, tell ChronoTrack.",
    "database": "Run the backfill again when the database answers; it goes on where it was.",
    "malformed": "Run the backfill again; if it goes on, keep the answers with --record and report them.",
    "database_refused": "Run it for this --event with --verbose, and report the fault.",
    "refused": "Mend the credentials: `chronotrack-live credentials set`, then `credentials test`.",
    "settings": "Mend what it names, then run the backfill again.",
    "schema": "Run `chronotrack-live migrate`, then the backfill again.",
}
_STORED = ("completed", "partial")
# What an import notes that is to be asked for again.
_DOUBTS = {"unconfirmed_vanished", "unsure"}
_ELSE = "Run the backfill again for this --event with --verbose."

_SKIPS: tuple[tuple[type[SkipThis], Skip], ...] = (
    (DuplicateEvent, Skip.DUPLICATE),
    (EventArchived, Skip.ARCHIVED),
    (NotFound, Skip.NOT_FOUND),
    (CollectedElsewhere, Skip.ELSEWHERE),
    (SkipThis, Skip.OTHERWISE),
)


class End(StrEnum):
    """How it ended for an event.

    It is imported in part when the reading disagrees with what the API announced, or leaves something in
    doubt: the next run asks again.
    """

    IMPORTED = "imported"
    IN_PART = "imported in part"
    EXPECTED = "import"
    SKIPPED = "skipped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an event; in a dry run, what would.

    Attributes:
        partner: timing_partner_id.
        event_id: the API's.
        name: of the event.
        start: of the event (aware); None when it has none.
        end: how it ended.
        skip: why it was left out.
        said: the reason in a sentence.
        category: of the error.
        advice: what to do about a failure.
        entries: how many it has, or is said to have.
        results: athletes with a result; in a dry run, rows of results that are announced.
        written: rows that were new or differed.
        rejected: rows set aside.
        requests: made for it.
        seconds: that it took, in real time.
    """

    partner: int
    event_id: str
    name: str
    start: datetime | None
    end: End
    skip: Skip | None = None
    said: str = ""
    category: str | None = None
    advice: str | None = None
    entries: int = 0
    results: int = 0
    written: int = 0
    rejected: int = 0
    requests: int = 0
    seconds: float = 0.0

    @classmethod
    def about(
        cls,
        partner: int,
        event: ProviderEvent,
        end: End,
        **more: Any,  # noqa: ANN401 - each of its field's own type
    ) -> Outcome:
        """Return the outcome of an event; `more` are further fields."""
        return cls(
            partner=partner,
            event_id=event.provider_event_id,
            name=event.name,
            start=event.start_time,
            end=end,
            **more,
        )

    @classmethod
    def of_report(cls, event: ProviderEvent, report: SyncReport) -> Outcome:
        """Return what an import came to."""
        partner, counted = report.timing_partner_id, report.statistics
        cost = {"requests": _count(counted, "requests"), "seconds": report.seconds}
        if report.error is not None:
            return cls.of_error(partner, event, report.error, **cost)
        if report.status == "skipped":
            return cls.about(partner, event, End.INTERRUPTED, **cost)
        # What the first reading left in doubt, the second may have settled.
        second = report.second
        last = second.statistics if second and second.status in _STORED else counted
        whole = last.get("complete") is not False and not _DOUBTS & last.keys()
        return cls.about(
            partner,
            event,
            End.IMPORTED if whole else End.IN_PART,
            said="; ".join(report.problems),
            entries=_count(counted, "participants"),
            results=_count(counted, "results"),
            written=report.written,
            rejected=report.rejected,
            **cost,
        )

    @classmethod
    def of_error(
        cls,
        partner: int,
        event: ProviderEvent,
        error: IntegrationError,
        **more: Any,  # noqa: ANN401 - each of its field's own type
    ) -> Outcome:
        """Return what became of an event that was left out or failed; `more` are further fields."""
        skip = next((skip for kind, skip in _SKIPS if isinstance(error, kind)), None)
        return cls.about(
            partner,
            event,
            End.FAILED if skip is None else End.SKIPPED,
            skip=skip,
            said=str(error),
            category=error.category,
            advice=advice_for(error) if skip is None else None,
            **more,
        )

    @property
    def line(self) -> str:
        """Return the outcome in a line, without the partner."""
        start = f"{self.start:%Y-%m-%d}" if self.start else "no start"
        what = f"{start} {self.name} ({self.event_id}): "
        if self.end is End.EXPECTED:
            return f"{what}import, {self.entries:,} entries, {self.results:,} rows of results expected"
        if self.end in (End.IMPORTED, End.IN_PART):
            counts = f"{self.entries:,} entries, {self.results:,} results, {self.written:,} rows written"
            set_aside = f", {self.rejected:,} set aside" if self.rejected else ""
            doubt = "; not all could be read: the next run asks again" if self.end is End.IN_PART else ""
            more = f"; {self.said}" if self.said else ""
            return f"{what}{self.end}, {counts}{set_aside}{doubt}{more}"
        if self.end is End.SKIPPED:
            said = f": {self.said}" if self.said else ""
            return f"{what}skipped, {self.skip}{said}"
        return f"{what}{self.end}{': ' if self.said else ''}{self.said}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a partner (None: every one) was not worked on, or not to the end; or an event that no partner has.

    `untried` counts the events that were left because of it.
    """

    partner: int | None
    label: str
    said: str
    category: str
    advice: str
    untried: int = 0

    @classmethod
    def of(cls, credentials: Credentials, error: IntegrationError) -> Trouble:
        """Return what an error meant for a partner as a whole."""
        partner, label = credentials.timing_partner_id, credentials.label
        return cls(partner, label, str(error), error.category, advice_for(error))


@dataclass(slots=True)
class Result:
    """What a run came to.

    Attributes:
        outcomes: of the events, by the order of their ends.
        troubles: what concerns more than one event.
        listing: requests made to list a partner's events, by timing_partner_id.
        left: events that were chosen and are left for the next run: by the limit, an interruption, a refusal.
        interrupted: whether a person ended it.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    listing: Counter[int] = field(default_factory=Counter)
    left: int = 0
    interrupted: bool = False


def advice_for(error: IntegrationError) -> str:
    """Return what to do about an error, in a sentence."""
    return _ADVICE.get(error.category, _ELSE)


def _count(statistics: Mapping[str, object], name: str) -> int:
    value = statistics.get(name)
    return value if isinstance(value, int) else 0
