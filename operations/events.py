"""`chronotrack-live events`: what an operator asks about events, and his hand on them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import click

from database.event_controls import EventControls, Pause
from database.opening import opened_database
from database.state_folder import state_folder
from database.store import Store
from operations.event_collection import collect_now
from operations.event_duplicates import duplicates, not_duplicate
from operations.event_key import live_keys
from operations.event_list import EventStanding, as_json, as_table
from providers.accounts import SyncReport
from providers.clock import clock_of
from providers.exit_codes import SOMETHING_FAILED
from providers.records import LiveKey
from providers.registry import adapter_class
from providers.terminal import configure_logs, one_clear_line, say
from schedulers.once import in_words
from schedulers.partner import PROVIDER, followed_since
from schedulers.settings import SchedulerSettings

_events = click.argument("events", metavar="EVENT...", nargs=-1, required=True, callback=live_keys)


@click.group(name="events")
def command() -> None:
    """Show how events stand, and say what the integration is to do about them.

    EVENT is an event's key in ct_events, such as ctlive:7:91649: timing partner 7, and the API's own id.
    """


command.add_command(duplicates)
command.add_command(not_duplicate)


@contextmanager
def _opened_controls() -> Iterator[EventControls]:
    with one_clear_line(), opened_database(os.environ, say) as database:
        yield EventControls(database, adapter_class(PROVIDER).provider_name)


@command.command(name="list")
@click.option("--partner", type=int, help="Only this timing_partner_id.")
@click.option("--all", "everything", is_flag=True, help="Also those whose windows are over.")
@click.option("--json", "in_json", is_flag=True, help="As JSON, one object an event.")
def list_events(*, partner: int | None, everything: bool, in_json: bool) -> None:
    """List the events that are followed now: phase, last collection, next one, results so far."""
    with _opened_controls() as controls:
        now, windows = clock_of(os.environ).now(), SchedulerSettings.from_env(os.environ).windows
        partners = {collected.timing_partner_id: collected for collected in controls.partners()}
        known = controls.events(None if everything else followed_since(now, windows.max_collection))
    judged = [EventStanding.of(event, partners, now, windows) for event in known]
    standings = [
        standing
        for standing in judged
        if (everything or standing.is_followed) and partner in (None, standing.event.stored.timing_partner_id)
    ]
    if in_json:
        click.echo(as_json(standings, partners))
    elif standings:
        as_table(standings, now)
    else:
        click.echo("There is no such event." if everything else "No event is followed now; --all lists all.")


@command.command(name="collect")
@_events
@click.option("--participants", is_flag=True, help="Read the entry list as well.")
def collect(*, events: tuple[LiveKey, ...], participants: bool) -> None:
    """Collect the results of each EVENT now, whatever its windows say, paused or not.

    It is done in this process, beside a scheduler that runs, and out of the same request budget. Exit
    codes: 0 all well, 1 some did not go well or are another process's this very moment, 2 could not start.
    """
    configure_logs(verbose=False, quiet=True)
    with one_clear_line(), opened_database(os.environ, say) as database, closing(Store(database)) as store:
        chosen = EventControls(database, adapter_class(PROVIDER).provider_name).named(events)
        state, clock = state_folder(os.environ), clock_of(os.environ)
        went_well = [
            _tell(report) for report in collect_now(chosen, store, state, clock, participants=participants)
        ]
    if not all(went_well):
        sys.exit(SOMETHING_FAILED)


@command.command(name="pause")
@_events
def pause(*, events: tuple[LiveKey, ...]) -> None:
    """Let the due instants of each EVENT pass without work, until `events resume`.

    A collection that is under way ends as usual. Other events, and the partner's discoveries, go on.
    """
    with _opened_controls() as controls:
        before = controls.named(events)
        controls.pause(before, clock_of(os.environ).now())
        for was, event in zip(before, controls.named(events), strict=True):
            if event.pause is not None:
                already = "was paused already," if was.pause else "is paused"
                click.echo(f"{event.key} ({event.stored.name}) {already} {_said(event.pause)}.")


@command.command(name="resume")
@_events
def resume(*, events: tuple[LiveKey, ...]) -> None:
    """Let each EVENT that was paused go on, from its next due instant on."""
    with _opened_controls() as controls:
        now, windows = clock_of(os.environ).now(), SchedulerSettings.from_env(os.environ).windows
        partners = {collected.timing_partner_id: collected for collected in controls.partners()}
        before = controls.named(events)
        controls.resume(before, now)
    for event in before:
        what = f"{event.key} ({event.stored.name})"
        if event.pause is None:
            click.echo(f"{what} was not paused.")
            continue
        due = EventStanding.of(event, partners, now, windows).next_due
        to_come = "no collection is due any more" if due is None else f"next due {due:%Y-%m-%d %H:%M:%S} UTC"
        click.echo(f"{what} goes on, {to_come}; it was paused {_said(event.pause)}.")


def _said(pause: Pause) -> str:
    return f"since {pause.at:%Y-%m-%d %H:%M:%S} UTC by {pause.by}"


def _tell(report: SyncReport) -> bool:
    """Say how a collection went, on stderr when not well; return whether it went well."""
    went_well = report.error is None and not report.problems
    click.echo(in_words(report), err=not went_well)
    return went_well
