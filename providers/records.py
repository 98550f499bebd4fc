"""The language that adapters, pipeline and store share: frozen records with our own words.

Instants are aware UTC, durations are `timedelta`, absent is None; a naive datetime is refused when a
record is made. Whatever a provider says beyond these fields travels in `additional_data`.

Entries, results and splits come by the hundred thousand: they are named tuples, which are made five times as
fast as a frozen dataclass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from providers.errors import SettingsInvalid


def refuse_naive(record: Any) -> None:  # noqa: ANN401 - any class of records
    """Refuse a record that holds a naive instant.

    Raises:
        ValueError: it does; the message names the field.
    """
    for name in (f.name for f in fields(record)):
        value = getattr(record, name)
        for instant in value if isinstance(value, tuple) else (value,):
            if isinstance(instant, datetime) and instant.utcoffset() is None:
                raise ValueError(f"{type(record).__name__}.{name} must be an aware datetime, not naive.")


_NOTHING: Mapping[str, Any] = MappingProxyType({})

# The prefix of a source's keys, where that is not its own name.
_PREFIXES = {"chronotrack_live": "ctlive"}
_SOURCES = {prefix: source for source, prefix in _PREFIXES.items()}


@dataclass(frozen=True, slots=True)
class LiveKey:
    """The hub's key of a live row, taken apart (design, decision 1): "ctlive:7:91649"."""

    data_source: str
    timing_partner_id: int
    api_id: str

    @property
    def text(self) -> str:
        """Return the key as it stands in the hub."""
        prefix = _PREFIXES.get(self.data_source, self.data_source)
        return f"{prefix}:{self.timing_partner_id}:{self.api_id}"

    @classmethod
    def of(cls, text: str) -> LiveKey:
        """Take a key of the hub apart.

        Raises:
            ValueError: it is not the key of a live row.
        """
        found = re.fullmatch(r"([^:]+):(\d+):(.+)", text, re.DOTALL)
        if found is None:
            raise ValueError(f"{text!r} is not the key of a live row, such as ctlive:7:91649.")
        return cls(_SOURCES.get(found[1], found[1]), int(found[2]), found[3])


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One partner's access to one provider: a row of `partner_provider_credentials`.

    `secret` is a password or its digest (see `additional_config`); it never shows in the repr.
    `data_source` says in the hub whose rows they are that these credentials bring: the provider's name in
    lower case, with an underscore for each space ("ChronoTrack Live" is "chronotrack_live").
    """

    credentials_id: int
    timing_partner_id: int
    partner_name: str
    provider_id: int
    data_source: str
    principal: str | None
    secret: str | None = field(repr=False)
    additional_config: Mapping[str, object] = field(default_factory=dict, repr=False)

    def key(self, api_id: str) -> str:
        """Return the hub's key of a live row (design, decision 1).

        API ids share a number space with the keys of rows that are there, with each other from provider to
        provider, and one event may be visible to two partners: a raw API id is never a key.
        """
        return LiveKey(self.data_source, self.timing_partner_id, api_id).text

    @property
    def label(self) -> str:
        """Return the words by which a person knows this partner, for messages and logs."""
        return f"partner {self.timing_partner_id} ({self.partner_name})"

    @property
    def similar_name_is_duplicate(self) -> bool:
        """Return whether an event that TCP has under a similar name is taken for the same; false by default.

        Raises:
            SettingsInvalid: additional_config says neither true nor false.
        """
        # The JSON of the host's column may be anything.
        config = self.additional_config if isinstance(self.additional_config, Mapping) else {}
        value = config.get("similar_name_is_duplicate")
        if value is None:
            return False
        if not isinstance(value, bool):
            raise SettingsInvalid(
                f"similar_name_is_duplicate in additional_config of the credentials of {self.label} is to be "
                "true or false, without quotation marks."
            )
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRace:
    """A race of an event. `distance` is in metres."""

    provider_race_id: str
    name: str | None = None
    tag: str | None = None
    race_type: str | None = None
    race_subtype: str | None = None
    distance: float | None = None
    distance_unit: str | None = None
    planned_start: datetime | None = None
    planned_end: datetime | None = None
    actual_start: datetime | None = None
    actual_end: datetime | None = None
    age_reference: datetime | None = None

    def __post_init__(self) -> None:
        refuse_naive(self)

    @property
    def start(self) -> datetime | None:
        """Return when the race started, or is to start when it has not; None when unknown."""
        return self.actual_start or self.planned_start


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """An event as the provider publishes it.

    `timezone` is an IANA name; `races` is None when they could not be read this time.
    """

    provider_event_id: str
    name: str
    start_time: datetime | None = None
    end_time: datetime | None = None
    timezone: str | None = None
    is_published: bool = True
    description: str | None = None
    tag: str | None = None
    site_uri: str | None = None
    device_protocol: str | None = None
    external_id: str | None = None
    organization_id: str | None = None
    organization_name: str | None = None
    location: Mapping[str, str] = field(default_factory=dict)
    races: tuple[ProviderRace, ...] | None = ()
    additional_data: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refuse_naive(self)

    def touches(self, since: datetime | None, until: datetime | None) -> bool:
        """Say whether the event overlaps a span; None stands for no bound.

        It lasts from the first to the last of its start, its end and its races' starts; without any of
        them it touches nothing.
        """
        instants = [self.start_time, self.end_time, *(race.start for race in self.races or ())]
        known = [instant for instant in instants if instant is not None]
        return (
            bool(known) and (until is None or min(known) <= until) and (since is None or max(known) >= since)
        )


class ProviderParticipant(NamedTuple):
    """An athlete's or team's entry in a race."""

    provider_participant_id: str
    provider_race_id: str | None = None
    external_id: str | None = None
    name: str | None = None
    entry_type: str | None = None
    status: str | None = None
    bib: str | None = None
    race_age: int | None = None
    athlete_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    sex: str | None = None
    birthdate: date | None = None
    email: str | None = None
    home_phone: str | None = None
    mobile_phone: str | None = None
    location: Mapping[str, str] = _NOTHING
    team_id: str | None = None
    team_name: str | None = None
    division: str | None = None
    additional_data: Mapping[str, object] = _NOTHING


class Split(NamedTuple):
    """A partial course of an athlete. `rank` is the place among all of the race in this part."""

    interval_id: str
    name: str | None
    chip_time: timedelta | None
    gun_time: timedelta | None
    rank: int | None


class _ResultFields(NamedTuple):
    provider_result_id: str
    status: str
    provider_participant_id: str | None = None
    provider_race_id: str | None = None
    bib: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    sex: str | None = None
    age: int | None = None
    hometown: str | None = None
    state_code: str | None = None
    postal_code: str | None = None
    country_code: str | None = None
    chip_time: timedelta | None = None
    gun_time: timedelta | None = None
    pace: timedelta | None = None
    gun_pace: timedelta | None = None
    overall_place: int | None = None
    gender_place: int | None = None
    division_place: int | None = None
    bracket_name: str | None = None
    division: str | None = None
    finish_time: datetime | None = None
    splits: tuple[Split, ...] = ()
    additional_data: Mapping[str, object] = _NOTHING


class ProviderResult(_ResultFields):
    """An athlete's result in a race. `status` is a word of the design: finished, started, dnf, dq, ..."""

    __slots__ = ()

    if not TYPE_CHECKING:  # mypy is to know the fields by their names and types

        def __init__(self, **_: object) -> None:
            """Refuse a naive instant, as `refuse_naive` does, for the one that there is."""
            if self.finish_time is not None and self.finish_time.utcoffset() is None:
                raise ValueError("ProviderResult.finish_time must be an aware datetime, not naive.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """A live event as the hub keeps it: what the windows ask about.

    `event_id` is the hub's key. `race_starts` are the starts of its races where they are known, in order.
    `superseded` says that another source delivers the same event by now, with results. `last_collection` is
    when the last collection began that went well, if only in part, `last_failure` the last one that failed.
    """

    event_id: str
    timing_partner_id: int
    provider_event_id: str
    name: str
    start_time: datetime | None
    end_time: datetime | None = None
    race_starts: tuple[datetime, ...] = ()
    superseded: bool = False
    last_collection: datetime | None = None
    last_failure: datetime | None = None
    last_participant_sync: datetime | None = None

    def __post_init__(self) -> None:
        refuse_naive(self)

    @property
    def failed(self) -> datetime | None:
        """Return when the last collection began, if it failed; None when none did since one went well."""
        if self.last_failure and self.last_collection and self.last_failure < self.last_collection:
            return None
        return self.last_failure

    @property
    def last_tried(self) -> datetime | None:
        """Return when the last collection began, however it went."""
        return self.failed or self.last_collection
