"""The way to the database breaks, in each way."""

from __future__ import annotations

from collections.abc import Iterator

from tests.soak.line import WAYS, Way
from tests.soak.proxy import DatabaseProxy
from tests.soak.stage import Stage
from tests.soak.trial import Trial

# The share of the exchanges that each way strikes when it strikes alone; a transaction has a dozen.
# Who waits in vain waits as long as a statement may take, and ten seconds more.
_SHARES = {Way.DELAY: 0.05, Way.RESET: 0.03, Way.TRUNCATE: 0.03, Way.THROTTLE: 0.1, Way.BLACKHOLE: 0.005}
_ENOUGH, _A_FEW = 25, 5
_LONGEST_DELAY = 1.0


def trials(stage: Stage) -> Iterator[Trial]:
    """Break each way alone, then all of them at once."""
    if not stage.is_short:
        for way, share in _SHARES.items():
            yield _trial(stage, f"exchanges with the database {way}", share, way)
    ways = [way for way in WAYS if way is not Way.BLACKHOLE] if stage.is_short else WAYS
    yield _trial(stage, f"exchanges with the database {', '.join(ways)}", 0.03, *ways)


def _trial(stage: Stage, fault: str, share: float, *ways: Way) -> Trial:
    enough = _A_FEW if stage.is_short else 4 if ways == (Way.BLACKHOLE,) else _ENOUGH
    with stage.scene(fault) as scene, DatabaseProxy(scene.daemon_dsn, scene.dice) as proxy:
        api = scene.simulate()
        scene.add_partners(api)
        proxy.strike(share, *ways, longest=_LONGEST_DELAY)
        daemon = scene.start_daemon(DATABASE_URL=proxy.dsn)
        scene.go_on(api, proxy.struck.total, enough)
        proxy.spare()
        scene.settle(daemon, api)
        return scene.trial(fault, proxy.struck.total(), enough)
