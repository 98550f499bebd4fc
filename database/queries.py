"""The named statements of queries.sql, and the values that most of them are bound to."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from psycopg2 import sql

from providers.records import Credentials

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


def whose(credentials: Credentials) -> dict[str, object]:
    """Return what tells the rows of these credentials from all others, in the words of the queries."""
    return {
        "partner": credentials.timing_partner_id,
        "provider_id": credentials.provider_id,
        "data_source": credentials.data_source,
    }
