"""The daemon is killed at random instants of a race, and started again."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from providers.clock import Clock
from tests.soak.api import Race
from tests.soak.scene import IN_REAL_TIME, Scene
from tests.soak.stage import Stage
from tests.soak.trial import Trial

# Real seconds after its start: its beginning is met as well as many a collection.
_LIFE = (0.2, 6.0)
_ENOUGH, _A_FEW = 15, 3
# So few requests in 60 seconds that daemons which begin anew again and again have to wait.
_LIMIT = 40


def trials(stage: Stage) -> Iterator[Trial]:
    """Kill it while it collects, and while it waits for its budget."""
    fault = "the daemon is killed (SIGKILL)"
    with stage.scene(fault) as scene:
        api = scene.simulate()
        scene.add_partners(api)
        enough = _A_FEW if stage.is_short else _ENOUGH
        kills = _kills(scene, api, enough, scene.start_daemon)
        scene.settle(scene.start_daemon(), api)
        yield scene.trial(fault, kills, enough)
    if not stage.is_short:
        yield _with_a_small_budget(stage)


def _with_a_small_budget(stage: Stage) -> Trial:
    fault = f"the daemon is killed (SIGKILL), with {_LIMIT} requests in 60 seconds to spend"
    with stage.scene(fault) as scene:
        api = scene.simulate()
        scene.add_partners(api, rate_limit=_LIMIT)
        start = partial(scene.start_daemon, Clock(), **IN_REAL_TIME)
        kills = _kills(scene, api, _ENOUGH, start)
        daemon = start()
        scene.demand_waits()
        scene.settle(daemon, api)
        return scene.trial(fault, kills, _ENOUGH)


def _kills(scene: Scene, api: Race, enough: int, start: Callable[[], subprocess.Popen[bytes]]) -> int:
    """Start and kill daemons until there were enough and the race is over, or one ends by itself."""
    kills = 0
    while kills < enough or not api.is_over():
        if not _is_killed(scene, start()):
            break
        kills += 1
    return kills


def _is_killed(scene: Scene, daemon: subprocess.Popen[bytes]) -> bool:
    """Kill a daemon some time after its start; return whether it had lived until then."""
    with suppress(subprocess.TimeoutExpired):
        daemon.wait(scene.dice.uniform(*_LIFE))
        scene.wrong.append(f"the daemon had ended by itself, with exit code {daemon.returncode}")
        return False
    daemon.kill()
    daemon.wait()
    return True
