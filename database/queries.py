"""The named statements of queries.sql."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from psycopg2 import sql

_FILE = Path(__file__).with_name("queries.sql")
_STATEMENT = re.compile(
    r"^-- name: (?P<name>\w+)\n(?P<purpose>(?:-- [^\n]*\n)+)(?P<text>.*?);$", re.MULTILINE | re.DOTALL
)


@cache
def all_queries(file: Path = _FILE) -> dict[str, str]:
    """Return every statement of a file of named SQL by its name, without its closing semicolon."""
    text = file.read_text(encoding="utf-8")
    return {found["name"]: found["text"].strip() for found in _STATEMENT.finditer(text)}


def compose(name: str, file: Path = _FILE, **identifiers: sql.Composable) -> sql.Composed:
    """Return the statement `name` with its {identifier lists} filled in; its %(values)s stay bound.

    Raises:
        KeyError: the file has no statement of that name.
    """
    return sql.SQL(all_queries(file)[name]).format(**identifiers)
