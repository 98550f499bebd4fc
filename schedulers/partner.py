"""What the scheduler does for one timing partner; pass and daemon both work through it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from providers import sync
from providers.accounts import DiscoveryAccount, SyncReport
from providers.base_adapter import BaseProviderAdapter
from providers.clock import Clock
from providers.errors import CredentialsRefused, SettingsInvalid
from providers.records import Credentials, StoredEvent
from providers.registry import adapter_class, open_adapter
from schedulers.windows import GRACE

PROVIDER = "chronotrack_live"


def followed_since(now: datetime, window: timedelta) -> datetime:
    """Return since when (aware) an event that is followed has a start, an end or a race."""
    return now - window - GRACE


class SchedulerStore(sync.Store, Protocol):
    """What the scheduler reads of a store, beyond what the pipeline writes."""

    def credentials(self, provider_name: str, partners: Sequence[int] | None = None) -> list[Credentials]:
        """Return the partners' credentials."""

    def live_events(self, credentials: Credentials, since: datetime) -> list[StoredEvent]:
        """Return the partner's live events from an instant on."""

    def claim_discovery(self, credentials: Credentials) -> AbstractContextManager[None]:
        """Hold the partner's discovery against every other process, or raise CollectedElsewhere."""

    def discovery_account(self, credentials: Credentials, since: datetime, now: datetime) -> DiscoveryAccount:
        """Return what is accounted for of the partner's discoveries since an instant (aware)."""

    def answers(self) -> None:
        """Return when the database answers, or raise DatabaseUnavailable."""

    def hangs(self) -> bool:
        """Return whether somebody has waited for the database so long that it may not answer any more."""

    def fold_history(self, before: datetime) -> int:
        """Fold the account before an instant of what found nothing new, or failed; return how many went."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the partners come from: see `open_partners`."""

    store: SchedulerStore
    state: Path
    clock: Clock
    only: Sequence[int] | None = None
    record: Path | None = None


class Partner:
    """One timing partner with working settings, and whether its credentials are refused at present."""

    def __init__(self, adapter: BaseProviderAdapter, store: SchedulerStore, clock: Clock) -> None:
        self.adapter = adapter
        # When (aware) its credentials were refused last, None while they are not.
        self.refused_since: datetime | None = None
        # Since when (aware) a discovery that is accounted for counts: one before it was made with other
        # credentials.
        self.counts_since = clock.now()
        self._watching = threading.Lock()
        self._store = store
        self._clock = clock

    @property
    def label(self) -> str:
        """Return the words by which a person knows the partner."""
        return self.adapter.credentials.label

    @property
    def timing_partner_id(self) -> int:
        """Return the partner's id."""
        return self.adapter.credentials.timing_partner_id

    @property
    def refused(self) -> bool:
        """Return whether the partner's credentials are refused at present."""
        return self.refused_since is not None

    def authenticate(self) -> SyncReport:
        """Test the credentials; a refusal is believed when it comes twice."""
        report = sync.authenticate(self.adapter, self._store, self._clock)
        if isinstance(report.error, CredentialsRefused) and not self.refused:
            report = sync.authenticate(self.adapter, self._store, self._clock)
        return self._watched(report)

    def discover(self) -> SyncReport:
        """Look for new and changed events."""
        return self._watched(sync.discover_events(self.adapter, self._store, self._clock))

    def discovery_claimed(self) -> AbstractContextManager[None]:
        """Hold the partner's discovery, with the test before it, against every other process.

        Raises:
            CollectedElsewhere: another one is at it.
            DatabaseUnavailable, SettingsInvalid: see `database.claims`.
        """
        return self._store.claim_discovery(self.adapter.credentials)

    def count_since(self, since: datetime) -> None:
        """Let what is accounted for of the partner's discoveries count from an instant (aware) on."""
        with self._watching:
            self.counts_since = since
            if self.refused_since:
                # One in the future was noted before the clock was set back.
                self.refused_since = min(self.refused_since, since)

    def discovery_account(self, longest: timedelta) -> DiscoveryAccount:
        """Return what counts of the partner's discoveries, by whomever, from so long ago on at most.

        A test by another process that went well since the credentials were refused lets the partner go on.
        """
        now = self._clock.now()
        since = max(self.counts_since, now - longest)
        account = self._store.discovery_account(self.adapter.credentials, since, now)
        with self._watching:
            if self.refused_since and account.accepted and account.accepted > self.refused_since:
                self._accepted()
        return account

    def events(self, window: timedelta) -> list[StoredEvent]:
        """Return the events whose windows are not over, or not for long: their last instant may be overdue.

        Args:
            window: how long a window is after the last start.
        """
        since = followed_since(self._clock.now(), window)
        return self._store.live_events(self.adapter.credentials, since)

    def sync_participants(
        self, event: StoredEvent, due: datetime, planned: datetime | None = None
    ) -> SyncReport:
        """Read an event's entry list; see `providers.sync`."""
        return self._watched(
            sync.sync_participants(self.adapter, self._store, self._clock, event, due, planned)
        )

    def collect(self, event: StoredEvent, due: datetime, planned: datetime | None = None) -> SyncReport:
        """Poll an event's results; see `providers.sync`."""
        return self._watched(
            sync.collect_results(self.adapter, self._store, self._clock, event, due, planned)
        )

    def _watched(self, report: SyncReport) -> SyncReport:
        """Stop the partner when it is refused, and let it go on when a later test goes well.

        Either is logged once, however many of its events meet the refusal.
        """
        with self._watching:
            if isinstance(report.error, CredentialsRefused):
                if not self.refused:
                    self.adapter.log.error("partner.refused", reason=str(report.error))
                self.refused_since = self._clock.now()
            elif self.refused and report.sync_type == "authentication" and report.error is None:
                self._accepted()
        return report

    def _accepted(self) -> None:
        self.adapter.log.info("partner.accepted_again")
        self.refused_since = None


def open_partner(
    credentials: Credentials, store: SchedulerStore, state: Path, clock: Clock, record: Path | None = None
) -> Partner:
    """Return the partner of these credentials; the arguments are as for `open_partners`.

    Raises:
        SettingsInvalid: they cannot work.
    """
    return Partner(open_adapter(PROVIDER, credentials, state, clock, record), store, clock)


def open_partners(
    store: SchedulerStore,
    state: Path,
    clock: Clock,
    only: Sequence[int] | None = None,
    record: Path | None = None,
) -> tuple[list[Partner], list[SettingsInvalid]]:
    """Return the partners that can work, and what is wrong with the credentials of the others.

    Args:
        store: where the credentials are.
        state: the state folder.
        clock: for windows and budgets.
        only: timing_partner_ids to restrict it to.
        record: the folder in which the APIs' answers are recorded.

    Raises:
        SettingsInvalid: none of them has credentials.
    """
    partners: list[Partner] = []
    problems: list[SettingsInvalid] = []
    for credentials in store.credentials(adapter_class(PROVIDER).provider_name, only):
        try:
            partners.append(open_partner(credentials, store, state, clock, record))
        except SettingsInvalid as problem:
            problems.append(problem)
    return partners, problems
