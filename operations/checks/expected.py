"""What a hub has once the extension and the roles are applied: read from the scripts themselves.

So there is no second list that could say something else than they do.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from database.migrate import EXTENSION, ROLES

_COLUMN = re.compile(r"^    \(\d+, '(\w+)', '(\w+)', ", re.MULTILINE)
_TABLE = re.compile(r"^CREATE TABLE IF NOT EXISTS (\w+)", re.MULTILINE)
_VIEW = re.compile(r"^[ ']*CREATE OR REPLACE VIEW (\w+)", re.MULTILINE)
_INDEX = re.compile(r"^CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (\w+)", re.MULTILINE)
_FUNCTION = re.compile(r"^CREATE OR REPLACE FUNCTION (\w+)", re.MULTILINE)
# Of the daemon's role: table, privileges, and the columns where it is not to have all.
_GRANT = re.compile(r"\('chronotrack_live', '(\w+)', '([A-Z, ]+)',\s+(NULL|'[^)]*')\)")


@cache
def _text(script: Path) -> str:
    return script.read_text(encoding="utf-8")


def columns() -> list[dict[str, str]]:
    """Return the columns that the host's tables gain."""
    return [
        {"table_name": table, "column_name": column} for table, column in _COLUMN.findall(_text(EXTENSION))
    ]


def tables() -> list[str]:
    """Return the integration's own tables."""
    return _TABLE.findall(_text(EXTENSION))


def views() -> list[str]:
    """Return the views, the host's `unified_results` among them."""
    return _VIEW.findall(_text(EXTENSION))


def indexes() -> list[str]:
    """Return the indexes that have one name everywhere."""
    return _INDEX.findall(_text(EXTENSION))


def functions() -> list[str]:
    """Return the functions that stay, by their names."""
    return _FUNCTION.findall(_text(EXTENSION))


def privileges() -> list[dict[str, str | None]]:
    """Return what the daemon's role needs: a table or one of its columns, and one privilege, each."""
    needed: list[dict[str, str | None]] = []
    for table, listed, named in _GRANT.findall(_text(ROLES)):
        columns = "".join(re.findall(r"'([^']*)'", named)).split()
        needed += (
            {"table_name": table, "privilege": privilege, "column_name": column}
            for privilege in listed.split(", ")
            for column in columns or (None,)
        )
    return needed
