"""Imports past events with their entries and results.

Run it by path (`python backfill/chronotrack_live_backfill.py`) or as `chronotrack-live backfill`.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Run by path: the repository's root is where the packages are, not this file's folder.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from providers.script import run

    run("backfill.chronotrack_live_backfill")

import os

import click

from backfill.plan import DEFAULT_SPAN, plan_import
from database.opening import opened_database
from database.state_folder import state_folder
from database.store import Store
from providers import sync
from providers.base_adapter import BaseProviderAdapter
from providers.clock import Clock, clock_of
from providers.errors import IntegrationError, SettingsInvalid
from providers.records import Credentials, SyncReport
from providers.registry import adapter_class, open_adapter
from providers.terminal import COULD_NOT_START, SOMETHING_FAILED, configure_logs, one_clear_line, say

PROVIDER = "chronotrack_live"


def import_history(
    adapter: BaseProviderAdapter, store: Store, clock: Clock, pause: float
) -> list[SyncReport]:
    """Import a partner's events of the last 365 days that were not imported yet, one after the other.

    Args:
        adapter: the partner's.
        store: where they go.
        clock: tells what is past.
        pause: seconds between two events.

    Returns:
        A report an event.

    Raises:
        IntegrationError: the events cannot be listed.
    """
    now = clock.now()
    until = now - sync.DISCOVERY_LOOKS_BACK
    offered = adapter.get_events(since=now - DEFAULT_SPAN, until=until)
    imported = store.imported_events(adapter.credentials)
    reports: list[SyncReport] = []
    for event in plan_import(offered.records, imported, now - DEFAULT_SPAN, until):
        if reports:
            clock.sleep(pause)
        report = sync.import_past_event(adapter, store, clock, event)
        counts = f"{report.seen} rows, {report.written} written"
        said = str(report.error) if report.error else "; ".join([counts, *report.problems])
        line = (
            f"{adapter.credentials.label}: {event.name} ({event.provider_event_id}) {report.status}: {said}"
        )
        click.echo(line, err=report.status == "failed")
        reports.append(report)
    if not reports:
        click.echo(f"{adapter.credentials.label}: nothing to import")
    return reports


@click.command(name="backfill")
@click.option("--yes", is_flag=True, help="Import without asking.")
@click.option(
    "--api-delay",
    type=click.FloatRange(min=0, max=3600),
    default=0.5,
    show_default=True,
    help="Seconds between two events.",
)
@click.option("--verbose", is_flag=True, help="Log every step and request, without what is secret in it.")
@click.option(
    "--record",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep what the APIs answer in this folder, for `chronotrack-live simulate --replay`.",
)
def command(*, yes: bool, api_delay: float, verbose: bool, record: Path | None) -> None:
    """Import the events of the last 365 days, with their entries and results."""
    configure_logs(verbose=verbose, quiet=True)
    if not yes:
        click.confirm("Import the events of the last 365 days into the database?", abort=True, err=True)
    with one_clear_line(), opened_database(os.environ, say) as database:
        clock = clock_of(os.environ)
        store = Store(database)
        found = store.credentials(adapter_class(PROVIDER).provider_name)
        try:
            outcomes = [
                _import_partner(credentials, store, clock, api_delay, record) for credentials in found
            ]
        finally:
            store.close()
        if all(reports is None for reports in outcomes):
            sys.exit(COULD_NOT_START)
        failed = any(reports is None or any(r.status == "failed" for r in reports) for reports in outcomes)
        sys.exit(SOMETHING_FAILED if failed else 0)


def _import_partner(
    credentials: Credentials, store: Store, clock: Clock, pause: float, record: Path | None
) -> list[SyncReport] | None:
    """Return the partner's reports, or None when it could not start."""
    try:
        adapter = open_adapter(PROVIDER, credentials, state_folder(os.environ), clock, record)
    except SettingsInvalid as problem:
        say(f"chronotrack-live: {problem}")
        return None
    try:
        return import_history(adapter, store, clock, pause)
    except IntegrationError as error:
        say(f"{credentials.label}: cannot list events: {error}")
        return None
    finally:
        adapter.close()
