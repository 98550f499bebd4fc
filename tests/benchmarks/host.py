"""The hub at production size: built once, and copied for every measurement."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from database import migrate
from database.embedded import EmbeddedPostgres
from database.opening import create_database, drop_database
from database.queries import compose

_FOLDER = Path(__file__).parent
STATEMENTS = _FOLDER / "statements.sql"
_PEOPLE = _FOLDER / "drawn_people.sql"
_HOST_ROWS = _FOLDER / "host_rows.sql"
_LIVE_ROWS = _FOLDER / "live_rows.sql"
_SHAPES = {"M": migrate.BASE_SCHEMA, "C": _FOLDER.parent / "integration" / "shape_c.sql"}
_UNFINISHED = "unfinished"
_MEASURED = "measured"

PARTNERS = 13
TCP_EVENTS = 12_900
LIVE_EVENTS = 600
OTHERS = 300_000  # rows of each other integration, and of their history


@dataclass(frozen=True, slots=True)
class Host:
    """A hub as the benchmark builds it.

    Attributes:
        shape: M or C, see project88_database.md.
        bare: without indexes on event_id.
        scale: the share of production's size; events keep their sizes, there are fewer of them.
    """

    shape: str
    bare: bool
    scale: float

    @property
    def kind(self) -> str:
        """Return the kind in a word for names: m_1, c_bare_0.01."""
        return f"{self.shape.lower()}{'_bare' if self.bare else ''}_{self.scale:g}"

    @property
    def database(self) -> str:
        """Return the name of the built database: another one when other statements build it."""
        texts = [file.read_text(encoding="utf-8") for file in (_PEOPLE, _HOST_ROWS, _SHAPES[self.shape])]
        made_by = "".join([*texts, str(self.sizes(TCP_EVENTS))])
        return f"host_{self.kind}_{hashlib.sha256(made_by.encode()).hexdigest()[:12]}"

    def sizes(self, events: int) -> Mapping[str, object]:
        """Return what the scripts are told, with so many events at production's size."""
        return {
            "partners": PARTNERS,
            "events": max(5, round(events * self.scale)),
            "others": round(OTHERS * self.scale),
            "bare": self.bare,
        }


def is_built(server: EmbeddedPostgres, host: Host) -> bool:
    """Return whether an earlier run has left the hub's database."""
    return host.database in _databases(server)


def build(server: EmbeddedPostgres, host: Host) -> None:
    """Build the hub's database; one of its kind that other statements have built goes."""
    admin = server.dsn("postgres")
    for name in _databases(server):
        if name == _UNFINISHED or name.rpartition("_")[0] == f"host_{host.kind}":
            drop_database(admin, name)
    create_database(admin, _UNFINISHED)
    with connected(server.dsn(_UNFINISHED)) as cursor:
        _run(cursor, _SHAPES[host.shape])
        cursor.execute(compose("tell", STATEMENTS), host.sizes(TCP_EVENTS))
        _run(cursor, _PEOPLE)
        _run(cursor, _HOST_ROWS)
    # Under its name only when it is whole: a run that is stopped leaves no half hub.
    names = {"database": sql.Identifier(_UNFINISHED), "whole": sql.Identifier(host.database)}
    with connected(admin) as cursor:
        cursor.execute(compose("rename_database", STATEMENTS, **names))


@contextmanager
def copied(server: EmbeddedPostgres, host: Host) -> Iterator[str]:
    """Lend the connection string of a copy of the built database; it is gone afterwards."""
    admin = server.dsn("postgres")
    names = {"copy": sql.Identifier(_MEASURED), "host": sql.Identifier(host.database)}
    drop_database(admin, _MEASURED)
    try:
        with connected(admin) as cursor:
            cursor.execute(compose("copy_database", STATEMENTS, **names))
            cursor.execute(compose("wait_for_the_disk", STATEMENTS, copy=names["copy"]))
        yield server.dsn(_MEASURED)
    finally:
        drop_database(admin, _MEASURED)


def add_live_rows(dsn: str, host: Host) -> None:
    """Add what the integration has brought in by now, and vacuum the tables as they would have been."""
    with connected(dsn) as cursor:
        cursor.execute(compose("tell", STATEMENTS), host.sizes(LIVE_EVENTS))
        _run(cursor, _PEOPLE)
        _run(cursor, _LIVE_ROWS)


@contextmanager
def connected(dsn: str) -> Iterator[RealDictCursor]:
    """Lend the cursor of a connection of one's own, each of whose statements commits."""
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            yield cursor


def rows(dsn: str, name: str) -> list[dict[str, Any]]:
    """Return what one of the benchmark's own statements answers."""
    with connected(dsn) as cursor:
        cursor.execute(compose(name, STATEMENTS))
        return [dict(row) for row in cursor.fetchall()]


def _run(cursor: RealDictCursor, script: Path) -> None:
    for statement in migrate.statements(script.read_text(encoding="utf-8")):
        cursor.execute(statement)


def _databases(server: EmbeddedPostgres) -> list[str]:
    return [row["datname"] for row in rows(server.dsn("postgres"), "databases")]
