"""Those whose rows nobody may touch: TCP's, another provider's, another partner's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from psycopg2.extras import Json

from tests.soak.truth import Query

_TABLES = """
    SELECT relname AS name FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'ct_live_migrations'
    ORDER BY 1
"""
# Each row's bytes and its version: who writes the same once more has touched it, too.
_ROWS = """
    SELECT md5(ROW(kept.*)::text || kept.xmin || kept.ctid) AS row
    FROM {} AS kept CROSS JOIN (SELECT %s::text[] AS events, %s::integer[] AS partners) AS own
    WHERE ({}) IS NOT TRUE
"""
# Which rows are our own, by their table: those of the events that are to be there, under the partners who
# have them, and what is told of these partners. In any other table nobody may add a row.
_OF_EVENT = "event_id = ANY (own.events) AND event_id LIKE 'ctlive:' || timing_partner_id || ':%%'"
_OF_SOURCE = f"{_OF_EVENT} AND data_source = 'chronotrack_live'"
_OF_PARTNER = "timing_partner_id = ANY (own.partners)"
_OURS = {
    "ct_events": _OF_SOURCE,
    "ct_races": _OF_EVENT,
    "ct_participants": f"{_OF_SOURCE} AND entry_id LIKE 'ctlive:' || timing_partner_id || ':%%'",
    "ct_results": _OF_SOURCE,
    "sync_history": _OF_PARTNER,
    "ct_live_rejected_rows": _OF_PARTNER,
}
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
    ), raced AS (
        INSERT INTO ct_races (race_id, event_id, race_name, timing_partner_id)
        SELECT DISTINCT race_id, %s, 'A race', %s::integer FROM athlete
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
        """Remember every row that is there now: none of them is our own."""
        self._query = query
        self._before = self._rows((), ())

    def touched(self, events: Iterable[str], partners: Iterable[int]) -> list[str]:
        """Return a sentence for each table of which a row is not as it was, or gone, or there without right.

        Args:
            events: the keys of the events whose rows are our own, as ctlive:PARTNER:ID.
            partners: those whose history and whose rejected rows are our own.
        """
        now = self._rows(events, partners)
        differences = [
            (table, difference.total(), says)
            for table, before in self._before.items()
            for difference, says in (
                (before - now[table], "that were there before are changed or gone"),
                (now[table] - before, "are there that are nobody's to add"),
            )
        ]
        return [f"{table}: {count} rows {says}" for table, count, says in differences if count]

    def _rows(self, events: Iterable[str], partners: Iterable[int]) -> dict[str, Counter[str]]:
        """Return the rows of each table that are not our own."""
        tables = [table["name"] for table in self._query(_TABLES)]
        statements = {table: _ROWS.format(table, _OURS.get(table, "false")) for table in tables}
        own = (list(events), list(partners))
        return {
            table: Counter(row["row"] for row in self._query(statement, *own))
            for table, statement in statements.items()
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
        *(athletes, event_id, partner),
        *(prefix, event_id, partner, source, is_live),
        *(event_id, partner, source, is_live),
    )
