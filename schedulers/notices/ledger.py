"""What a recipient was told, and what is to be told now: once for each change, and never a storm.

Pure functions of the looks. No clock, no network, no file; instants are aware.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from schedulers.notices.concern import Concern, Look

# From one message to the next at least, whether the first was taken or not: whoever answers too late may have
# taken it all the same.
PACE = timedelta(minutes=5)
# Whoever takes nothing is tried ever more rarely: each try may have reached some of those behind his URL.
RAREST = timedelta(hours=1)
# So long nothing is the matter with a subject before it is said to be well again.
STEADY = timedelta(minutes=5)
# What nobody has judged for so long, such as an event that is not followed any more, ends without a word.
FORGOTTEN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of a subject.

    Attributes:
        label: the subject, as a person knows it.
        kinds: what was said to be the matter with it, and since when every look has found each to be gone,
            None while the last one did not; what has been gone for long is told again when it comes back.
        well_since: since when every look has found it well; None while the last one did not.
        unjudged_since: since when no look has judged it; None while the last one did.
    """

    label: str
    kinds: Mapping[str, datetime | None]
    well_since: datetime | None = None
    unjudged_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told: what has appeared, and the labels of those that are well again, by subject."""

    appeared: Sequence[Concern]
    recovered: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ledger:
    """What one recipient was told, by subject, and when (aware) a message was last on its way to him.

    `untaken` counts the messages in a row that he did not take.
    """

    told: Mapping[str, Told] = field(default_factory=dict)
    tried: datetime | None = None
    untaken: int = 0

    @property
    def pace(self) -> timedelta:
        """Return how long the next message is kept after the last one."""
        return min(PACE * (1 << max(0, min(self.untaken, 10) - 1)), RAREST)

    def having_seen(self, look: Look) -> Ledger:
        """Return the ledger after a look; looks are to come in the order of time."""
        return replace(self, told=dict(self._seen(look)))

    def news(self, look: Look) -> News | None:
        """Return what is to be told now that this ledger has seen a look; None for nothing.

        What stands is told when it was not, or was told of the same subject as of another kind. What came and
        went before it could be told is not.
        """
        if self.tried is not None and timedelta(0) <= look.at - self.tried < self.pace:
            return None
        standing = {(concern.subject, concern.kind): concern for concern in look.concerns}
        news = News(
            appeared=[
                concern
                for (subject, kind), concern in standing.items()
                if subject not in self.told or kind not in self.told[subject].kinds
            ],
            recovered={
                subject: told.label
                for subject, told in self.told.items()
                if told.well_since is not None and look.at - told.well_since >= STEADY
            },
        )
        return news if news.appeared or news.recovered else None

    def trying(self, at: datetime) -> Ledger:
        """Return the ledger when a message is sent."""
        return replace(self, tried=at, untaken=self.untaken + 1)

    def having_told(self, news: News) -> Ledger:
        """Return the ledger when a message has been taken."""
        told = {subject: known for subject, known in self.told.items() if subject not in news.recovered}
        for concern in news.appeared:
            kinds = told[concern.subject].kinds if concern.subject in told else {}
            told[concern.subject] = Told(concern.label, {**kinds, concern.kind: None})
        return replace(self, told=told, untaken=0)

    def _seen(self, look: Look) -> Iterator[tuple[str, Told]]:
        standing: dict[str, set[str]] = {}
        for concern in look.concerns:
            standing.setdefault(concern.subject, set()).add(concern.kind)
        for subject, told in self.told.items():
            if subject in standing:
                kinds = dict(_kinds(told.kinds, standing[subject], look.at))
                yield subject, replace(told, kinds=kinds, well_since=None, unjudged_since=None)
            elif subject in look.judged:
                yield subject, replace(told, well_since=_since(told.well_since, look.at), unjudged_since=None)
            else:
                since = _since(told.unjudged_since, look.at)
                if look.at - since < FORGOTTEN:
                    yield subject, replace(told, well_since=None, unjudged_since=since)


def _kinds(
    told: Mapping[str, datetime | None], standing: Set[str], at: datetime
) -> Iterator[tuple[str, datetime | None]]:
    """Yield what still counts as told of a subject with which something is the matter."""
    for kind, gone in told.items():
        since = None if kind in standing else _since(gone, at)
        if since is None or at - since < STEADY:
            yield kind, since


def _since(known: datetime | None, at: datetime) -> datetime:
    """Return since when something is so; an instant in the future was noted before the clock was set back."""
    return at if known is None or known > at else known
