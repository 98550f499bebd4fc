"""The server: builds the world, or takes what answers in its place, and answers until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from typing import TYPE_CHECKING

from aiohttp import web

from .api import Api
from .archive import build_archive
from .build import build_world
from .weekend import build_weekend

if TYPE_CHECKING:
    from datetime import datetime

    from providers.clock import Clock

    from .archive import Archive
    from .faults import Faults
    from .variants import Variant
    from .weekend import Weekend


def serve(
    *,
    host: str,
    port: int,
    race_start: datetime,
    athletes: int | None,
    weekend: Weekend | None,
    archive: Archive | None,
    seed: int,
    clock: Clock,
    variant: Variant,
    faults: Faults,
) -> None:
    """Serve a simulated ChronoTrack Live API until SIGTERM or SIGINT, then return.

    Prints one line with the address as soon as requests are answered.

    Args:
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        race_start: the start of the marathon (aware).
        athletes: how many run the marathon; None is all 16,164.
        weekend: the many small events that are served in place of the marathon, from `race_start` on.
        archive: the many past events that are served in its place, up to four days before `race_start`.
        seed: makes ids, mishaps and delays.
        clock: tells the instant that requests are answered for.
        variant: the shape of the API.
        faults: what goes wrong.

    Raises:
        OSError: the port is taken.
        ValueError: see `build_world`.
    """
    # a few million objects that all stay: the garbage collector need not look for rubbish among them
    gc.disable()
    if weekend:
        world = build_weekend(race_start, weekend, seed)
    elif archive:
        world = build_archive(race_start, archive, seed)
    else:
        world = build_world(race_start, athletes, seed, with_test_results=variant.test_results == "some")
    api = Api(world, clock, variant, faults)
    gc.freeze()
    gc.enable()
    serve_application(api.application(), host, port)


def serve_application(application: web.Application, host: str, port: int) -> None:
    """Serve an application until SIGTERM or SIGINT, then return; prints and raises what `serve` does."""
    asyncio.run(_serve(application, host, port))


async def _serve(application: web.Application, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # no access log: the simple scheme puts a digest into the query
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0][1]
        sys.stdout.write(f"ChronoTrack Live simulator at http://127.0.0.1:{bound}/api\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()
