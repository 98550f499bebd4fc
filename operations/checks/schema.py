"""Check 1: the schema extension is there, whole and of this version, and the role that asks may use it."""

from __future__ import annotations

import uuid

from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from database import migrate
from database.connection import Database
from database.host_tables import to_json
from database.queries import compose
from operations.checks import expected
from operations.checks.bench import STATEMENTS, rolled_back
from operations.checks.verdict import Verdict, failed, passed
from providers.errors import DatabaseRefused

_APPLY = "Apply the extension, as the owner of the host's tables: chronotrack-live migrate --roles."
_GRANT = (
    "Let DATABASE_URL or the PG* variables name the role chronotrack_live, or let the owner of the host's "
    "tables grant anew: chronotrack-live migrate --roles."
)


def check_schema(database: Database) -> Verdict:
    """Compare the hub with what the extension adds, and let its views and functions answer.

    Raises:
        DatabaseRefused: a view or a function does not answer.
        SettingsInvalid: the role may not use one.
    """
    with database.transaction() as cursor:
        cursor.execute(compose("hub", STATEMENTS))
        [hub] = cursor.fetchall()
        lacking = _lacking(cursor)
    if lacking:
        # Said first: without them, what else there is to be asked cannot be.
        return failed(f"The role {hub['role']} lacks: {lacking}.", _GRANT)
    if pending := migrate.pending(database):
        return failed(f"Not applied yet: {', '.join(map(str, pending))}.", _APPLY)
    with database.transaction() as cursor:
        if missing := _missing(cursor):
            return failed(f"According to the ledger all is applied, but this is missing: {missing}.", _APPLY)
        cursor.execute(compose("lost_defaults", STATEMENTS))
        if lost := cursor.fetchall():
            return failed(
                "What TCP writes would not be known as its own any more: "
                f"{', '.join(row['part'] for row in lost)} has lost its default, or may be NULL.",
                f"As the owner of the tables, in psql: {' '.join(row['remedy'] for row in lost)}",
            )
        version = _version(cursor)
        asked = _views_answer(cursor)
        cursor.execute(compose("functions_answer", STATEMENTS))
        [functions] = cursor.fetchall()
    if not functions["right_ones"]:
        return failed("The functions that find duplicates do not answer as they should.", _APPLY)
    if not _shows_live_results(database):
        return failed(
            "unified_results is not the extension's view: it does not show live results as it should.",
            _APPLY,
        )
    return passed(
        f"version {version} in {hub['database']} (PostgreSQL {hub['server_version']}); the role "
        f"{hub['role']} may do all that is needed",
        **hub,
        version=version,
        columns=len(expected.columns()),
        views_asked=asked,
    )


def _version(cursor: RealDictCursor) -> int:
    """Return the version of the extension that the ledger has."""
    cursor.execute(compose("applied_migrations"))
    return {str(row["name"]): int(row["version"]) for row in cursor.fetchall()}[migrate.EXTENSION.stem]


def _missing(cursor: RealDictCursor) -> str:
    """Return the parts of the extension that are not there, '' when all are."""
    relations = [*expected.tables(), *expected.views(), *expected.indexes()]
    parts: list[str] = []
    for name, values in (
        ("missing_columns", {"columns": to_json(expected.columns())}),
        ("missing_relations", {"relations": relations}),
        ("missing_functions", {"functions": expected.functions()}),
    ):
        cursor.execute(compose(name, STATEMENTS), values)
        parts += (row["part"] for row in cursor.fetchall())
    return ", ".join(parts)


def _lacking(cursor: RealDictCursor) -> str:
    """Return the privileges that the role lacks, '' when it has all."""
    values = {"privileges": to_json(expected.privileges()), "functions": expected.functions()}
    cursor.execute(compose("lacking_privileges", STATEMENTS), values)
    return ", ".join(row["privilege"] for row in cursor.fetchall())


def _shows_live_results(database: Database) -> bool:
    """Let the view show a live result that is rolled back; whoever may not read it goes by its text."""
    with database.transaction() as cursor:
        cursor.execute(compose("view_of_results", STATEMENTS))
        [view] = cursor.fetchall()
    if not view["is_ours"] or not view["may_be_seen"]:
        return bool(view["is_ours"])
    event = {"event_id": f"check of unified_results {uuid.uuid4()}"}
    try:
        with rolled_back(database) as cursor:
            cursor.execute(compose("add_live_result", STATEMENTS), event)
            cursor.execute(compose("shows_live_result", STATEMENTS), event)
            [seen] = cursor.fetchall()
            return bool(seen["shown"])
    except DatabaseRefused:
        # The host wants more of a result than we know.
        return True


def _views_answer(cursor: RealDictCursor) -> list[str]:
    """Ask the views that this role may read; return their names."""
    cursor.execute(compose("readable_views", STATEMENTS), {"views": expected.views()})
    readable = [str(row["name"]) for row in cursor.fetchall()]
    for view in readable:
        cursor.execute(compose("view_answers", STATEMENTS, view=sql.Identifier(view)))
    return readable
