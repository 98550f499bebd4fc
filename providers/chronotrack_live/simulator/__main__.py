"""Run the simulator by itself: python -m providers.chronotrack_live.simulator --port 8088."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC

import click
from dateutil.parser import isoparse

from providers.clock import Clock

from .server import serve


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=int, default=8088, show_default=True, help="Port; 0 takes a free one.")
@click.option("--race-start", default="", help="Start of the marathon, ISO 8601 in UTC.  [default: now]")
@click.option("--athletes", type=click.IntRange(min=1), help="Athletes in the marathon.  [default: all]")
@click.option("--seed", type=int, default=2013, show_default=True, help="Another seed, another world.")
@click.option("--parent", type=int, hidden=True, help="Stop when this process, our parent, is gone.")
def main(host: str, port: int, race_start: str, athletes: int | None, seed: int, parent: int | None) -> None:
    """Serve a local ChronoTrack Live API.

    The setting CHRONOTRACK_LIVE_CLOCK gives it a race time of its own.
    """
    if parent:
        threading.Thread(target=_stop_with, args=(parent,), daemon=True).start()
    try:
        clock = Clock.parse(os.environ.get("CHRONOTRACK_LIVE_CLOCK", ""))
        start = isoparse(race_start) if race_start else clock.now().replace(microsecond=0)
        start = start if start.tzinfo else start.replace(tzinfo=UTC)
        serve(host=host, port=port, race_start=start, athletes=athletes, seed=seed, clock=clock)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _stop_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
