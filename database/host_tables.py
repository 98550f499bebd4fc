"""What a record becomes in the host's tables: one line a column.

The host's tables exist in two shapes (shape M of the migration script, shape C of the "current schema"
document), so a row is written in the columns that the table has. Values of host columns that are too
narrow get their beginning; the whole then stands in `additional_data`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, Generic, TypeVar

import orjson

from providers.errors import RowKind
from providers.records import Credentials, ProviderEvent, ProviderParticipant, ProviderResult, Split
from providers.storable import storable

RecordT = TypeVar("RecordT")

_NUL = "\\u0000"


@dataclass(frozen=True)
class Owner:
    """To whom a row belongs: partner and provider, and the event by its API id (None for an event itself)."""

    credentials: Credentials
    provider_event_id: str | None = None

    @cached_property
    def keys(self) -> str:
        """Return what the keys of all live rows of this owner begin with."""
        return self.credentials.key("")

    @property
    def event_id(self) -> str:
        """Return the key of the event in the host's tables."""
        return self.keys + (self.provider_event_id or "")


def database_time(instant: datetime | None) -> datetime | None:
    """Return an instant as the host's `timestamp` columns keep it: UTC without a zone."""
    if instant is None:
        return None
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return utc.replace(tzinfo=None)


# A time goes into two columns, and athletes of one race share their paces.
@lru_cache(maxsize=4096)
def duration_text(time: timedelta | None) -> str | None:
    """Return a duration as the API writes it, "26:03:04.500": an interval in shape M, a text in shape C."""
    if time is None:
        return None
    if time.days < 0:
        return f"-{duration_text(-time)}"
    seconds, microseconds = time.days * 86_400 + time.seconds, time.microseconds
    fraction = f"{microseconds:06}" if microseconds % 1000 else f"{microseconds // 1000:03}"
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction}"


# Makes the cells of a column of one field's values, those of many records at once.
Cells = Callable[[Sequence[Any], Owner], Iterable[object]]


def _each(cell: Callable[[Any], object]) -> Cells:
    return lambda values, _: map(cell, values)


def _keys(api_ids: Sequence[str | None], owner: Owner) -> Iterable[object]:
    keys = owner.keys
    return [api_id and keys + api_id for api_id in api_ids]


_TIME, _DURATION = _each(database_time), _each(duration_text)


@dataclass(frozen=True, slots=True)
class HostTable(Generic[RecordT]):
    """A host table, and how each of its columns is filled from records.

    Attributes:
        name: the table's.
        kind: what the provider's list has a row of.
        key: the columns by which a staged row finds the row that is kept.
        of_owner: the columns that are the same for all rows of an owner.
        of_record: all others but additional_data: the record's field, and what makes cells of its values
            where these are none yet.
        additional_data: what no other column holds; beside it stands what is too long for its own.
    """

    name: str
    kind: RowKind
    key: tuple[str, ...]
    of_owner: Mapping[str, Callable[[Owner], object]]
    of_record: Mapping[str, str | tuple[str, Cells]]
    additional_data: Callable[[RecordT], Mapping[str, object]]

    @property
    def api_id(self) -> str:
        """Return the column that has the API's own id."""
        return f"provider_{self.kind}_id"


