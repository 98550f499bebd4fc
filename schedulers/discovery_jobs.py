"""What the daemon does for one partner: the tests of its credentials, and the discoveries of its events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from providers.accounts import SyncReport
from providers.clock import Clock
from providers.errors import CollectedElsewhere, IntegrationError
from schedulers.database_watch import DatabaseWatch
from schedulers.discovery import MISSED_AGAIN, next_discovery
from schedulers.event_jobs import LOOK_AGAIN
from schedulers.lanes import Job
from schedulers.partner import Partner
from schedulers.roster import Roster
from schedulers.windows import TRY_AGAIN


class Follow(Protocol):
    """Takes a partner's events as the hub keeps them now, and plans for them."""

    def __call__(self, partner: Partner, *, afresh: bool = False) -> None:
        """Plan for the events of which there is news; `afresh` plans for all of them."""


class DiscoveryJobs:
    """Makes the jobs of the partners on the roster. Each is done once, and then says what comes next.

    Attributes:
        every: the interval between the discoveries of a partner; it may be changed at any time.
    """

    def __init__(
        self,
        roster: Roster,
        clock: Clock,
        watch: DatabaseWatch,
        every: timedelta,
        told: Callable[[SyncReport, Partner], SyncReport],
        follow: Follow,
        is_lost: Callable[[IntegrationError], bool],
    ) -> None:
        """Make jobs for partners of a roster.

        Args:
            roster: the partners.
            clock: race time.
            watch: knows whether the database is lost.
            every: see above.
            told: is told of each report, and returns it.
            follow: plans for a partner's events.
            is_lost: looks after the database when it is for want of it that something failed; returns whether
                it is lost.
        """
        self.every = every
        self._roster = roster
        self._clock = clock
        self._watch = watch
        self._told = told
        self._follow = follow
        self._is_lost = is_lost

    def of(self, partner_id: int, at: datetime, *, afresh: bool = False) -> Job:
        """Return the job that makes the partner's next discovery if it is due then, by what counts for him.

        `afresh` plans all of his events afresh as well.
        """
        name = f"discovery {partner_id}"
        return Job(name, name, at, lambda: self._discover(partner_id, afresh=afresh))

    def _discover(self, partner_id: int, *, afresh: bool) -> Job | None:
        following = self._clock.now() + TRY_AGAIN
        with self._roster.at_work(partner_id) as partner:
            if partner is None:
                return None
            if self._watch.lost:
                # When it is back, all events are planned afresh anyway.
                return self.of(partner_id, following)
            afresh, not_begun = afresh or partner.refused, False
            try:
                with partner.discovery_claimed():
                    following = self._due(partner)
                    if following <= self._clock.now():
                        following = self._look_for_events(partner, afresh=afresh)
                    else:
                        self._follow(partner, afresh=afresh)
            except CollectedElsewhere:
                following = self._clock.now() + LOOK_AGAIN
                self._follow(partner, afresh=afresh)
            except IntegrationError as error:
                not_begun = True
                if not self._is_lost(error):
                    partner.adapter.log.warning("discovery.not_begun", reason=str(error))
            if partner not in self._roster:
                # His credentials have changed meanwhile.
                return self.of(partner_id, self._clock.now(), afresh=True)
        return self.of(partner_id, following, afresh=afresh and not_begun)

    def _due(self, partner: Partner) -> datetime:
        """Return when the partner's next discovery is due, by what all processes have done."""
        every = self.every
        return next_discovery(partner.discovery_account(max(every, TRY_AGAIN)), every, partner.refused_since)

    def _look_for_events(self, partner: Partner, *, afresh: bool) -> datetime:
        """Test the credentials and make a discovery; return when the next one is due."""
        tested = self._told(partner.authenticate(), partner)
        if partner.refused:
            return self._clock.now() + TRY_AGAIN
        # What is known already need not wait for a discovery, which may be slow.
        self._follow(partner, afresh=afresh)
        found = tested
        if tested.error is None:
            found = self._told(partner.discover(), partner)
            self._follow(partner)
        if found.error is None:
            every = self.every
            missed = found.statistics.get("complete") is False
            return found.started + (min(every, MISSED_AGAIN) if missed else every)
        return self._clock.now() + TRY_AGAIN
