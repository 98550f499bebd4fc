"""Imports past events with their entries and results.

Run it by path (`python backfill/chronotrack_live_backfill.py`) or as `chronotrack-live backfill`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

if __name__ == "__main__":
    # Run by path: the repository's root is where the packages are, not this file's folder.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    # Whoever changes his mind before anything has begun is not answered by a traceback.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    from providers.script import run

    run("backfill.chronotrack_live_backfill")

from contextlib import ExitStack, closing
from datetime import datetime

import click

from backfill import summary, values
from backfill.board import Board, is_moving
from backfill.options import API_DELAY, BATCH_SIZE, EVENTS, PARTNERS, SHARE, Options, scope_of
from backfill.outage import Outage
from backfill.outcome import End, Result, Trouble
from backfill.partner import BackfillStore, PastPartner
from backfill.plan import Scope
from backfill.run import Run
from database.opening import opened_database
from database.state_folder import state_folder
from database.store import Store
from providers.clock import Clock, clock_of
from providers.errors import SettingsInvalid
from providers.exit_codes import COULD_NOT_START, INTERRUPTED, SOMETHING_FAILED
from providers.heap import share_one_heap
from providers.registry import adapter_class, open_adapter
from providers.report_file import ReportFile
from providers.room import Room
from providers.terminal import configure_logs, one_clear_line, printable, say

PROVIDER = "chronotrack_live"


@click.command(name="backfill")
@click.option("--dry-run", is_flag=True, help="Say for each event what a run would do, and write nothing.")
@click.option(
    "--limit-events", type=click.IntRange(min=1), help="Import no more events; the next run goes on."
)
@click.option(
    "--timing-partner-id",
    "only",
    type=click.IntRange(1, 2_147_483_647),
    multiple=True,
    help="Only this timing partner; may be repeated.  [default: all with credentials]",
)
@click.option(
    "--event",
    "event_ids",
    callback=values.api_ids,
    multiple=True,
    help="Only the event of this API id; may be repeated.",
)
@click.option(
    "--days", type=click.IntRange(1, 36_500), help="Events of the last so many days.  [default: 365]"
)
@click.option(
    "--since", callback=values.instant, help="Events that start at this instant or later, in UTC: 2025-04-20."
)
@click.option("--until", callback=values.instant, help="Events that start before this instant.")
@click.option("--force", is_flag=True, help="Import again what is imported already.")
@click.option(
    "--partners",
    type=click.IntRange(1, 50),
    default=PARTNERS,
    show_default=True,
    help="So many partners side by side.",
)
@click.option(
    "--events",
    type=click.IntRange(1, 50),
    default=EVENTS,
    show_default=True,
    help="So many events of a partner side by side.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 100_000),
    default=BATCH_SIZE,
    show_default=True,
    help="Rows that go to the database at once.",
)
@click.option(
    "--api-delay",
    type=click.FloatRange(0, 3600),
    callback=values.finite,
    default=API_DELAY,
    show_default=True,
    help="Seconds between two requests for the same event.",
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    callback=values.finite,
    default=SHARE,
    show_default=True,
    help="Part of a partner's requests and connections to use while one of its races is under way.",
)
@click.option(
    "--json",
    "report",
    metavar="FILE",
    callback=values.named,
    help="Write a report to this file at the end.",
)
@click.option(
    "--record",
    metavar="DIRECTORY",
    callback=values.named,
    help="Keep what the APIs answer in this folder, for `chronotrack-live simulate --replay`.",
)
@click.option("--verbose", is_flag=True, help="Log every step and request, without what is secret in it.")
@click.option(
    "--yes",
    is_flag=True,
    help="Do not ask. A run with --dry-run, --limit-events or --event does not ask at any rate.",
)
def command(
    *,
    dry_run: bool,
    limit_events: int | None,
    only: tuple[int, ...],
    event_ids: tuple[str, ...],
    days: int | None,
    since: datetime | None,
    until: datetime | None,
    force: bool,
    partners: int,
    events: int,
    batch_size: int,
    api_delay: float,
    share: float,
    report: Path | None,
    record: Path | None,
    verbose: bool,
    yes: bool,
) -> None:
    """Import past events with their entries and results, by default those of the last 365 days.

    An event that TCP has delivered is left out, and so is one that is imported already: the next run goes on
    where one was ended, in whatever way. One that is paused is left out unless --event names it, or with
    --force. The events of the last 72 hours are the scheduler's.

    Ctrl-C lets nothing begin any more; what is under way is finished or left as it was. A second one ends at
    once. Exit codes: 0 all well, 1 some events failed or came in part (the next run asks for them again),
    2 could not start, 130 interrupted.
    """
    with one_clear_line():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        configure_logs(verbose=verbose, quiet=True)
        share_one_heap()
        options = Options(
            dry_run=dry_run,
            only=only or None,
            limit=limit_events,
            partners=partners,
            events=events,
            api_delay=api_delay,
            share=share,
            report=None if report is None else ReportFile("--json", report),
            record=record,
        )
        if options.report is not None:
            options.report.refuse_impossible()
        clock = clock_of(os.environ)
        scope = scope_of(clock.now(), days=days, since=since, until=until, event_ids=event_ids, again=force)
        if not (yes or dry_run or limit_events or event_ids):
            _ask(scope, options)
        with opened_database(os.environ, say) as database, closing(Store(database, batch_size)) as store:
            board = Board(moving=is_moving(verbose=verbose))
            sys.exit(_backfill(store, clock, scope, options, board))


def _ask(scope: Scope, options: Options) -> None:
    """Ask whether to go on; end the process when not.

    Raises:
        SettingsInvalid: nobody is there to answer.
    """
    since = f" from {scope.since:%Y-%m-%d} on" if scope.since else ""
    until = f" before {scope.until:%Y-%m-%d}" if scope.until < scope.scheduled_from else ""
    who = f" of timing partner {', '.join(map(str, options.only))}" if options.only else ""
    again = ", also those that are imported already," if scope.again else ""
    if not sys.stdin.isatty():
        raise SettingsInvalid(
            "Nobody can be asked here whether to import all events: add --yes, or begin with --dry-run or "
            "--limit-events 10."
        )
    try:
        if click.confirm(f"Import all events{who}{since}{until}{again} into the database?", err=True):
            return
    except click.Abort:
        sys.exit(INTERRUPTED)
    say("Nothing was imported.")
    sys.exit(COULD_NOT_START)


def _backfill(store: BackfillStore, clock: Clock, scope: Scope, options: Options, board: Board) -> int:
    """Run it; return the exit code."""
    began = clock.now()
    with ExitStack() as opened:
        partners, troubles = _open_partners(store, clock, options, board, opened)
        for trouble in troubles:
            say(printable(f"chronotrack-live: {trouble.said}"))
        run = Run(partners, scope, options, board, Outage(store.answers))
        _end_on_signals(run, board)
        with board:
            result = run.go()
    result.troubles[:0] = troubles
    if not troubles and all(partner.listed for partner in partners):
        result.troubles += _nowhere(scope, result)
    labels = {partner.timing_partner_id: partner.label for partner in partners}
    labels |= {trouble.partner: trouble.label for trouble in troubles if trouble.partner is not None}
    exit_code = _exit_code(result, started=any(partner.listed for partner in partners))
    if exit_code != COULD_NOT_START:
        board.close_with(summary.as_text(result, labels, dry_run=options.dry_run))
    if options.report is not None:
        about = summary.About(began, clock.now(), options.dry_run, exit_code)
        try:
            summary.write(options.report, result, labels, about)
        except SettingsInvalid as problem:
            say(f"chronotrack-live: {problem}")
            return exit_code or SOMETHING_FAILED
    return exit_code


def _open_partners(
    store: BackfillStore, clock: Clock, options: Options, board: Board, opened: ExitStack
) -> tuple[list[PastPartner], list[Trouble]]:
    """Return the partners that can work, which `opened` closes, and what is wrong with the others.

    Raises:
        SettingsInvalid: a partner that was named has no credentials, or the state folder cannot be used.
    """
    found = store.credentials(adapter_class(PROVIDER).provider_name, options.only)
    unknown = set(options.only or ()) - {credentials.timing_partner_id for credentials in found}
    if unknown:
        raise SettingsInvalid(
            f"Without credentials: timing partner {', '.join(map(str, sorted(unknown)))}. "
            "`chronotrack-live credentials list` shows who has some."
        )
    partners, troubles, room, state = [], [], Room(), state_folder(os.environ)
    for credentials in found:
        try:
            adapter = open_adapter(PROVIDER, credentials, state, clock, options.record)
        except SettingsInvalid as problem:
            troubles.append(Trouble.of(credentials, problem))
        else:
            opened.callback(adapter.close)
            partners.append(PastPartner(adapter, store, clock, options, room, board.say))
    return partners, troubles


def _end_on_signals(run: Run, board: Board) -> None:
    """Let the first SIGINT or SIGTERM interrupt the run, and a second one end the process at once."""
    came: list[int] = []

    def take(number: int, _frame: object) -> None:
        if came:
            board.restore()
            os._exit(INTERRUPTED)
        came.append(number)
        run.interrupt()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, take)


def _nowhere(scope: Scope, result: Result) -> list[Trouble]:
    """Return what there is to say of events that were asked for and that no partner has."""
    if result.interrupted or result.left:
        return []
    missing = (scope.event_ids or frozenset()) - {outcome.event_id for outcome in result.outcomes}
    return [
        Trouble(
            None,
            f"event {event_id}",
            "No partner's API lists it.",
            "not_found",
            "Name events by their API ids, 91649 for ctlive:7:91649.",
        )
        for event_id in sorted(missing)
    ]


def _exit_code(result: Result, *, started: bool) -> int:
    if result.interrupted:
        return INTERRUPTED
    if not started:
        return COULD_NOT_START
    failed = result.troubles or any(one.end in (End.FAILED, End.IN_PART) for one in result.outcomes)
    return SOMETHING_FAILED if failed else 0
