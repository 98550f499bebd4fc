"""A hub and an API to try the checks on, with nothing configured: a private PostgreSQL and the simulator."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

from psycopg2.extensions import make_dsn

from database import migrate
from database.connection import Database
from database.embedded import EmbeddedPostgres
from database.opening import create_database, drop_database
from database.settings import DatabaseSettings
from database.state_folder import state_folder
from operations.demo_hub import DemoHub
from providers.chronotrack_live.simulator.process import SimulatorError, SimulatorProcess
from providers.clock import Clock
from providers.errors import SettingsInvalid

# Small, and over: what is to be looked at is there.
_ATHLETES, _AGO = 100, timedelta(hours=24)


@contextmanager
def rehearsal(environ: Mapping[str, str], clock: Clock) -> Iterator[tuple[Database, Path]]:
    """Open a hub that is gone at the end, with two partners of a simulated API, as the daemon's role.

    Args:
        environ: where the state folder is, whose private PostgreSQL serves.
        clock: race time, which the simulator shares.

    Yields:
        The hub, and a state folder for budgets: those of real partners have nothing to do with it.

    Raises:
        SettingsInvalid: there is no PostgreSQL, or no simulator to be had.
    """
    # A proxy that the environment names is not for the simulator.
    os.environ["NO_PROXY"] = "127.0.0.1"
    source = DatabaseSettings.from_env(environ).postgres_source
    name = f"chronotrack_live_check_{os.getpid()}"
    start = (clock.now() - _AGO).replace(microsecond=0)
    with (
        EmbeddedPostgres(state_folder(environ), source) as server,
        tempfile.TemporaryDirectory() as scratch,
        ExitStack() as opened,
    ):
        create_database(server.dsn("postgres"), name)
        opened.callback(drop_database, server.dsn("postgres"), name)
        simulator = SimulatorProcess(race_start=start, athletes=_ATHLETES, clock=clock)
        try:
            opened.enter_context(simulator)
        except SimulatorError as error:
            # Its last words, as its traceback is not for a person.
            raise SettingsInvalid(
                f"The simulator does not come up: {str(error).splitlines()[-1]}. Is all that it needs "
                "installed? pip install 'project88-chronotrack-live[simulator]'"
            ) from error
        _fill(server.dsn(name), simulator)
        as_daemon = make_dsn(server.dsn(name), user="chronotrack_live")
        yield opened.enter_context(closing(Database(as_daemon))), Path(scratch)


def _fill(dsn: str, simulator: SimulatorProcess) -> None:
    """Make the tables, the roles and the partners."""
    with closing(Database(dsn)) as database:
        for script in (migrate.BASE_SCHEMA, migrate.EXTENSION, migrate.ROLES):
            migrate.apply(database, script)
        truths = {truth["event_name"]: truth for truth in map(simulator.ground_truth, simulator.event_ids())}
        DemoHub(database, truths).fill(simulator.base_url)
