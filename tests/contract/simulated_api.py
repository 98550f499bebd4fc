"""The simulated ChronoTrack Live API in a thread of its own: up in a moment, whatever shape it is to have."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from typing import Any

from aiohttp import web

from providers.chronotrack_live.simulator.api import Api
from providers.chronotrack_live.simulator.build import build_world
from providers.chronotrack_live.simulator.faults import Faults
from providers.chronotrack_live.simulator.truth import ground_truth
from providers.chronotrack_live.simulator.variants import Variant
from providers.clock import Clock
from providers.records import Credentials

SEED = 2013
# Athletes are made once: only the shape in which they are served differs.
the_world = lru_cache(build_world)


class SimulatedApi:
    """A context manager: inside, the API answers at `base_url`.

    Args:
        race_start: the start of the marathon (aware).
        athletes: how many run it.
        variants: the switches that differ from the default, by name; see `variants.py` of the simulator.
        faults: what goes wrong, each as NAME or NAME=AMOUNT; see `faults.py` there.
        clock: the race time; the real clock by default.
        seed: makes ids, mishaps and delays.

    Attributes:
        asked: path and query of every request that was answered, in order.
    """

    def __init__(
        self,
        race_start: datetime,
        athletes: int = 60,
        variants: Mapping[str, str] | None = None,
        faults: Sequence[str] = (),
        *,
        clock: Clock | None = None,
        seed: int = SEED,
    ) -> None:
        self._variant = Variant.read(f"{name}={value}" for name, value in (variants or {}).items())
        with_tests = self._variant.test_results == "some"
        self._world = the_world(race_start, athletes, seed, with_test_results=with_tests)
        self._api = Api(self._world, clock or Clock(), self._variant, Faults.read(faults))
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def event_ids(self) -> dict[str, str]:
        """The ids of all events, of every account, by their names."""
        return {event.name: event.event_id for event in self._world.events}

    def truth(self, name: str = "Harbour City Marathon") -> dict[str, Any]:
        """Return what every athlete of an event ends up with."""
        event = next(event for event in self._world.events if event.name == name)
        return ground_truth(event, self._variant.time_step)

    def credentials(self, account: int = 0, **config: object) -> Credentials:
        """Return credentials for one of the accounts, with further settings of additional_config."""
        user = self._world.accounts[account]
        return demo_credentials(self.base_url, user.user, user.password, **config)

    def __enter__(self) -> SimulatedApi:
        self._is_up = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="simulated-api")
        self._served = self._thread.submit(asyncio.run, self._serve())
        self._served.add_done_callback(lambda _: self._is_up.set())
        self._is_up.wait()
        if self._served.done():
            self._served.result()
        return self

    def __exit__(self, *failure: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._served.result()
        self._thread.shutdown()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        application = self._api.application()
        application.on_response_prepare.append(self._note)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
        self._is_up.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _note(self, request: web.Request, _: web.StreamResponse) -> None:
        self.asked.append((request.path, dict(request.query)))


def demo_credentials(
    base_url: str, user: str = "demo@chronotrack.test", password: str = "demo-password", **config: object
) -> Credentials:
    """Return credentials for a simulated API, with further settings of additional_config."""
    return Credentials(
        credentials_id=1,
        timing_partner_id=7,
        partner_name="Harbour Timing",
        provider_id=1,
        data_source="chronotrack_live",
        principal=user,
        secret=password,
        additional_config={"base_url": base_url, **config},
    )
