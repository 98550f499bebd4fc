"""The races of live events in the host's `ct_races`, where the host has that table (shape C has not)."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg2.extras import RealDictCursor

from database.host_tables import database_time, to_json
from database.queries import compose
from database.staging import assignments, names
from providers.records import Credentials, ProviderEvent, ProviderRace

_TABLE = "ct_races"
_KEY = ("race_id", "event_id")


def write_races(cursor: RealDictCursor, credentials: Credentials, events: Sequence[ProviderEvent]) -> int:
    """Write the races of the events that are kept; return how many were new or differed."""
    lengths = _columns(cursor)
    # Of two with one key the first counts: both would take turns otherwise, poll by poll.
    rows: dict[tuple[object, ...], dict[str, object]] = {}
    for row in (_row(event, race, credentials) for event in events for race in event.races or ()):
        rows.setdefault(tuple(row[name] for name in _KEY), row)
    if not lengths or not rows:
        return 0
    # The host's columns have no place for the rest of a text that is too long for them.
    kept = [
        {name: _cut(row[name], lengths[name]) for name in row if name in lengths} for row in rows.values()
    ]
    columns = tuple(kept[0])
    content = tuple(name for name in columns if name not in _KEY)
    values = {"races": to_json(kept)}
    cursor.execute(
        compose(
            "update_races",
            assignments=assignments(content),
            kept_columns=names(content, "kept"),
            staged_columns=names(content, "staged"),
        ),
        values,
    )
    updated = cursor.rowcount
    cursor.execute(compose("insert_races", columns=names(columns)), values)
    return updated + cursor.rowcount


def _columns(cursor: RealDictCursor) -> dict[str, int | None]:
    """Return the table's columns with the length of its bounded texts; nothing when it does not exist."""
    cursor.execute(compose("host_columns"), {"table": _TABLE})
    return {row["name"]: row["max_length"] for row in cursor.fetchall()}


def _row(event: ProviderEvent, race: ProviderRace, credentials: Credentials) -> dict[str, object]:
    return {
        "race_id": race.provider_race_id,
        "event_id": credentials.key(event.provider_event_id),
        "race_tag": race.tag,
        "race_name": race.name,
        "race_type": race.race_type,
        "race_subtype": race.race_subtype,
        "race_course_distance": race.distance,
        "race_pref_distance_unit": race.distance_unit,
        "race_planned_start_time": database_time(race.planned_start),
        "race_planned_end_time": database_time(race.planned_end),
        "race_actual_start_time": database_time(race.actual_start),
        "race_actual_end_time": database_time(race.actual_end),
        "race_age_ref_time": database_time(race.age_reference),
        "timing_partner_id": credentials.timing_partner_id,
    }


def _cut(value: object, length: int | None) -> object:
    return value[:length] if isinstance(value, str) else value
