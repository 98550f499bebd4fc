"""The daemon: collects every partner's events on windows that follow the race.

Run it by path (`python schedulers/chronotrack_live_scheduler.py`) or as `chronotrack-live scheduler`.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Run by path: the repository's root is where the packages are, not this file's folder.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from providers.script import run

    run("schedulers.chronotrack_live_scheduler")

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta

import click

from database.opening import opened_database
from database.state_folder import state_folder
from database.store import Store
from providers.clock import Clock, clock_of
from providers.exit_codes import COULD_NOT_START
from providers.heap import share_one_heap
from providers.terminal import configure_logs, one_clear_line, say
from schedulers.observer import Observer, Observers
from schedulers.once import exit_code, run_pass
from schedulers.partner import Source, open_partners
from schedulers.settings import SchedulerSettings, metrics_address
from schedulers.settings_file import SettingsFile
from schedulers.systemd import Systemd

# Whom to tell of changes: URLs of apprise, with blanks between them.
NOTIFY = "CHRONOTRACK_LIVE_NOTIFY"


@contextmanager
def _observer(
    address: tuple[str, int] | None, urls: Sequence[str], state: Path, clock: Clock
) -> Iterator[Observer]:
    """Serve the metrics, and tell people of changes, for the length of the block, where that is asked for."""
    observers: list[Observer] = []
    with ExitStack() as opened:
        # Only those who want them need the packages that serve metrics and send messages.
        if address is not None:
            from schedulers.metrics_endpoint import served_metrics

            observers.append(opened.enter_context(served_metrics(*address)))
        if urls:
            from schedulers.notices.herald import told_changes

            observers.append(opened.enter_context(told_changes(urls, NOTIFY, state, clock)))
        yield Observers(observers)


@click.command(name="scheduler")
@click.option(
    "--once",
    is_flag=True,
    help="Do whatever is due now, then exit: 0 all well, 1 something failed, 2 could not start.",
)
@click.option(
    "--partner", "only", type=int, multiple=True, help="Only this timing_partner_id; may be repeated."
)
@click.option("--verbose", is_flag=True, help="Log every request, without what is secret in it.")
@click.option(
    "--record",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep what the APIs answer in this folder, for `chronotrack-live simulate --replay`.",
)
@click.option(
    "--settings",
    "file",
    type=click.Path(path_type=Path),
    help="Lines NAME=value that go before the environment; SIGHUP makes the daemon read them again.",
)
@click.option("--plan", is_flag=True, help="Say what will be collected when, and collect nothing.")
@click.option("--hours", type=click.IntRange(1, 8760), default=72, help="How far --plan looks ahead (72).")
def command(
    *,
    once: bool,
    only: tuple[int, ...],
    verbose: bool,
    record: Path | None,
    file: Path | None,
    plan: bool,
    hours: int,
) -> None:
    """Collect events, participants and results on windows that follow the race.

    It runs until SIGTERM or SIGINT: what is under way then has half a minute to end. Once an interval it
    reads the partners' credentials with their additional_config. SIGHUP makes it read them at once, and the
    intervals, phases and max_concurrent_events in the file of --settings; what else is in that file is read
    at its start only.
    """
    if once and plan:
        raise click.UsageError("--once does what is due now, --plan says what will be done: leave one out.")
    # A pass says on stdout what it did; its log is for looking for a fault.
    configure_logs(verbose=verbose, quiet=once)
    share_one_heap()
    with one_clear_line():
        settings_file = SettingsFile(file, os.environ)
        # libpq looks for its PG* variables there itself.
        os.environ.update(settings_file.read())
        settings, metrics = SchedulerSettings.from_env(os.environ), metrics_address(os.environ)
        clock = clock_of(os.environ)
        if once:
            for name in settings_file.unknown:
                say(f"chronotrack-live: {file} sets {name}, which means nothing: is it misspelt?")
        else:
            # A pass needs nothing of what plans and waits.
            from schedulers.daemon import Daemon, warn_of_unknown

            warn_of_unknown(settings_file)
        with opened_database(os.environ, say) as database:
            if plan:
                from schedulers.plan_table import show_plan

                show_plan(database, only, clock.now(), timedelta(hours=hours), settings)
                return
            with closing(Store(database)) as store:
                source = Source(store, state_folder(os.environ), clock, only or None, record)
                if once:
                    sys.exit(_pass(source, settings))
                urls = os.environ.get(NOTIFY, "").split()
                with _observer(metrics, urls, source.state, clock) as observer:
                    sys.exit(Daemon(source, settings_file, observer, Systemd.from_env(os.environ)).run())


def _pass(source: Source, settings: SchedulerSettings) -> int:
    """Do what is due now; return the exit code."""
    partners, problems = open_partners(source.store, source.state, source.clock, source.only, source.record)
    for problem in problems:
        say(f"chronotrack-live: {problem}")
    if not partners:
        return COULD_NOT_START
    try:
        return exit_code(run_pass(partners, source.clock, settings), problems)
    finally:
        for partner in partners:
            partner.adapter.close()
