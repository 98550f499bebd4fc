r"""Applies the SQL files, statement by statement, and says what is pending.

The files run under psql alike: they begin with `\set ON_ERROR_STOP on`, which this runner skips, as it
stops at the first error anyway. Each file notes itself in the ledger `ct_live_migrations`.
"""

from __future__ import annotations

import re
from pathlib import Path

from database.connection import Database, driver_errors
from database.queries import compose
from providers.errors import SchemaNotReady

_FOLDER = Path(__file__).parent
BASE_SCHEMA = _FOLDER / "project88_base_schema.sql"
EXTENSION = _FOLDER / "chronotrack_live_schema_extension.sql"

_LEDGER_ENTRY = re.compile(r"INSERT INTO ct_live_migrations \(name, version\)\s+VALUES \('(\w+)', (\d+)\)")

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


def statements(text: str) -> list[str]:
    """Split a script into its statements, leaving out the backslash commands, which are psql's own.

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
        if piece.lastgroup == "end":
            if says_something:
                found.append("".join(parts).strip())
            parts, says_something = [], False
        elif piece["command"] is None:
            parts.append(piece[0])
            says_something = says_something or piece["comment"] is None
    return [*found, "".join(parts).strip()] if says_something else found


def apply(database: Database, script: Path) -> None:
    """Run one script to its end; a statement that fails ends it, and what ran before stays.

    Raises:
        DatabaseRefused, DatabaseUnavailable, SettingsInvalid: with PostgreSQL's own words.
    """
    connection = database.connect()
    try:
        connection.autocommit = True
        with driver_errors(), connection.cursor() as cursor:
            for statement in statements(script.read_text(encoding="utf-8")):
                cursor.execute(statement)
    finally:
        connection.close()


def pending(database: Database) -> list[str]:
    """Return the names of the scripts whose present version the ledger does not have."""
    wanted = {EXTENSION.stem: _version_of(EXTENSION)}
    try:
        with database.transaction() as cursor:
            cursor.execute(compose("applied_migrations"))
            applied = {row["name"]: row["version"] for row in cursor.fetchall()}
    except SchemaNotReady:
        applied = {}
    return [name for name, version in wanted.items() if applied.get(name, 0) < version]


def _version_of(script: Path) -> int:
    found = _LEDGER_ENTRY.search(script.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{script.name} does not note itself in the ledger.")
    return int(found[2])
