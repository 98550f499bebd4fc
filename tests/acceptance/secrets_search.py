"""Where a secret might have been told: folders, tables, errors."""

from __future__ import annotations

import gzip
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from tests.acceptance.secrets_marked import told

_TABLES = """
    SELECT format('%I.%I', nspname, relname) AS name
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'm') AND relpersistence <> 't'
        AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""
_CREDENTIALS = "public.partner_provider_credentials"
# Returns what of the secrets stands in a text.
Telling = Callable[[str | bytes], list[str]]
# The one place where the secrets belong.
_THEIR_PLACE = ["principal", "secret", "additional_config"]


def told_in_folder(folder: Path, told: Telling = told) -> list[str]:
    """Search names and contents of all files, also what is packed by gzip or kept by SQLite."""
    return [
        f"{path}: {form}"
        for path in sorted(folder.rglob("*"))
        for said in (str(path.relative_to(folder)), *_contents(path))
        for form in told(said)
    ]


def _contents(path: Path) -> Iterator[str | bytes]:
    if not path.is_file():
        return
    content = path.read_bytes()
    yield content
    if content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
    if content.startswith(b"SQLite format 3\0"):
        with closing(sqlite3.connect(path)) as kept:
            for (table,) in kept.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                for row in kept.execute(f'SELECT * FROM "{table}"'):
                    yield from map(str, row)


def told_in_tables(query: Callable[..., list[dict[str, object]]], told: Telling = told) -> list[str]:
    """Search every value of every table but the credentials themselves."""
    return [
        f"{table['name']}: {form}"
        for table in query(_TABLES)
        for row in query(
            f"SELECT to_jsonb(kept) - %s::text[] AS content FROM {table['name']} AS kept",
            _THEIR_PLACE if table["name"] == _CREDENTIALS else [],
        )
        for form in told("\n".join(_texts(row["content"])))
    ]


def _texts(value: object) -> Iterator[str]:
    """Return the texts of a JSON value, names of fields included."""
    if isinstance(value, dict):
        for name, held in value.items():
            yield name
            yield from _texts(held)
    elif isinstance(value, list):
        for held in value:
            yield from _texts(held)
    else:
        yield str(value)


def told_by_error(error: BaseException) -> list[str]:
    """Search an error and all that it drags along: what it says, holds and was caused by."""
    return [form for said in _words(error) for form in told(said)]


def _words(error: BaseException | None) -> Iterator[str]:
    if error is None:
        return
    yield f"{error} {error!r} {error.args!r} {vars(error)!r} {getattr(error, '__notes__', [])!r}"
    yield "".join(traceback.format_exception(error))
    # What errors of the standard library and of requests carry beside their words.
    yield " ".join(repr(getattr(error, name, None)) for name in ("doc", "object", "request", "response"))
    yield from _words(error.__cause__)
    yield from _words(error.__context__)
