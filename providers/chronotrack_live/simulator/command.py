"""`chronotrack-live simulate`: runs the simulator by itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import fill
from typing import Any, TypeVar

import click
from click.core import ParameterSource
from dateutil.parser import isoparse

from providers.clock import Clock
from providers.errors import SettingsInvalid

from .archive import Archive
from .faults import IN_TURN, STANDING, Faults, faults_help
from .replay import Replay, find_recording
from .server import serve, serve_application
from .variants import Variant, variants_help
from .weekend import Weekend

T = TypeVar("T")


def _reading(read: Callable[[Any], T]) -> Callable[..., T]:
    """Make click read an option's text or texts, and refuse those that cannot be read."""

    def callback(_: click.Context, __: click.Parameter, texts: str | tuple[str, ...] | None) -> T:
        try:
            return read(texts)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return callback


def _table(title: str, lines: list[tuple[str, str]]) -> str:
    """Return a paragraph of the help that click does not fill anew."""
    indent = " " * 6
    told = (fill(says, 76, initial_indent=indent, subsequent_indent=indent) for _, says in lines)
    return "\n".join(
        ["\b", title, *(f"  {form}\n{says}" for (form, _), says in zip(lines, told, strict=True))]
    )


_EPILOG = "\n\n".join(
    (
        _table("Variants of the API, the default first:", variants_help()),
        _table(
            "Faults of lists, at the 1st, 3rd, 5th ... asking of a request, in turn:", faults_help(IN_TURN)
        ),
        _table("Faults that hold always:", faults_help(STANDING)),
    )
)


@click.command(name="simulate", epilog=_EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8088, show_default=True, help="0: a free one.")
@click.option(
    "--race-start",
    default="",
    help='Start of the marathon: ISO 8601 in UTC, or "now".  [default: 24 hours ago, all finished]',
)
@click.option("--athletes", type=click.IntRange(min=1), help="Athletes in the marathon.  [default: all]")
@click.option(
    "--weekend",
    metavar="PARTNERSxEVENTS",
    callback=_reading(Weekend.read),
    help="Serve so many small events to so many accounts from --race-start on, and no marathon (13x200).",
)
@click.option(
    "--archive",
    metavar="PARTNERSxEVENTS[xATHLETES]",
    callback=_reading(Archive.read),
    help="Serve so many past events of two years before --race-start to so many accounts (13x260).",
)
@click.option("--seed", type=int, default=2013, show_default=True, help="Another seed, another world.")
@click.option(
    "--variant",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_reading(Variant.read),
    help="Let the API have another shape; may be repeated.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[=AMOUNT]",
    callback=_reading(Faults.read),
    help="Let something go wrong; may be repeated.",
)
@click.option(
    "--replay",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Serve what --record kept in this folder, and build no world.",
)
def command(
    host: str,
    port: int,
    race_start: str,
    athletes: int | None,
    weekend: Weekend | None,
    archive: Archive | None,
    seed: int,
    variant: Variant,
    faults: Faults,
    replay: Path | None,
) -> None:
    r"""Serve a local ChronoTrack Live API, for rehearsals and tests.

    Its base URL is printed. The setting CHRONOTRACK_LIVE_CLOCK gives it a race time of its own. With --replay
    any credentials are right. Accounts:

    \b
      user           demo@chronotrack.test
      password       demo-password
      client id      demo0001
      client secret  b16d8d582d9c3681759c43c89ba74c498d92642c
    \b
      user           demo2@chronotrack.test
      password       demo-password-2
      client id      demo0002
      client secret  4171d89c993ee890417c848ce38c64aede45a83c
    """
    try:
        if replay:
            _refuse_a_world(click.get_current_context())
            serve_application(Replay(find_recording(replay)).application(), host, port)
            return
        if weekend and archive:
            raise click.UsageError("--weekend and --archive are two worlds: leave one of them out.")
        clock = Clock.parse(os.environ.get("CHRONOTRACK_LIVE_CLOCK", ""))
        serve(
            host=host,
            port=port,
            race_start=_start(race_start, clock.now()),
            athletes=athletes,
            weekend=weekend,
            archive=archive,
            seed=seed,
            clock=clock,
            variant=variant,
            faults=faults,
        )
    except (OSError, ValueError, OverflowError) as error:
        raise click.ClickException(str(error)) from error
    except SettingsInvalid as error:
        raise click.UsageError(str(error)) from error


def _refuse_a_world(context: click.Context) -> None:
    """Refuse the options that a replay has no use for."""
    useless = [
        option.opts[0]
        for option in context.command.params
        if option.name not in ("host", "port", "replay")
        and context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    ]
    if useless:
        raise click.UsageError(f"--replay builds no world: leave out {', '.join(useless)}.")


def _start(text: str, now: datetime) -> datetime:
    """Read the option --race-start."""
    if not text:
        return (now - timedelta(hours=24)).replace(microsecond=0)
    try:
        start = now.replace(microsecond=0) if text == "now" else isoparse(text)
    except ValueError as error:
        raise click.BadParameter(
            f'write "now" or ISO 8601, such as 2026-04-20T14:00, not {text!r}.', param_hint="--race-start"
        ) from error
    return start if start.tzinfo else start.replace(tzinfo=UTC)
