"""`chronotrack-live monitor`: the health of the integration in one screen, or as a Nagios plugin."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.live import Live

from database.connection import Database
from database.opening import opened_database
from database.state_folder import state_folder
from operations.health import Health, State, judge
from operations.health_reading import read_health
from operations.monitor_report import as_json, line
from operations.monitor_screen import screen
from operations.tables import console
from operations.thresholds import Thresholds
from providers.clock import clock_of
from providers.errors import IntegrationError, SettingsInvalid
from providers.terminal import INTERRUPTED, configure_logs, say
from schedulers.settings import SchedulerSettings

_EVERY = 10.0


class _NotUnderstood(click.UsageError):
    """To Nagios, click's exit code 2 would be critical."""

    exit_code = State.UNKNOWN


class _Plugin(click.Command):
    """A command whose arguments, where they are not understood, leave everything unknown."""

    def make_context(self, *arguments: Any, **further: Any) -> click.Context:  # noqa: ANN401 - as click's
        try:
            return super().make_context(*arguments, **further)
        except click.UsageError as error:
            raise _NotUnderstood(error.format_message(), error.ctx) from error


@contextmanager
def _unknown_in_one_line() -> Iterator[None]:
    """End the process as unknown, in one line, for what keeps anything from being said."""
    try:
        yield
    except IntegrationError as error:
        click.echo(line(State.UNKNOWN, str(error)))
        sys.exit(State.UNKNOWN)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@click.command(name="monitor", cls=_Plugin)
@click.option("--json", "in_json", is_flag=True, help="All that is known, as a JSON object.")
@click.option(
    "--watch",
    type=click.FloatRange(min=1),
    is_flag=False,
    flag_value=_EVERY,
    metavar="[SECONDS]",
    help="Look again every so many seconds (10) until Ctrl-C.",
)
@click.option(
    "--partner", "only", type=int, multiple=True, help="Only this timing_partner_id; may be repeated."
)
def command(*, in_json: bool, watch: float | None, only: tuple[int, ...]) -> None:
    """Show the health of the integration: service, database, partners, live events, errors, rows.

    The exit code is a Nagios plugin's, and in a pipe so is the first line: 0 ok, 1 warning, 2 critical,
    3 unknown. From when on it warns is set in the environment: see the settings in the README. It only
    looks: the database role chronotrack_live_monitor is enough for it.
    """
    configure_logs(verbose=False, quiet=True)
    with _unknown_in_one_line(), opened_database(os.environ, say) as database:
        look = _look(database, only)
        if watch is not None:
            _watch(look, watch, in_json=in_json)
        health = look()
        _show(health, in_json=in_json)
    sys.exit(health.state)


def _show(health: Health, *, in_json: bool) -> None:
    if in_json:
        click.echo(as_json(health))
    else:
        console().print(screen(health))


def _watch(look: Callable[[], Health], seconds: float, *, in_json: bool) -> NoReturn:
    """Show how things are again and again: on a terminal in the same place, else below each other."""
    shown = console()
    if in_json or not shown.is_terminal:
        while True:
            _show(look(), in_json=in_json)
            sys.stdout.flush()
            time.sleep(seconds)
    with Live(console=shown, auto_refresh=False, screen=True) as live:
        while True:
            live.update(screen(look()), refresh=True)
            time.sleep(seconds)


def _look(database: Database, only: tuple[int, ...]) -> Callable[[], Health]:
    """Return what looks at everything once.

    Raises:
        SettingsInvalid: a threshold, or a setting of the windows, is impossible.
    """
    thresholds, settings = Thresholds.from_env(os.environ), SchedulerSettings.from_env(os.environ)
    clock, state = clock_of(os.environ), _readable_state()
    return lambda: judge(
        read_health(database, only, clock.now(), settings.windows, state), thresholds, settings
    )


def _readable_state() -> Path | None:
    """Return the state folder; None when it is somebody else's, whose budgets are then not known."""
    try:
        return state_folder(os.environ)
    except SettingsInvalid:
        return None
