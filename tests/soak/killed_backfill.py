"""The backfill is killed at random instants, and run again until it ends."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress

from providers.chronotrack_live.simulator.archive import Archive
from tests.soak.api import Expected, Race
from tests.soak.scene import PATIENCE, Scene
from tests.soak.stage import Stage
from tests.soak.trial import Trial

# Real seconds until a kill: after its start, or after it has brought in another event.
_LIFE = (0.0, 0.8)
# So many of the kills come at the beginning.
_EARLY = 0.3
_ENOUGH, _A_FEW = 20, 3
_ARGUMENTS = ("--days", "800", "--api-delay", "0.02", "--events", "2")
# What a backfill leaves out: the events that are locked away, and those that were never published.
_LEFT_OUT = ("Locked Away", "Unpublished")
_IMPORTED = "SELECT count(*) FROM sync_history WHERE sync_type = 'backfill' AND status = 'completed'"


def trials(stage: Stage) -> Iterator[Trial]:
    """Kill it again and again, then let it end."""
    fault = "the backfill is killed (SIGKILL)"
    archive = Archive(3, 42) if stage.is_short else Archive(3, 210)
    with stage.scene(fault) as scene:
        api = scene.simulate_archive(archive)
        scene.add_partners(api)
        enough = _A_FEW if stage.is_short else _ENOUGH
        kills = sum(_is_killed(scene) for _ in range(enough))
        last = scene.start_backfill(*_ARGUMENTS)
        if last.wait(PATIENCE) != 0:
            scene.wrong.append(f"the last backfill ended with exit code {last.returncode}")
        scene.compare(_expected(api, archive))
        yield scene.trial(fault, kills, enough)


def _is_killed(scene: Scene) -> bool:
    """Start a backfill and kill it; return whether it had not ended before."""
    before = scene.query(_IMPORTED)
    backfill = scene.start_backfill(*_ARGUMENTS)
    if scene.dice.random() >= _EARLY:
        scene.wait_until(lambda: backfill.poll() is not None or scene.query(_IMPORTED) != before)
    with suppress(subprocess.TimeoutExpired):
        backfill.wait(scene.dice.uniform(*_LIFE))
        if backfill.returncode:
            scene.wrong.append(f"the backfill ended by itself, with exit code {backfill.returncode}")
        return False
    backfill.kill()
    backfill.wait()
    return True


def _expected(api: Race, archive: Archive) -> Expected:
    """Return what is to be there: the accounts see the events in turn."""
    return [
        (number % archive.partners + 1, truth)
        for number, truth in enumerate(api.truths.values())
        if not truth["event_name"].startswith(_LEFT_OUT)
    ]
