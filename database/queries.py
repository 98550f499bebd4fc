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
def all_queries() -> dict[str, str]:
    """Return every statement's text by its name, without its closing semicolon."""
    text = _FILE.read_text(encoding="utf-8")
    return {found["name"]: found["text"].strip() for found in _STATEMENT.finditer(text)}


def query(name: str) -> str:
    """Return the text of the statement `name`.

    Raises:
        KeyError: queries.sql has no statement of that name.
    """
    return all_queries()[name]


def compose(name: str, **identifiers: sql.Composable) -> sql.Composed:
    """Return the statement `name` with its {identifier lists} filled in; its %(values)s stay bound."""
    return sql.SQL(query(name)).format(**identifiers)
