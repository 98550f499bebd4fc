"""Rows of everything but results: events, races, entries, brackets, intervals and waves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .wire import Scalar, Spelling, WireRow

if TYPE_CHECKING:
    from datetime import datetime

    from .variants import Variant
    from .world import Bracket, Entry, Event, Interval, Race, Wave


class Rows:
    """Writes rows as one variant of the API has them."""

    def __init__(self, variant: Variant) -> None:
        self._variant = variant
        self._spell = Spelling(variant)

    def event(self, event: Event, at: datetime) -> WireRow:
        """Return an event's fields at an instant."""
        spell = self._spell
        return {
            "event_id": spell.number(event.event_id),
            "event_name": event.name,
            "event_description": f"{event.name}, {event.city}",
            "event_tag": "".join(word[0] for word in event.name.split()),
            "event_start_time": spell.whole_epoch(event.planned(event.start, at)),
            "event_end_time": spell.whole_epoch(event.end and event.planned(event.end, at)),
            "event_site_uri": f"https://{event.event_id}.events.example.test/",
            "event_is_published": spell.flag(event.is_published),
            "event_device_protocol": "",
            "event_external_id": f"X-{event.event_id}",
            "organization_id": spell.number("4711"),
            "organization_name": f"{event.city} Timing",
            "location_street": "1 Harbour Street",
            "location_city": event.city,
            "location_region": event.state,
            "location_postal_code": "02199",
            "location_country": event.country,
            "location_time_zone": event.zone,
        }

    def race(self, race: Race, event: Event, at: datetime) -> WireRow:
        """Return a race's fields at an instant: actual times are empty until they have come."""
        spell = self._spell
        return {
            "race_id": spell.number(race.race_id),
            "race_name": race.name,
            "race_tag": "".join(word[0] for word in race.name.split()),
            "race_type": "Running",
            "race_subtype": "",
            "race_course_distance": spell.number(race.distance_m),
            "race_pref_distance_unit": "miles",
            "race_planned_start_time": spell.whole_epoch(event.planned(race.start, at)),
            "race_planned_end_time": spell.whole_epoch(event.planned(race.end, at)),
            "race_actual_start_time": spell.exact_epoch(race.start) if race.start <= at else "",
            "race_actual_end_time": spell.exact_epoch(race.end) if race.end <= at else "",
            "race_age_ref_time": spell.whole_epoch(race.start),
        }

    def entry(self, entry: Entry, race: Race) -> WireRow:
        """Return an entry's fields but for the one that changes, its status."""
        spell, athlete = self._spell, entry.athlete
        row: dict[str, Scalar] = {
            "entry_id": spell.number(entry.entry_id),
            "entry_external_id": entry.external_id,
            "entry_name": f"{athlete.first_name} {athlete.last_name}",
            "entry_type": "IND",
            "entry_bib": entry.bib,
            "entry_tag": entry.tag,
            "entry_race_age": spell.number(entry.age),
            "athlete_id": spell.number(athlete.athlete_id),
            "athlete_first_name": athlete.first_name,
            "athlete_last_name": athlete.last_name,
            "athlete_sex": athlete.sex,
            "athlete_birthdate": athlete.birthdate.isoformat(),
            "athlete_email": athlete.email,
            "athlete_home_phone": athlete.home_phone,
            "athlete_mobile_phone": athlete.mobile_phone,
            "reg_transaction_account_email": athlete.email,
            "reg_transaction_account_birthdate": athlete.birthdate.isoformat(),
            "location_street": athlete.street,
            "location_street2": "",
            "location_city": athlete.city,
            "location_region": athlete.state,
            "location_postal_code": athlete.postal_code,
            "location_country": athlete.country,
            "race_id": spell.number(race.race_id),
            "race_name": race.name,
            "bracket_name": entry.division.name,
            "wave_name": entry.wave.name,
            "reg_choice_name": race.name,
            "team_id": spell.number(entry.team_id),
            "team_name": entry.team_name,
        }
        if entry.answer:
            row["custom_element123"] = entry.answer
        return row

    def bracket(self, bracket: Bracket) -> WireRow:
        """Return a bracket's fields."""
        spell = self._spell
        row = {
            "bracket_id": spell.number(bracket.bracket_id),
            "bracket_name": bracket.name,
            "bracket_type": self._variant.bracket_types if bracket.kind == "SEX" else bracket.kind,
            "bracket_tag": bracket.tag,
            "bracket_min_age": spell.number(bracket.min_age),
            "bracket_max_age": spell.number(bracket.max_age),
            "bracket_wants_leaderboard": spell.flag(bracket.is_plain),
        }
        if self._variant.bracket_owner != "absent":
            row[self._variant.bracket_owner] = spell.number(bracket.race_id)
        return row

    def interval(self, interval: Interval, race: Race, event: Event) -> WireRow:
        """Return an interval's fields, metadata only."""
        spell = self._spell
        return {
            "interval_id": spell.number(interval.interval_id),
            "interval_name": interval.name,
            "interval_is_full": spell.flag(interval.is_full),
            "interval_iv_distance_m": spell.number(interval.distance_m),
            "race_id": spell.number(race.race_id),
            "race_name": race.name,
            "event_id": spell.number(event.event_id),
        }

    def wave(self, wave: Wave, race: Race) -> WireRow:
        """Return a wave's fields."""
        spell = self._spell
        return {
            "wave_id": spell.number(wave.wave_id),
            "wave_name": wave.name,
            "wave_start_time": spell.whole_epoch(wave.gun),
            "race_id": spell.number(race.race_id),
            "race_name": race.name,
        }
