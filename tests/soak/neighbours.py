"""Those whose rows nobody may touch: TCP's, another provider's, another partner's."""

from __future__ import annotations

from collections import Counter
from typing import Any

from psycopg2.extras import Json

from tests.soak.truth import Query

_TABLES = """
    SELECT relname AS name FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'ct_live_migrations'
    ORDER BY 1
"""
# Each row's bytes and its version: who writes the same once more has touched it, too.
_ROWS = "SELECT md5(ROW(kept.*)::text || kept.xmin || kept.ctid) AS row FROM {} AS kept"
_EVENT = """
    INSERT INTO ct_events (
        event_id, event_name, event_start_time, timing_partner_id, data_source, provider_event_id
    ) VALUES (%s, %s, %s, %s, %s, %s)
"""
_ATHLETES = """
    WITH athlete AS (
        SELECT * FROM jsonb_to_recordset(%s) AS athlete (
            entry_id text, race_id text, bib text, first_name text, last_name text, chip_seconds float
        )
    ), entered AS (
        INSERT INTO ct_participants (
            entry_id, event_id, race_id, entry_bib, athlete_first_name, athlete_last_name, timing_partner_id,
            data_source, provider_participant_id
        )
        SELECT %s || entry_id, %s, race_id, bib, first_name, last_name, %s, %s, CASE WHEN %s THEN entry_id END
        FROM athlete
    )
    INSERT INTO ct_results (
        event_id, race_id, entry_id, results_bib, results_first_name, results_last_name, results_time,
        timing_partner_id, data_source, provider_result_id
    )
    SELECT
        %s, race_id, entry_id, bib, first_name, last_name, make_interval(secs => chip_seconds), %s, %s,
        CASE WHEN %s THEN entry_id END
    FROM athlete
"""


class Neighbours:
    """Whatever a database held at some instant, so that a later look tells what was touched since."""

    def __init__(self, query: Query) -> None:
        """Remember every row that is there now."""
        self._query = query
        self._before = self._rows()

    def touched(self) -> list[str]:
        """Return a sentence for each table of which a row is not as it was, or gone."""
        now = self._rows()
        gone = {table: rows - now[table] for table, rows in self._before.items()}
        return [
            f"{table}: {rows.total()} rows that were there before are changed or gone"
            for table, rows in gone.items()
            if rows
        ]

    def _rows(self) -> dict[str, Counter[str]]:
        return {
            table["name"]: Counter(row["row"] for row in self._query(_ROWS.format(table["name"])))
            for table in self._query(_TABLES)
        }


def move_in(query: Query, truth: dict[str, Any], *, tcp: dict[str, Any] | None = None) -> None:
    """Add neighbours who have the same ids: a partner without credentials for the API, another provider.

    Args:
        query: asks the database, as its owner.
        truth: of an event whose ids they have.
        tcp: of an event that TCP has delivered to partner 1, spelled otherwise and as of its own keys.
    """
    [row] = query(
        "INSERT INTO timing_partners (company_name) VALUES ('Neighbour Timing') RETURNING timing_partner_id"
    )
    neighbour = row["timing_partner_id"]
    event_id = truth["event_id"]
    _add(query, f"ctlive:{neighbour}:{event_id}", truth, neighbour, "chronotrack_live", truth["event_name"])
    _add(query, f"other:1:{event_id}", truth, 1, "other_timing", "A run of another provider")
    query(
        "INSERT INTO sync_history (timing_partner_id, provider_id, event_id, operation_type, status)"
        " VALUES (%s, 1, %s, 'sync', 'completed')",
        neighbour,
        f"ctlive:{neighbour}:{event_id}",
    )
    if tcp is not None:
        _add(query, "61612", tcp, 1, "tcp_hardware", tcp["event_name"].upper())


def _add(query: Query, event_id: str, truth: dict[str, Any], partner: int, source: str, name: str) -> None:
    is_live = source != "tcp_hardware"
    query(
        _EVENT, event_id, name, truth["start_time"], partner, source, truth["event_id"] if is_live else None
    )
    athletes = Json(truth["athletes"][:50])
    prefix = f"{event_id}:" if is_live else ""
    query(
        _ATHLETES,
        *(athletes, prefix, event_id, partner, source, is_live),
        *(event_id, partner, source, is_live),
    )
