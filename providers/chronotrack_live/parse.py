"""The API's words into our records, once, at the edge.

All scalars arrive as strings (fact sheet, section 5), but numbers, null, "" and absent keys are met
too. What cannot be read leaves its field empty and stays, as it came, in `additional_data`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.values import decimal, duration, instant, place
from providers.errors import RowKind, RowRejected
from providers.records import ProviderEvent, ProviderRace
from providers.storable import is_storable, storable, storable_text

ValueT = TypeVar("ValueT")

# How a record's field is read of a row: the API's name, and how where it is not a text as it stands.
Field = str | tuple[str, Callable[[str], object]]

# Our names of the texts that say where, and the API's.
LOCATION: Mapping[str, Field] = {
    "street": "location_street",
    "city": "location_city",
    "region": "location_region",
    "postal_code": "location_postal_code",
    "country": "location_country",
}


class RowReader:
    """Reads the fields of one row by type, and remembers what was read and what could not be."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._read: set[str] = set()
        self._odd: dict[str, object] = {}

    def fields(self, fields: Mapping[str, Field]) -> dict[str, Any]:
        """Return fields by our own names."""
        return {
            ours: self.text(field) if isinstance(field, str) else self._as(*field)
            for ours, field in fields.items()
        }

    def text(self, name: str) -> str | None:
        """Return the field as text without blanks around it; None when it is absent, null or empty."""
        self._read.add(name)
        value = self._row.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            if isinstance(value, dict | list):
                self._odd[name] = storable(value)
                return None
            value = str(value)
        elif not is_storable(value):
            self._odd[name] = storable(value)
            value = storable_text(value)
        return value.strip() or None

    def place(self, name: str) -> int | None:
        """Return the field as a place; 0 stands for none in unranked brackets."""
        return self._as(name, place)

    def decimal(self, name: str) -> float | None:
        """Return the field as a number."""
        return self._as(name, decimal)

    def instant(self, name: str) -> datetime | None:
        """Return the field as an aware UTC instant; "0" stands for none."""
        return self._as(name, instant)

    def duration(self, name: str) -> timedelta | None:
        """Return the field as a duration."""
        return self._as(name, duration)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return the field as yes or no ("1" or "0")."""
        text = self.text(name)
        return default if text is None else text.lower() in ("1", "true", "yes")

    def location(self) -> dict[str, str]:
        """Return the location fields by our own names."""
        return {ours: text for ours, text in self.fields(LOCATION).items() if text is not None}

    def additional_data(self, passed_over: Collection[str] = ()) -> dict[str, object]:
        """Return what no record field holds: fields that were not read, and values that could not be.

        Args:
            passed_over: fields that are known, and left out all the same.
        """
        unread = {
            name: value
            for name, value in self._row.items()
            if name not in self._read and name not in passed_over and value is not None and value != ""
        }
        return cast("dict[str, object]", storable(unread)) | self._odd

    def unreadable(self) -> dict[str, object]:
        """Return the values that could not be read."""
        return dict(self._odd)

    def _as(self, name: str, read: Callable[[str], ValueT]) -> ValueT | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return read(text)
        except ValueError:
            self._odd[name] = storable(self._row[name])
            return None


def rejected(reason: str, row: Row, kind: RowKind, api_id: str | None = None) -> RowRejected:
    """Return the error that sets a row aside, with the row as far as it can be stored."""
    payload = cast("dict[str, object]", storable(row))
    return RowRejected(reason, kind=kind, payload=payload, api_id=api_id)


def parse_event(row: Row, races: tuple[ProviderRace, ...] = ()) -> ProviderEvent:
    """Read an event.

    Raises:
        RowRejected: it has no id or no name.
    """
    read = RowReader(row)
    event_id, name = read.text("event_id"), read.text("event_name")
    if event_id is None or name is None:
        raise rejected("event without id or name", row, "event", event_id)
    return ProviderEvent(
        provider_event_id=event_id,
        name=name,
        start_time=read.instant("event_start_time"),
        end_time=read.instant("event_end_time"),
        timezone=read.text("location_time_zone"),
        is_published=read.flag("event_is_published", default=True),
        description=read.text("event_description"),
        tag=read.text("event_tag"),
        site_uri=read.text("event_site_uri"),
        device_protocol=read.text("event_device_protocol"),
        external_id=read.text("event_external_id"),
        organization_id=read.text("organization_id"),
        organization_name=read.text("organization_name"),
        location=read.location(),
        races=races,
        additional_data=read.additional_data(),
    )


def parse_race(row: Row) -> ProviderRace:
    """Read a race.

    Raises:
        RowRejected: it has no id.
    """
    read = RowReader(row)
    race_id = read.text("race_id")
    if race_id is None:
        raise rejected("race without id", row, "race")
    return ProviderRace(
        provider_race_id=race_id,
        name=read.text("race_name"),
        tag=read.text("race_tag"),
        race_type=read.text("race_type"),
        race_subtype=read.text("race_subtype"),
        distance=read.decimal("race_course_distance"),
        distance_unit=read.text("race_pref_distance_unit"),
        planned_start=read.instant("race_planned_start_time"),
        planned_end=read.instant("race_planned_end_time"),
        actual_start=read.instant("race_actual_start_time"),
        actual_end=read.instant("race_actual_end_time"),
        age_reference=read.instant("race_age_ref_time"),
    )
