"""PostgreSQL is killed at random instants of a race: a session of the daemon's, or the whole server."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from database.embedded import EmbeddedPostgres
from tests.integration.embedded.processes import postmaster
from tests.soak.scene import Scene
from tests.soak.stage import Stage
from tests.soak.trial import Trial

_ENOUGH, _A_FEW = 10, 2
# Real seconds from one kill to the next.
_LIFE = (0.5, 4.0)
_SESSIONS = "SELECT pid FROM pg_stat_activity WHERE usename = 'chronotrack_live' ORDER BY pid"
# A private server does not wait for its disk, and may lose its last moments when it is killed.
_DURABLE = "ALTER ROLE chronotrack_live SET synchronous_commit = on"


def trials(stage: Stage) -> Iterator[Trial]:
    """Kill sessions, each of which takes all others with it, and the server, which is then started again."""
    with _server_of_its_own() as (state, server):

        def kill_server(_: Scene) -> bool:
            os.kill(postmaster(state), signal.SIGKILL)
            server.start()
            return True

        def kill_session_or_server(scene: Scene) -> bool:
            return scene.dice.choice((_kill_session, kill_server))(scene)

        if stage.is_short:
            fault = "PostgreSQL or a session of it is killed (SIGKILL)"
            yield _trial(stage, fault, server, kill_session_or_server)
            return
        yield _trial(stage, "a session of PostgreSQL is killed (SIGKILL)", server, _kill_session)
        yield _trial(stage, "PostgreSQL is killed (SIGKILL) and started again", server, kill_server)


def _trial(stage: Stage, fault: str, server: EmbeddedPostgres, kill: Callable[[Scene], bool]) -> Trial:
    with stage.scene(fault, server) as scene:
        scene.query(_DURABLE)
        api = scene.simulate()
        scene.add_partners(api)
        daemon = scene.start_daemon()
        kills, enough = 0, _A_FEW if stage.is_short else _ENOUGH
        while daemon.poll() is None and (kills < enough or not api.is_over()):
            time.sleep(scene.dice.uniform(*_LIFE))
            kills += kill(scene)
        scene.settle(daemon, api)
        return scene.trial(fault, kills, enough)


def _kill_session(scene: Scene) -> bool:
    """Kill one of the daemon's sessions; return whether it had any."""
    sessions = scene.query(_SESSIONS)
    if sessions:
        os.kill(scene.dice.choice(sessions)["pid"], signal.SIGKILL)
    return bool(sessions)


@contextmanager
def _server_of_its_own() -> Iterator[tuple[Path, EmbeddedPostgres]]:
    """Start a private PostgreSQL that nobody else uses, under a path that is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="ct-soak-"))
    folder.chmod(0o711)
    try:
        with EmbeddedPostgres(folder / "state") as server:
            yield folder / "state", server
    finally:
        shutil.rmtree(folder, ignore_errors=True)
