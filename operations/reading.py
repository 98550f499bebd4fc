"""What the monitor has read of how things are, and what follows from it at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from database.event_controls import CollectedPartner
from database.migrate import Pending
from database.monitoring import (
    CollectionAccount,
    EventCount,
    OperationCount,
    PartnerAccount,
    RejectedCount,
    RowCount,
    Server,
)
from operations.event_list import EventStanding
from operations.service_unit import ServiceUnit
from schedulers.windows import Phase

# As `ct_live_duplicate_audit` says it.
_SHOWN_TWICE = "both"
# So far the clocks of two hosts may be apart. What is further ahead was noted before a clock was set back.
AHEAD = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedEvent:
    """An event that is followed, and the account of its collections."""

    standing: EventStanding
    account: CollectionAccount

    @property
    def key(self) -> str:
        """Return the hub's key."""
        return self.standing.event.key

    @property
    def partner_id(self) -> int:
        """Return the partner's id."""
        return self.standing.event.stored.timing_partner_id

    @property
    def is_judged(self) -> bool:
        """Return whether it is to be collected: nothing keeps it from being so, a pause, say, or TCP."""
        return not self.standing.hindrances


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read at an instant.

    Attributes:
        at: the instant, aware.
        unit: the scheduler's unit, None where there is none.
        systemd_away: why systemd said nothing of the unit, None when it did, or is not there.
        away: why the database said nothing, None when it did; all that follows is empty then.
        server: what answered.
        pending: migrations that it lacks; `not_migrated` says that it lacks too much of them to be read.
        partners: that have credentials; of those that were asked for, as are all that follow.
        without_credentials: ids that were asked for, and have none.
        events: that are followed.
        last_sign: when (aware) the scheduler last accounted for anything.
        ahead: the last instant (aware) in the future for which anything is accounted for; None for none.
        operations: of the last 24 hours.
        rejected: rows that are set aside.
        duplicates: rows of `ct_live_duplicate_audit`.
        events_of_partners: how many there are.
        rows: by table and source, over all partners.
        budget_used: requests of the last 60 seconds by partner; who is not there, of him it is not known.
    """

    at: datetime
    unit: ServiceUnit | None = None
    systemd_away: str | None = None
    away: str | None = None
    server: Server | None = None
    pending: Sequence[Pending] = ()
    not_migrated: bool = False
    partners: Sequence[PartnerAccount] = ()
    without_credentials: Sequence[int] = ()
    events: Sequence[WatchedEvent] = ()
    last_sign: datetime | None = None
    ahead: datetime | None = None
    operations: Sequence[OperationCount] = ()
    rejected: Sequence[RejectedCount] = ()
    duplicates: Sequence[Mapping[str, Any]] = ()
    events_of_partners: Sequence[EventCount] = ()
    rows: Sequence[RowCount] = ()
    budget_used: Mapping[int, int] = field(default_factory=dict)

    def set_aside(self, partner: int) -> int:
        """Return how many rows of a partner are set aside."""
        return sum(count.rows for count in self.rejected if count.timing_partner_id == partner)

    def set_aside_lately(self, partner: int) -> int:
        """Return how many of these were seen lately: nobody mends those of a race of long ago."""
        return sum(count.lately for count in self.rejected if count.timing_partner_id == partner)

    def shown_twice(self, partner: int) -> list[Mapping[str, Any]]:
        """Return the suspicious pairs of a partner of which neither stands aside."""
        return [
            pair
            for pair in self.duplicates
            if pair["timing_partner_id"] == partner and pair["shown"] == _SHOWN_TWICE
        ]


def phases(events: Sequence[WatchedEvent]) -> Counter[Phase]:
    """Return how many events are in each phase."""
    return Counter(event.standing.phase for event in events)


def collected_partners(partners: Sequence[PartnerAccount]) -> dict[int, CollectedPartner]:
    """Return the partners as the list of events asks for them, by their ids."""
    return {
        partner.timing_partner_id: CollectedPartner(partner.timing_partner_id, partner.name, partner.refused)
        for partner in partners
    }


def age(since: datetime | None, at: datetime) -> timedelta | None:
    """Return how long ago an instant was; None for none, 0 for one that other clocks put ahead of ours."""
    return None if since is None else max(timedelta(0), at - since)
