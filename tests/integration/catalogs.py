"""The schema extension applied, and the catalog of a database as PostgreSQL tells it."""

from __future__ import annotations

from datetime import datetime

from database import migrate
from database.connection import Database

START = datetime(2025, 6, 1, 7)  # noqa: DTZ001 - as the host keeps it

CATALOG = """
SELECT line FROM (
    SELECT format('column %s %s %s %s null=%s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  coalesce(pg_get_expr(d.adbin, d.adrelid), '-'), NOT a.attnotnull, a.attgenerated) AS line
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
        AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT format('index %s valid=%s', pg_get_indexdef(indexrelid), indisvalid)
    FROM pg_index JOIN pg_class c ON c.oid = indrelid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('view %s %s', relname, pg_get_viewdef(oid))
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'
    UNION ALL
    SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('ledger %s %s', name, version) FROM ct_live_migrations
    UNION ALL
    SELECT format('provider %s %s', provider_id, name) FROM providers
) AS lines ORDER BY line
"""


def apply(dsn, *scripts):
    database = Database(dsn)
    for script in scripts or (migrate.EXTENSION,):
        migrate.apply(database, script)
    database.close()


def catalog(query):
    return [row["line"] for row in query(CATALOG)]


def columns(query, table):
    return {
        row["attname"]: row["type"]
        for row in query(
            "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
            table,
        )
    }
