"""The way to the API breaks, in each way."""

from __future__ import annotations

from collections.abc import Iterator

from tests.soak.proxy import WAYS, Way
from tests.soak.stage import Stage
from tests.soak.trial import Trial

# The share of the requests that each way strikes when it strikes alone: who waits in vain waits for seconds.
_SHARES = {Way.DELAY: 0.3, Way.RESET: 0.3, Way.TRUNCATE: 0.3, Way.THROTTLE: 0.5, Way.BLACKHOLE: 0.15}
_ENOUGH, _A_FEW = 40, 10


def trials(stage: Stage) -> Iterator[Trial]:
    """Break each way alone, then all of them at once."""
    if not stage.is_short:
        for way, share in _SHARES.items():
            yield _trial(stage, f"requests to the API {way}", share, way)
    yield _trial(stage, f"requests to the API {', '.join(WAYS)}", 0.4, *WAYS)


def _trial(stage: Stage, fault: str, share: float, *ways: Way) -> Trial:
    with stage.scene(fault) as scene:
        api = scene.simulate()
        scene.add_partners(api)
        api.proxy.strike(share, *ways)
        daemon = scene.start_daemon()
        scene.go_on(api, api.proxy.struck.total, _A_FEW if stage.is_short else _ENOUGH)
        api.proxy.spare()
        scene.settle(daemon, api)
        return scene.trial(fault, api.proxy.struck.total())
