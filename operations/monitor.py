"""`chronotrack-live monitor`: the health of the integration in one screen, or as a Nagios plugin."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource
from rich.live import Live

from database.connection import Database
from database.opening import is_there, opened_database
from database.state_folder import place, state_folder
from operations.finding import State
from operations.health import Health, judge
from operations.health_reading import read_health
from operations.monitor_report import as_json, line
from operations.monitor_screen import screen
from operations.notices import look_of
from operations.tables import console
from operations.thresholds import Thresholds
from providers.clock import clock_of
from providers.errors import IntegrationError, SettingsInvalid
from providers.exit_codes import INTERRUPTED
from providers.terminal import configure_logs, say
from schedulers.settings import SchedulerSettings

_EVERY = 10.0
# Whom to tell of changes: URLs of apprise, with blanks between them.
NOTIFY = "CHRONOTRACK_LIVE_MONITOR_NOTIFY"


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
        try:
            yield
        except IntegrationError as error:
            with _printing():
                click.echo(line(State.UNKNOWN, str(error)))
            sys.exit(State.UNKNOWN)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as fault:  # noqa: BLE001 - to Nagios, Python's own 1 would be a warning
        said = fault if isinstance(fault, _NotPrinted) else _in_words(fault)
        with suppress(OSError, AttributeError):
            say(f"chronotrack-live: {said}")
        sys.exit(State.UNKNOWN)


class _NotPrinted(Exception):
    """What was found could not be written to standard output."""


def _in_words(fault: Exception) -> str:
    """Return what is said of a fault of ours; not its own words, in which a secret may stand."""
    *_, place_of_it = traceback.extract_tb(fault.__traceback__)
    where = f"{Path(place_of_it.filename).name}, line {place_of_it.lineno}"
    return f"A fault of this software ({type(fault).__name__} in {where}): report it. Nothing is known."


@contextmanager
def _printing() -> Iterator[None]:
    """Write to standard output in the block.

    Raises:
        _NotPrinted: it cannot be written to.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        # What is still to be written would be tried again at the end of the process, and fail again.
        with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        raise _NotPrinted(f"Standard output cannot be written to ({error.strerror}).") from error


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
@click.option(
    "--notify",
    "urls",
    multiple=True,
    envvar=NOTIFY,
    metavar="URL",
    help=f"Tell this URL of apprise what has changed; may be repeated. {NOTIFY} keeps it out of `ps`.",
)
def command(*, in_json: bool, watch: float | None, only: tuple[int, ...], urls: tuple[str, ...]) -> None:
    """Show the health of the integration: service, database, partners, live events, errors, rows.

    The exit code is a Nagios plugin's, and in a pipe so is the first line: 0 ok, 1 warning, 2 critical,
    3 unknown. From when on it warns is set in the environment: see docs/settings.md. It only
    looks: the database role chronotrack_live_monitor is enough for it, and where no database is named
    it makes no private one.
    """
    with _unknown_in_one_line():
        configure_logs(verbose=False, quiet=True)
        if sys.stdout is None:
            raise _NotPrinted("Standard output is closed, so nothing could be said.")
        _refuse_to_make_anything()
        if only and click.get_current_context().get_parameter_source("urls") is ParameterSource.ENVIRONMENT:
            # Who looks at one partner would tell everybody again what the look at all has told.
            urls = ()
        tell = _telling(urls, only)
        with opened_database(os.environ, say) as database:
            look = _look(database, only)
            if watch is not None:
                _watch(look, tell, watch, in_json=in_json)
            health = look()
            _show(health, in_json=in_json)
            tell(health)
    sys.exit(health.state)


def _refuse_to_make_anything() -> None:
    """Raise SettingsInvalid where there is no database to look at: to look makes none."""
    if not is_there(os.environ):
        raise SettingsInvalid(
            "no database is named: set DATABASE_URL, or libpq's PG* variables, to the hub's database. "
            "The monitor only looks, and makes no private PostgreSQL."
        )


def _show(health: Health, *, in_json: bool) -> None:
    with _printing():
        click.echo(as_json(health) if in_json else _on_screen(health), nl=in_json)


def _on_screen(health: Health) -> str:
    shown = console()
    with shown.capture() as said:
        shown.print(screen(health))
    # In any line of a plugin's, what comes after a bar would be figures to Nagios.
    return said.get() if shown.is_terminal else said.get().replace("|", "/")


def _watch(
    look: Callable[[], Health], tell: Callable[[Health], None], seconds: float, *, in_json: bool
) -> NoReturn:
    """Show how things are again and again: on a terminal in the same place, else below each other."""
    shown = console()
    if in_json or not shown.is_terminal:
        while True:
            health = look()
            _show(health, in_json=in_json)
            tell(health)
            time.sleep(seconds)
    with Live(console=shown, auto_refresh=False, screen=True) as live:
        while True:
            health = look()
            live.update(screen(health), refresh=True)
            tell(health)
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


def _telling(urls: Sequence[str], only: Collection[int]) -> Callable[[Health], None]:
    """Return what tells people of changes in what a look has found.

    Raises:
        SettingsInvalid: they cannot be told, or what they were told cannot be kept.
    """
    if not urls:
        return lambda _: None
    # Only those who want it need the package that sends messages.
    from schedulers.notices.courier import open_recipients
    from schedulers.notices.ledger_file import LedgerFile
    from schedulers.notices.teller import Teller

    recipients = open_recipients(urls, f"--notify or {NOTIFY}")
    # Whoever looks at some partners alone, tells of them alone.
    name = "-".join(["monitor", *map(str, sorted(set(only)))])
    file = LedgerFile(state_folder(os.environ) / "notices" / f"{name}.json")
    teller = Teller(recipients, file, lambda problem: say(f"chronotrack-live: {problem}"))
    return lambda health: teller.tell(look_of(health))


def _readable_state() -> Path | None:
    """Return the state folder; None when there is none, or it is somebody else's: nothing is known of it."""
    try:
        return state_folder(os.environ) if place(os.environ).is_dir() else None
    except (SettingsInvalid, OSError):
        return None
