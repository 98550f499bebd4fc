"""Whether a database equals the truth: events, races, entries, results with splits, places; each once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from operations.comparison import compare
from tests.soak.api import Expected

Query = Callable[..., list[dict[str, Any]]]

_EVENTS = """
    SELECT timing_partner_id, provider_event_id, event_name, event_start_time FROM ct_events
    WHERE data_source = 'chronotrack_live' AND timing_partner_id = ANY (%s)
"""
_ENTRIES = """
    SELECT provider_participant_id, entry_bib, athlete_first_name, athlete_last_name, athlete_sex
    FROM ct_participants WHERE event_id = %s
"""
_RACES = "SELECT race_id FROM ct_races WHERE event_id = %s"
_RESULTS = "SELECT * FROM ct_results WHERE event_id = %s"
# What stands twice, by whatever an API's row is known by: also an athlete who has a row under two events.
_DOUBLES = {
    table: f"""
        SELECT timing_partner_id, {key} AS id, count(*) FROM {table}
        WHERE data_source = 'chronotrack_live' GROUP BY 1, 2 HAVING count(*) > 1
    """
    for table, key in (
        ("ct_participants", "provider_participant_id"),
        ("ct_results", "provider_result_id"),
    )
} | {
    "ct_events": """
        SELECT timing_partner_id, provider_event_id AS id, count(*) FROM ct_events
        WHERE data_source = 'chronotrack_live' GROUP BY 1, 2 HAVING count(*) > 1
    """
}


def differences(query: Query, partners: list[int], expected: Expected) -> list[str]:
    """Return a sentence for whatever the partners' live rows have that the truth has not, and the reverse."""
    return list(_differences(query, partners, expected))


def _differences(query: Query, partners: list[int], expected: Expected) -> Iterator[str]:
    kept = {
        (row["timing_partner_id"], row["provider_event_id"], row["event_name"], row["event_start_time"])
        for row in query(_EVENTS, partners)
    }
    true = {
        (partner, truth["event_id"], truth["event_name"], _stored(truth["start_time"]))
        for partner, truth in expected
    }
    yield from (f"event {event} is missing" for event in sorted(true - kept))
    yield from (f"event {event} is there, and should not be" for event in sorted(kept - true))
    for partner, truth in expected:
        key, name = key_of(partner, truth["event_id"]), truth["event_name"]
        races = {row["race_id"] for row in query(_RACES, key)}
        raced = {one["race_id"] for one in truth["athletes"]}
        yield from (f"{name}: race {race} is missing" for race in sorted(raced - races))
        yield from (f"{name}: race {race} is there, and should not be" for race in sorted(races - raced))
        entries = {tuple(row.values()) for row in query(_ENTRIES, key)}
        entered = {
            (one["entry_id"], one["bib"], one["first_name"], one["last_name"], one["sex"])
            for one in truth["athletes"]
        }
        yield from (f"{name}: entry {entry} is missing" for entry in sorted(entered - entries, key=repr))
        yield from (
            f"{name}: entry {entry} is there, and should not be"
            for entry in sorted(entries - entered, key=repr)
        )
        yield from map(str, compare(truth, query(_RESULTS, key)).differences)


def key_of(partner: int, event_id: str) -> str:
    """Return the key that the hub has for an event of an API's."""
    return f"ctlive:{partner}:{event_id}"


def doubles(query: Query) -> list[str]:
    """Return a sentence for each row of an API that the database has twice."""
    return [
        f"{table}: {row['id']} of partner {row['timing_partner_id']} stands there {row['count']} times"
        for table, statement in _DOUBLES.items()
        for row in query(statement)
    ]


def _stored(instant: str) -> datetime:
    """Return an instant as the database has it: the API tells whole seconds."""
    return datetime.fromisoformat(instant).astimezone(UTC).replace(tzinfo=None, microsecond=0)
