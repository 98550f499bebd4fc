"""What the workers of a run have to say to it, and what they are told to work on."""

from __future__ import annotations

from dataclasses import dataclass

from backfill.outcome import Outcome
from backfill.partner import PastPartner
from backfill.plan import Plan
from providers.errors import IntegrationError
from providers.records import ProviderEvent


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event that may be worked on; `tried_before` says that an earlier run tried it."""

    partner: PastPartner
    event: ProviderEvent
    tried_before: bool

    @property
    def rank(self) -> tuple[bool, float, int, str]:
        """The latest first, but last what was tried before: it must not stand in the way of the others."""
        start = self.event.start_time.timestamp() if self.event.start_time else 0.0
        return self.tried_before, -start, self.partner.timing_partner_id, self.event.provider_event_id


@dataclass(frozen=True, slots=True)
class Listed:
    """What a partner's list came to."""

    partner: PastPartner
    plan: Plan | None = None
    tried: frozenset[str] = frozenset()
    error: IntegrationError | None = None
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an event."""

    candidate: Candidate
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Asked:
    """Whether the database answers again."""

    answers: bool


# None: a person wants the run to end.
News = Listed | Done | Asked | None
