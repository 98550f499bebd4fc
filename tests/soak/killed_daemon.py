"""The daemon is killed at random instants of a race, and started again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress

from providers.clock import Clock
from tests.soak.scene import Scene
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
        kills = 0
        while kills < (_A_FEW if stage.is_short else _ENOUGH) or not api.is_over():
            kills += _killed(scene, scene.start_daemon())
        scene.settle(scene.start_daemon(), api)
        yield scene.trial(fault, kills)
    if not stage.is_short:
        yield _with_a_small_budget(stage)


def _with_a_small_budget(stage: Stage) -> Trial:
    fault = f"the daemon is killed (SIGKILL), with {_LIMIT} requests in 60 seconds to spend"
    # On the real clock: a budget is to hold on it to the request.
    settings = {"CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS": "2"}
    with stage.scene(fault) as scene:
        api = scene.simulate()
        scene.add_partners(api, rate_limit=_LIMIT)
        kills = 0
        while kills < _ENOUGH or not api.is_over():
            kills += _killed(scene, scene.start_daemon(Clock(), **settings))
        scene.settle(scene.start_daemon(Clock(), **settings), api)
        if "budget.waited" not in scene.logs():
            scene.wrong.append("the budget was never spent, so it was not tried")
        return scene.trial(fault, kills)


def _killed(scene: Scene, daemon: subprocess.Popen[bytes]) -> bool:
    """Kill a daemon some time after its start; return whether it had lived until then."""
    with suppress(subprocess.TimeoutExpired):
        daemon.wait(scene.dice.uniform(*_LIFE))
        scene.wrong.append(f"the daemon had ended by itself, with exit code {daemon.returncode}")
        return False
    daemon.kill()
    daemon.wait()
    return True
