"""`chronotrack-live simulate`: runs the simulator by itself."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import click
from dateutil.parser import isoparse

from providers.clock import Clock

from .server import serve


@click.command(name="simulate")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8088, show_default=True, help="0: a free one.")
@click.option(
    "--race-start",
    default="",
    help='Start of the marathon: ISO 8601 in UTC, or "now".  [default: 24 hours ago, all finished]',
)
@click.option("--athletes", type=click.IntRange(min=1), help="Athletes in the marathon.  [default: all]")
@click.option("--seed", type=int, default=2013, show_default=True, help="Another seed, another world.")
def command(host: str, port: int, race_start: str, athletes: int | None, seed: int) -> None:
    """Serve a local ChronoTrack Live API, for rehearsals and tests.

    Its base URL is printed. Accounts: client id demo0001, user demo@chronotrack.test, password demo-password;
    and demo0002, demo2@chronotrack.test, demo-password-2. The setting CHRONOTRACK_LIVE_CLOCK gives it a race
    time of its own.
    """
    try:
        clock = Clock.parse(os.environ.get("CHRONOTRACK_LIVE_CLOCK", ""))
        serve(
            host=host,
            port=port,
            race_start=_start(race_start, clock.now()),
            athletes=athletes,
            seed=seed,
            clock=clock,
        )
    except (OSError, ValueError, OverflowError) as error:
        raise click.ClickException(str(error)) from error


def _start(text: str, now: datetime) -> datetime:
    """Read the option --race-start."""
    if not text:
        return (now - timedelta(hours=24)).replace(microsecond=0)
    start = now.replace(microsecond=0) if text == "now" else isoparse(text)
    return start if start.tzinfo else start.replace(tzinfo=UTC)
