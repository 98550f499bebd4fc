"""One pass: whatever is due now for every partner, and then no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import click

from providers.accounts import SyncReport
from providers.clock import Clock
from providers.errors import SettingsInvalid
from providers.exit_codes import COULD_NOT_START, SOMETHING_FAILED
from providers.records import StoredEvent
from schedulers.partner import Partner
from schedulers.settings import SchedulerSettings
from schedulers.windows import next_due, next_participant_sync


def run_once(partner: Partner, clock: Clock, settings: SchedulerSettings) -> list[SyncReport]:
    """Test the credentials, look for events, and read the entry lists and results that are due.

    Returns:
        A report of every operation, the test of the credentials first; it alone when that failed.
    """
    tested = partner.authenticate()
    if tested.error is not None:
        return [tested]
    reports = [tested, partner.discover()]
    at = clock.now()
    with ThreadPoolExecutor(settings.max_concurrent_events) as workers:
        for done in workers.map(
            lambda event: list(_what_is_due(partner, event, at, settings)),
            partner.events(settings.windows.max_collection),
        ):
            reports += done
    return reports


def _what_is_due(
    partner: Partner, event: StoredEvent, at: datetime, settings: SchedulerSettings
) -> Iterator[SyncReport]:
    due = next_participant_sync(event, event.last_participant_sync, at, settings.windows)
    if due is not None and due <= at:
        yield partner.sync_participants(event, due)
    due = next_due(event, at, settings.windows)
    if due is not None and due <= at:
        yield partner.collect(event, due)


def run_pass(partners: Sequence[Partner], clock: Clock, settings: SchedulerSettings) -> list[SyncReport]:
    """Do what is due now, all partners side by side.

    Says what was done on stdout, and what failed on stderr; returns both.
    """
    with ThreadPoolExecutor(len(partners)) as workers:
        passes = list(workers.map(lambda partner: run_once(partner, clock, settings), partners))
    for partner, reports in zip(partners, passes, strict=True):
        for report in reports:
            said = f"{partner.label}: {in_words(report)}"
            click.echo(said, err=report.status == "failed")
    return [report for reports in passes for report in reports]


def in_words(report: SyncReport) -> str:
    """Return what an operation did, in a line for a person."""
    what = f"{report.sync_type} of {report.event_id}" if report.event_id else report.sync_type
    counts = f"{report.seen} seen, {report.written} written, {report.rejected} set aside"
    said = "; ".join([counts, *report.problems]) if report.error is None else str(report.error)
    return f"{what} {report.status}: {said}"


def exit_code(reports: Sequence[SyncReport], problems: Sequence[SettingsInvalid]) -> int:
    """Return 0 when all went well, 2 when no partner could start, 1 for anything in between."""
    tested = [report for report in reports if report.sync_type == "authentication"]
    if all(report.error is not None for report in tested):
        return COULD_NOT_START
    failed = bool(problems) or any(report.status == "failed" or report.problems for report in reports)
    return SOMETHING_FAILED if failed else 0
