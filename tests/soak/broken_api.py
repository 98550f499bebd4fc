"""The way to the API breaks, in each way."""

from __future__ import annotations

from collections.abc import Iterator

from providers.clock import Clock
from tests.soak.line import WAYS, Way
from tests.soak.scene import IN_REAL_TIME
from tests.soak.stage import Stage
from tests.soak.trial import Trial

# The share of the requests that each way strikes when it strikes alone: who waits in vain waits for seconds.
_SHARES = {Way.DELAY: 0.3, Way.RESET: 0.3, Way.TRUNCATE: 0.3, Way.THROTTLE: 0.5, Way.BLACKHOLE: 0.15}
_ENOUGH, _A_FEW = 40, 10
# So few requests in 60 seconds that whoever does not count what is repeated exceeds them.
_LIMIT, _TIGHT_ENOUGH = 40, 15


def trials(stage: Stage) -> Iterator[Trial]:
    """Break each way alone, then all of them at once."""
    if not stage.is_short:
        for way, share in _SHARES.items():
            yield _trial(stage, f"requests to the API {way}", share, way)
    yield _trial(stage, f"requests to the API {', '.join(WAYS)}", 0.4, *WAYS)
    if not stage.is_short:
        yield _with_a_small_budget(stage)


def _trial(stage: Stage, fault: str, share: float, *ways: Way) -> Trial:
    with stage.scene(fault) as scene:
        api = scene.simulate()
        scene.add_partners(api)
        api.proxy.strike(share, *ways)
        daemon = scene.start_daemon()
        enough = _A_FEW if stage.is_short else _ENOUGH
        scene.go_on(api, api.proxy.struck.total, enough)
        api.proxy.spare()
        scene.settle(daemon, api)
        return scene.trial(fault, api.proxy.struck.total(), enough)


def _with_a_small_budget(stage: Stage) -> Trial:
    """Let requests be lost, each of which is repeated and counts again."""
    fault = f"requests to the API {Way.RESET}, with {_LIMIT} requests in 60 seconds to spend"
    with stage.scene(fault) as scene:
        api = scene.simulate()
        scene.add_partners(api, rate_limit=_LIMIT)
        api.proxy.strike(_SHARES[Way.RESET], Way.RESET)
        daemon = scene.start_daemon(Clock(), **IN_REAL_TIME)
        scene.go_on(api, api.proxy.struck.total, _TIGHT_ENOUGH)
        scene.demand_waits()
        api.proxy.spare()
        scene.settle(daemon, api)
        return scene.trial(fault, api.proxy.struck.total(), _TIGHT_ENOUGH)
