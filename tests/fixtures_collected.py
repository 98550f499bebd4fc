"""A hub whose partner was just collected: made once, and copied for each test that begins with one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from database.connection import Database
from database.embedded import EmbeddedPostgres
from database.store import Store
from providers.chronotrack_live.simulator.process import SimulatorProcess
from providers.clock import Clock
from providers.records import Credentials
from schedulers.once import run_once
from schedulers.partner import open_partners
from schedulers.settings import SchedulerSettings
from tests.fixtures_database import as_daemon
from tests.fixtures_hub import new_partner


@pytest.fixture(scope="session")
def collected_hub(
    server: EmbeddedPostgres,
    template: str,
    admin: Callable[[str], None],
    simulator: SimulatorProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The name of a database after a pass of the scheduler over the simulated API's partner.

    Tests that ask for `collected` say that theirs is a copy of it: with a fixture `copied` that returns it.
    """
    name, clock = f"test_{os.getpid()}_collected", Clock()
    admin(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    with closing(Database(server.dsn(name))) as database:
        new_partner(database, "Harbour Timing", base_url=simulator.base_url)
    with closing(Database(as_daemon(server.dsn(name)))) as database, closing(Store(database)) as store:
        [partner], _ = open_partners(store, tmp_path_factory.mktemp("collected"), clock)
        with closing(partner.adapter):
            reports = run_once(partner, clock, SchedulerSettings.from_env({}))
    assert {report.status for report in reports} == {"completed"}
    yield name
    admin(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def collected(store: Store, query: Callable[..., object]) -> Credentials:
    """The partner of the copy, of whose events it is accounted for that they were collected a moment ago."""
    query(
        "UPDATE sync_history SET sync_time = sync_time + (now() AT TIME ZONE 'UTC' - latest)"
        " FROM (SELECT max(sync_time) AS latest FROM sync_history) AS pass"
    )
    [partner] = store.credentials("ChronoTrack Live")
    return partner
