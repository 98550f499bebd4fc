r"""Applies the SQL files, statement by statement, and says what is pending.

The files run under psql alike: they begin with `\set ON_ERROR_STOP on`, which this runner skips, as it
stops at the first error anyway, and `\gexec`, which runs what the statement before it returned. The
extension notes itself in the ledger `ct_live_migrations`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class, whatever its name

from database.connection import Database, driver_errors
from database.queries import compose
from providers.errors import SchemaNotReady

_FOLDER = Path(__file__).parent
BASE_SCHEMA = _FOLDER / "project88_base_schema.sql"
EXTENSION = _FOLDER / "chronotrack_live_schema_extension.sql"
ROLES = _FOLDER / "chronotrack_live_roles.sql"

_LEDGER_ENTRY = re.compile(
    r"INSERT INTO ct_live_migrations \(name, version, software_version\)\s+VALUES \('(\w+)', (\d+), '[^']+'\)"
)
_GEXEC = r"\gexec"
# What takes its time on a large table.
_INDEX = re.compile(r"^CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?(\w+)", re.MULTILINE)

# What a semicolon may stand in without ending a statement, and what is not SQL at all.
_PIECE = re.compile(
    r"""
      (?P<command> ^\\[^\n]* )                                    # psql's own
    | (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<quoted>
          (?<![\w$]) [eE]'(?: \\. | '' | [^'\\] )*'
        | '(?: '' | [^'] )*'
        | "(?: "" | [^"] )*"
        | (?<![\w$]) (?P<dollars> \$(?: [^\W\d]\w* )?\$ ) .*? (?P=dollars)
      )
    | (?P<end> ; )
    | (?P<word> [^\s;] )
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Pending:
    """A script that this database is to be given, and which version of it the ledger has (None: none)."""

    name: str
    version: int
    applied: int | None

    def __str__(self) -> str:
        there = "" if self.applied is None else f" (the database has version {self.applied})"
        return f"{self.name} version {self.version}{there}"


def statements(text: str) -> list[str]:
    r"""Split a script into its statements, leaving out the backslash commands, which are psql's own.

    Of these only `\gexec` stays, after the statement that it ends.
    A comment stays with the statement that follows it. Comments within comments and BEGIN ATOMIC bodies
    are not understood: our scripts have neither.
    """
    found: list[str] = []
    parts: list[str] = []
    says_something = False
    after = 0
    for piece in _PIECE.finditer(text):
        parts.append(text[after : piece.start()])
        after = piece.end()
        is_gexec = (piece["command"] or "").strip() == _GEXEC
        if piece.lastgroup == "end" or is_gexec:
            if says_something:
                found.append("".join(parts).strip())
                found += [_GEXEC] if is_gexec else []
            parts, says_something = [], False
        elif piece["command"] is None:
            parts.append(piece[0])
            says_something = says_something or piece["comment"] is None
    return [*found, "".join(parts).strip()] if says_something else found


def apply(
    database: Database,
    script: Path,
    provider_id: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Run one script to its end; a statement that fails ends it, and what ran before stays.

    Args:
        database: where to.
        script: one of the SQL files.
        provider_id: the id that ChronoTrack Live is to have in `providers`; None for the usual one.
        tell: is told of each index before it is built, which takes its time on a large table, and at the end
            of what the script warns of.

    No statement is ended because it takes long, and a server that has stopped to answer is waited for.

    Raises:
        DatabaseRefused, DatabaseUnavailable, SettingsInvalid: with PostgreSQL's own words.
    """
    connection = database.connect()
    try:
        connection.autocommit = True
        # Not a `SessionCursor`: an index of a large table may take hours, and nobody can tell from outside
        # whether the server is at it or gone. Whoever migrates sits before it, and may end it.
        with driver_errors(), connection.cursor() as cursor:
            if provider_id is not None:
                cursor.execute(compose("choose_provider_id"), {"provider_id": str(provider_id)})
            run(cursor, statements(script.read_text(encoding="utf-8")), tell)
        for warning in connection.notices:
            tell(warning.strip())
    finally:
        connection.close()


def run(cursor: Cursor, script: Sequence[str], tell: Callable[[str], None] = lambda _: None) -> None:
    """Run the statements of a script one by one; see `apply`."""
    for statement in script:
        returned = [made for (made,) in cursor.fetchall()] if statement == _GEXEC else [statement]
        for runnable in returned:
            if index := _INDEX.search(runnable):
                tell(f"index {index[1]}: built, where it is not there yet")
            cursor.execute(runnable)


def pending(database: Database) -> list[Pending]:
    """Return the scripts whose present version the ledger does not have."""
    try:
        with database.transaction() as cursor:
            cursor.execute(compose("applied_migrations"))
            applied = {row["name"]: row["version"] for row in cursor.fetchall()}
    except SchemaNotReady:
        applied = {}
    wanted = Pending(EXTENSION.stem, _version_of(EXTENSION), applied.get(EXTENSION.stem))
    return [wanted] if (wanted.applied or 0) < wanted.version else []


def _version_of(script: Path) -> int:
    found = _LEDGER_ENTRY.search(script.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{script.name} does not note itself in the ledger.")
    return int(found[2])