def to_json(value: object) -> str:
    """Return a value as JSON text that PostgreSQL takes, the same for equal values."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        text = _NUL
    # Half a surrogate pair, a number beyond 64 bits, or a NUL, which jsonb does not take: spelt out.
    return orjson.dumps(storable(value), option=orjson.OPT_SORT_KEYS).decode() if _NUL in text else text


def _location(location: Mapping[str, str]) -> str | None:
    return to_json(dict(location)) if location else None


def _race_starts(event: ProviderEvent) -> dict[str, object]:
    """Return the starts that windows count from; nothing when the races could not be read."""
    if event.races is None:
        return {}
    starts = sorted(race.start for race in event.races if race.start is not None)
    return {"race_starts": [start.astimezone(UTC).replace(tzinfo=None).isoformat() for start in starts]}


def _splits(splits: Sequence[Split]) -> str:
    return to_json([_split(split) for split in splits]) if splits else "[]"


def _split(split: Split) -> dict[str, object]:
    return {
        "interval_id": split.interval_id,
        "name": split.name,
        "chip_seconds": None if split.chip_time is None else split.chip_time.total_seconds(),
        "gun_seconds": None if split.gun_time is None else split.gun_time.total_seconds(),
        "rank": split.rank,
    }


EVENTS: HostTable[ProviderEvent] = HostTable(
    "ct_events",
    "event",
    ("event_id",),
    {
        "timing_partner_id": lambda o: o.credentials.timing_partner_id,
        "data_source": lambda o: o.credentials.data_source,
    },
    {
        "event_id": ("provider_event_id", _keys),
        "event_tag": "tag",
        "event_name": "name",
        "event_description": "description",
        "event_start_time": ("start_time", _TIME),
        "event_end_time": ("end_time", _TIME),
        # Generated where the host has event_end_time, and then not among the columns to write.
        "end_date": ("end_time", _TIME),
        "event_timezone": "timezone",
        "event_site_uri": "site_uri",
        "event_is_published": "is_published",
        "event_device_protocol": "device_protocol",
        "event_external_id": "external_id",
        "organization_id": "organization_id",
        "organization_name": "organization_name",
        "location": ("location", _each(_location)),
        "provider_event_id": "provider_event_id",
    },
    lambda e: {**e.additional_data, **_race_starts(e)},
)

PARTICIPANTS: HostTable[ProviderParticipant] = HostTable(
    "ct_participants",
    "participant",
    ("entry_id",),
    {
        "event_id": lambda o: o.event_id,
        "timing_partner_id": lambda o: o.credentials.timing_partner_id,
        "data_source": lambda o: o.credentials.data_source,
        "provider_event_id": lambda o: o.provider_event_id,
    },
    {
        "entry_id": ("provider_participant_id", _keys),
        "race_id": "provider_race_id",
        "entry_external_id": "external_id",
        "entry_name": "name",
        "entry_type": "entry_type",
        "entry_status": "status",
        "registration_status": "status",
        "entry_bib": "bib",
        "entry_race_age": "race_age",
        "athlete_id": "athlete_id",
        "athlete_first_name": "first_name",
        "athlete_last_name": "last_name",
        "athlete_sex": "sex",
        "athlete_birthdate": "birthdate",
        "athlete_email": "email",
        "athlete_home_phone": "home_phone",
        "athlete_mobile_phone": "mobile_phone",
        "location": ("location", _each(_location)),
        "team_id": "team_id",
        "team_name": "team_name",
        "division": "division",
        "provider_participant_id": "provider_participant_id",
    },
    lambda p: p.additional_data,
)

RESULTS: HostTable[ProviderResult] = HostTable(
    "ct_results",
    "result",
    ("timing_partner_id", "data_source", "provider_result_id"),
    {
        "event_id": lambda o: o.event_id,
        "timing_partner_id": lambda o: o.credentials.timing_partner_id,
        "data_source": lambda o: o.credentials.data_source,
        "provider_event_id": lambda o: o.provider_event_id,
    },
    {
        "race_id": "provider_race_id",
        "entry_id": ("provider_participant_id", _keys),
        "participant_id": ("provider_participant_id", _keys),
        "results_bib": "bib",
        "results_first_name": "first_name",
        "results_last_name": "last_name",
        "results_sex": "sex",
        "results_age": "age",
        "results_hometown": "hometown",
        "results_state_code": "state_code",
        "results_postal_code": "postal_code",
        "results_country_code": "country_code",
        "results_time": ("chip_time", _DURATION),
        "results_gun_time": ("gun_time", _DURATION),
        "results_pace": ("pace", _DURATION),
        "results_gun_pace": ("gun_pace", _DURATION),
        "results_rank": "overall_place",
        "results_bracket_name": "bracket_name",
        "results_primary_bracket_name": "division",
        "chip_time": ("chip_time", _DURATION),
        "gun_time": ("gun_time", _DURATION),
        "overall_place": "overall_place",
        "gender_place": "gender_place",
        "division_place": "division_place",
        "division": "division",
        "finish_time": ("finish_time", _TIME),
        "split_times": ("splits", _each(_splits)),
        "result_status": "status",
        "provider_result_id": "provider_result_id",
    },
    lambda r: r.additional_data,
)
