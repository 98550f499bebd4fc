"""The disk with the state folder is full, again and again, while the daemon collects."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from providers.exit_codes import COULD_NOT_START
from tests.soak.scene import Scene
from tests.soak.stage import Stage
from tests.soak.trial import Trial

_ENOUGH, _A_FEW = 12, 2
_STARTS = 3
# Room for the accounts of two partners' requests, each with a log that SQLite lets grow to 4 MB.
_SIZE = "12m"
_PIECE = 4096
# Real seconds that the disk stays full after the daemon has met it: some collections are due meanwhile.
_FULL = (0.5, 3.0)
# So few requests in 60 seconds that whoever does not account for them exceeds the budget soon.
_LIMIT = 150
_SAYS = "The account of requests"
_LAST = "SELECT coalesce(max(sync_history_id), 0) AS id FROM sync_history"
_WELL = """
    SELECT sync_history_id FROM sync_history
    WHERE sync_history_id > %s AND sync_type = 'results' AND status = 'completed' LIMIT 1
"""


def trials(stage: Stage) -> Iterator[Trial]:
    """Fill it and make room again; without the right to mount a small disk, say that it was not tried."""
    yield from _while_it_collects(stage)
    if not stage.is_short:
        yield from _when_it_starts(stage)


def _while_it_collects(stage: Stage) -> Iterator[Trial]:
    fault = "the disk with the state folder is full"
    with stage.scene(fault) as scene, _small_disk(scene.folder / "state") as disk:
        if disk is None:
            yield _not_tried(fault)
            return
        api = scene.simulate()
        scene.add_partners(api, rate_limit=_LIMIT)
        daemon = scene.start_daemon()
        filled, enough = 0, _A_FEW if stage.is_short else _ENOUGH
        while filled < enough or not api.is_over():
            if not _filled(scene, daemon, disk):
                break
            filled += 1
        scene.settle(daemon, api)
        yield scene.trial(fault, filled, enough)


def _when_it_starts(stage: Stage) -> Iterator[Trial]:
    fault = "the disk with the state folder is full when the daemon starts"
    with stage.scene(fault) as scene, _small_disk(scene.folder / "state") as disk:
        if disk is None:
            yield _not_tried(fault)
            return
        api = scene.simulate()
        scene.add_partners(api, rate_limit=_LIMIT)
        filler = disk / "filler"
        _fill(filler)
        for _ in range(_STARTS):
            # It says so and ends, since it can work for nobody; systemd starts it again, and again.
            daemon = scene.start_daemon()
            scene.wait_until(partial(_has_ended, daemon))
            if daemon.returncode != COULD_NOT_START:
                scene.wrong.append(f"the daemon ended with exit code {daemon.returncode}")
        filler.unlink()
        if scene.logs().count(_SAYS) < _STARTS:
            scene.wrong.append("the daemon did not say that it cannot account for its requests")
        scene.settle(scene.start_daemon(), api)
        yield scene.trial(fault, _STARTS, _STARTS)


def _not_tried(fault: str) -> Trial:
    return Trial(fault, 0, 0, (), 0.0, not_tried="only root may mount a small disk")


def _has_ended(daemon: subprocess.Popen[bytes]) -> bool:
    return daemon.poll() is not None


def _filled(scene: Scene, daemon: subprocess.Popen[bytes], disk: Path) -> bool:
    """Fill the disk once a collection went well, for a while; return whether the daemon lives."""
    goes_well = _next_collection(scene)
    if not scene.wait_until(lambda: _has_ended(daemon) or goes_well()):
        scene.wrong.append("no collection went well while there was room")
        return False
    said, goes_well = scene.logs().count(_SAYS), _next_collection(scene)
    filler = disk / "filler"
    _fill(filler)

    def is_met() -> bool:
        # A new account needs room at once; one that has its room already may go on in it.
        return scene.logs().count(_SAYS) > said or (said > 0 and goes_well())

    if not scene.wait_until(lambda: _has_ended(daemon) or is_met()):
        scene.wrong.append("the daemon neither collected nor said that it cannot account for its requests")
    scene.wait_until(partial(_has_ended, daemon), scene.dice.uniform(*_FULL))
    filler.unlink()
    return daemon.poll() is None


def _next_collection(scene: Scene) -> Callable[[], bool]:
    """Return what says whether one more collection went well since now."""
    [last] = scene.query(_LAST)
    return lambda: bool(scene.query(_WELL, last["id"]))


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(_PIECE))


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path | None]:
    """Mount a small disk in memory for the length of the block; None where that is not allowed."""
    folder.mkdir(mode=0o700)
    options = f"size={_SIZE},mode=0700"
    try:
        mount = ["mount", "-t", "tmpfs", "-o", options, "soak", str(folder)]
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError:
        done = None
    if done is None or done.returncode:
        yield None
        return
    try:
        yield folder
    finally:
        # Who still has a file open there is killed afterwards.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
