"""One operation for one partner while it runs: its account, its errors, its log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from structlog.contextvars import bound_contextvars

from providers import statistics
from providers.accounts import Stored, SyncReport
from providers.base_adapter import BaseProviderAdapter
from providers.clock import Clock, Interrupted
from providers.errors import (
    CollectedElsewhere,
    CredentialsRefused,
    DatabaseUnavailable,
    IntegrationError,
    SkipThis,
)
from providers.records import Credentials


class History(Protocol):
    """Where the account of an operation is kept that stored nothing."""

    def note(self, credentials: Credentials, report: SyncReport) -> None:
        """Keep it."""


@dataclass(slots=True)
class Operation:
    """One operation while it runs.

    Attributes:
        sync_type: see SyncReport.
        adapter: the partner's.
        history: keeps the account when nothing was stored; with what is stored, the store keeps it.
        clock: tells when it began.
        event_id: the hub's key of the event that it is about, None when about none.
        planned: when it was to begin, None when at no certain instant.
        started: when it began.
    """

    sync_type: str
    adapter: BaseProviderAdapter
    history: History
    clock: Clock
    event_id: str | None = None
    planned: datetime | None = None
    started: datetime = field(init=False)
    _began: float = field(init=False)
    _statistics: statistics.Statistics = field(init=False)

    def run(
        self, work: Callable[[Operation], SyncReport], claim: AbstractContextManager[None] | None = None
    ) -> SyncReport:
        """Do the work while `claim` is held; whatever goes wrong of ours becomes a report.

        Its account is kept, but for three: when the claim is refused, because whoever holds it gives one, and
        when it was lost on the way or the work was interrupted, because what was due is to be found due.
        """
        self.started, self._began = self.clock.now(), time.monotonic()
        # Whatever is logged on the way, by whomever, in whichever thread, names partner, operation and event.
        about = {"partner": self.adapter.credentials.timing_partner_id, "operation": self.sync_type}
        about |= {"event_id": self.event_id} if self.event_id else {}
        with bound_contextvars(**about), statistics.measured() as self._statistics:
            try:
                with ExitStack() as held:
                    try:
                        held.enter_context(claim or nullcontext())
                    except SkipThis as reason:
                        return self._passed_by(reason)
                    report = work(self)
            except Interrupted:
                return self._passed_by(None)
            except CollectedElsewhere as reason:
                report = self.report("skipped", error=reason)
            except SkipThis as reason:
                return self._noted(self.report("skipped", error=reason))
            except IntegrationError as error:
                return self._noted(self.report("failed", error=error))
            except Exception as fault:
                # A fault of ours in one event must not reach the others.
                self.adapter.log.exception(f"{self.sync_type}.broke")
                said = IntegrationError(
                    f"A fault of this software ({type(fault).__name__}): report it with the log of --verbose."
                )
                return self._noted(self.report("failed", error=said))
            self._tell(report)
            return report

    def stored(self, stored: Stored) -> SyncReport:
        """Return the report of an operation that stored something."""
        whole = (
            stored.complete is not False
            and not stored.rejected
            and not stored.notes.keys() & {"unsure", "repeated"}
        )
        counted = {self.sync_type: stored.seen} if self.sync_type in ("participants", "results") else {}
        return self.report(
            "completed" if whole else "partial",
            seen=stored.seen,
            written=stored.written,
            rejected=stored.rejected,
            notes={"complete": stored.complete, **counted, **stored.notes},
        )

    def report(
        self,
        status: str,
        *,
        error: IntegrationError | None = None,
        seen: int = 0,
        written: int = 0,
        rejected: int = 0,
        notes: Mapping[str, object] | None = None,
    ) -> SyncReport:
        """Return the report as of now."""
        return SyncReport(
            sync_type=self.sync_type,
            timing_partner_id=self.adapter.credentials.timing_partner_id,
            status=status,
            started=self.started,
            seconds=time.monotonic() - self._began,
            event_id=self.event_id,
            seen=seen,
            written=written,
            rejected=rejected,
            lateness=None if self.planned is None else (self.started - self.planned).total_seconds(),
            error=error,
            statistics={**self._statistics.as_dict(), **(notes or {})},
        )

    def _passed_by(self, reason: SkipThis | None) -> SyncReport:
        """Return the report of an operation that did nothing, so that nothing is to be accounted for."""
        said = str(reason) if reason else "This process is to end."
        self.adapter.log.debug(f"{self.sync_type}.passed_by", reason=said)
        return self.report("skipped", error=reason)

    def _noted(self, report: SyncReport) -> SyncReport:
        """Keep the account of an operation that stored nothing, and tell how it went."""
        try:
            self.history.note(self.adapter.credentials, report)
        except IntegrationError as lost:
            # Without its table, or a database at all, there is no history; the log has the report.
            database_is_away = isinstance(lost, DatabaseUnavailable) and isinstance(
                report.error, DatabaseUnavailable
            )
            self._tell(report, quietly=database_is_away)
            if not database_is_away:
                self.adapter.log.warning("history.lost", reason=str(lost))
        else:
            self._tell(report)
        return report

    def _tell(self, report: SyncReport, *, quietly: bool = False) -> None:
        log = self.adapter.log
        say = log.info if report.status != "failed" else log.warning
        if quietly or isinstance(report.error, CredentialsRefused):
            # Whoever stops the partner, or waits for the database, because of it says so, once.
            say = log.debug
        say(
            f"{self.sync_type}.{report.status}",
            seen=report.seen,
            written=report.written,
            rejected=report.rejected,
            seconds=round(report.seconds, 3),
            requests=report.statistics["requests"],
            category=report.error.category if report.error else None,
            reason=str(report.error) if report.error else None,
            problems=report.problems,
        )
