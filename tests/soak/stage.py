"""Where scenarios are played: a database, an API, our processes, and what is promised of them.

A module of scenarios has a function `trials(stage: Stage) -> Iterator[Trial]`, which plays each of its faults
in a scene of its own:

    with stage.scene("what is broken") as scene:
        api = scene.simulate()               # a race that is run within seconds, behind a proxy
        scene.add_partners(api)              # and neighbours with the same ids, whom nobody may touch
        daemon = scene.start_daemon()
        ...                                  # break things, until `api.is_over()`, then mend them
        scene.settle(daemon, api)            # wait until the database equals the truth
        yield scene.trial("what is broken", struck, enough)

`scene.wrong` takes a sentence for whatever is not as promised; `scene.trial` adds what holds of every scene:
no row twice, none of somebody else touched or added, no budget exceeded, no secret told, no traceback, as
many strikes as there were to be. Where the API is not the simulator, `scene.lead_to(address)` puts the proxy
before it, `neighbours.move_in` adds neighbours, `scene.wait_until` and `scene.end(daemon)` take the place of
`settle`, and `scene.own` is to be set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from random import Random

import psycopg2
from psycopg2 import sql

from database import migrate
from database.connection import Database
from database.embedded import EmbeddedPostgres
from database.opening import create_database, drop_database
from tests.soak.scene import Scene


class Stage:
    """A PostgreSQL, a folder and a seed for any number of scenes, also side by side.

    Attributes:
        seed: decides what is drawn.
        is_short: whether a few strikes of each kind are enough.
    """

    def __init__(
        self, server: EmbeddedPostgres, template: str, folder: Path, seed: int, *, is_short: bool = False
    ) -> None:
        """Prepare it.

        Args:
            server: a PostgreSQL that runs.
            template: a database of it with the host's tables, the extension and the roles; see `migrated`.
            folder: where each scene has a folder of its own.
            seed: decides what is drawn.
            is_short: whether a few strikes of each kind are enough.
        """
        self.seed = seed
        self.is_short = is_short
        self._server = server
        self._template = template
        self._folder = folder
        self._numbers = count(1)

    def dice(self, *what: object) -> Random:
        """Return dice for something: the same ones for the same seed."""
        return Random(repr((self.seed, *what)))

    @contextmanager
    def scene(self, name: str, server: EmbeddedPostgres | None = None) -> Iterator[Scene]:
        """Open a scene with a fresh database and an empty folder, which is kept when something was wrong.

        Args:
            name: what its dice are for.
            server: another PostgreSQL than the stage's.
        """
        database = f"soak_{os.getpid()}_{next(self._numbers)}"
        folder = self._folder / database
        folder.mkdir(parents=True)
        try:
            if server is None:
                server = self._server
                _copy(server, self._template, database)
            else:
                migrated(server, database)
            with Scene(server.dsn(database), folder, self.dice(name), is_short=self.is_short) as scene:
                yield scene
            if not scene.wrong:
                shutil.rmtree(folder)
        finally:
            drop_database((server or self._server).dsn("postgres"), database)


def migrated(server: EmbeddedPostgres, database: str) -> None:
    """Make a database with the host's tables, the extension and the roles."""
    create_database(server.dsn("postgres"), database)
    with closing(Database(server.dsn(database))) as owners:
        for script in (migrate.BASE_SCHEMA, migrate.EXTENSION, migrate.ROLES):
            migrate.apply(owners, script)


def _copy(server: EmbeddedPostgres, template: str, database: str) -> None:
    with closing(psycopg2.connect(server.dsn("postgres"))) as connection:
        connection.autocommit = True
        names = map(sql.Identifier, (database, template))
        connection.cursor().execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
