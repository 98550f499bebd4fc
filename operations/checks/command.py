"""`chronotrack-live check`: the seven checks of an installation.

`python3 test_chronotrack_live_integration.py` is the same by path.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from database.connection import Database
from database.opening import opened_database
from database.state_folder import state_folder
from database.store import Store
from operations.checks import report
from operations.checks.bench import AccountlessStore, Bench
from operations.checks.run import run_checks
from providers.clock import Clock, clock_of
from providers.errors import SettingsInvalid
from providers.exit_codes import SOMETHING_FAILED
from providers.report_file import ReportFile
from providers.terminal import configure_logs, one_clear_line, say


@click.command(name="check")
@click.option("--dry-run", is_flag=True, help="Write nothing into the database; each check is as real.")
@click.option(
    "--timing-partner-id",
    "only",
    type=int,
    multiple=True,
    help="Only this timing partner; may be repeated.  [default: all with credentials]",
)
@click.option(
    "--report",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what was found to this file, as JSON.",
)
@click.option(
    "--simulator", is_flag=True, help="Check against a private PostgreSQL and a simulated API instead."
)
@click.option(
    "--verbose", is_flag=True, help="Show what was measured; log every request, without what is secret in it."
)
def command(
    *, dry_run: bool, only: tuple[int, ...], file: Path | None, simulator: bool, verbose: bool
) -> None:
    """Check an installation: the database, the partners' access to the API, and what is built on them.

    Schema, credentials, authentication, API and rate limit, duplicate detection, scheduler, backfill. What a
    failed check keeps from being asked is not run. Without --dry-run the tests of credentials stand in
    sync_history; the requests count to the partners' budgets in any case.

    Exit codes: 0 all passed, 1 something failed, 2 could not start. A warning fails nothing.
    """
    configure_logs(verbose=verbose, quiet=True)
    with one_clear_line():
        report_file = None if file is None else ReportFile("--report", file)
        if report_file is not None:
            report_file.refuse_impossible()
        clock = clock_of(os.environ)
        began = clock.now()
        with _opened(clock, simulator=simulator) as (database, state):
            database.answers()
            with closing((AccountlessStore if dry_run else Store)(database)) as store:
                findings = run_checks(Bench(database, store, clock, state, os.environ, only))
        exit_code = SOMETHING_FAILED if any(found.failed for found in findings) else 0
        report.show(findings, dry_run=dry_run, verbose=verbose)
        if report_file is not None:
            run = report.Run(
                began=began, ended=clock.now(), dry_run=dry_run, simulator=simulator, exit_code=exit_code
            )
            try:
                report.write(report_file, findings, run)
            except SettingsInvalid as problem:
                say(f"chronotrack-live: {problem}")
                exit_code = SOMETHING_FAILED
        sys.exit(exit_code)


@contextmanager
def _opened(clock: Clock, *, simulator: bool) -> Iterator[tuple[Database, Path]]:
    """Open what is to be checked: the hub, and the state folder where its budgets are."""
    if simulator:
        # Only those who want one need the packages that it is made of.
        from operations.checks.rehearsal import rehearsal

        say("Checking a private PostgreSQL with a simulated API; what is configured is not touched.")
        with rehearsal(os.environ, clock) as rehearsed:
            yield rehearsed
        return
    with opened_database(os.environ, say) as database:
        yield database, state_folder(os.environ)
