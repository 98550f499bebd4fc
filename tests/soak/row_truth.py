"""What is to become of a row, said as simply as can be: each field stands in its column, or beside it, whole.

a text              in its column without the blanks around it; what is too long is cut there, and whole in
                    additional_data.too_long
what no text is     nested values leave the column empty; what PostgreSQL cannot keep, it keeps without that;
                    both stand in additional_data, with what cannot be kept spelt out
a number, a day,    in its column when the text is one, exactly; else the column is empty, and the field
a time              stands in additional_data
an unknown field    in additional_data
nothing             null, "", blanks: nowhere
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from tests.soak.hostile_lists import NAMES, Athlete, Row, Sent
from tests.soak.status_truth import Key, status_of
from tests.soak.value_truth import instant_of, is_zero, reading, same, seconds_of, spelt, time_of

Stored = Mapping[str, Any]
Lengths = Mapping[str, int | None]

# What is not plain may be read or not; what is plain has to be.
_ANY = re.compile("(?s).*")
_PLAIN_WHOLE = re.compile("[1-9][0-9]{0,8}")
_PLAIN_DAY = re.compile("19[0-9]{2}-0[1-9]-1[0-9]")
_PLAIN_TIME = re.compile(r"[0-9]{2}:[0-5][0-9]:[0-5][0-9](\.[0-9]{3})?")
_PLAIN_INSTANT = re.compile(r"[1-9][0-9]{9}(\.[0-9]{3})?")

_EVENT_TEXTS = {
    "event_name": "event_name",
    "event_description": "event_description",
    "event_tag": "event_tag",
    "event_site_uri": "event_site_uri",
    "event_device_protocol": "event_device_protocol",
    "event_external_id": "event_external_id",
    "organization_id": "organization_id",
    "organization_name": "organization_name",
    "event_timezone": "location_time_zone",
    "provider_event_id": "event_id",
}
_ENTRY_TEXTS = {
    "race_id": "race_id",
    "entry_external_id": "entry_external_id",
    "entry_name": "entry_name",
    "entry_type": "entry_type",
    "entry_status": "entry_status",
    "registration_status": "entry_status",
    "entry_bib": "entry_bib",
    "athlete_id": "athlete_id",
    "athlete_first_name": "athlete_first_name",
    "athlete_last_name": "athlete_last_name",
    "athlete_sex": "athlete_sex",
    "athlete_email": "athlete_email",
    "athlete_home_phone": "athlete_home_phone",
    "athlete_mobile_phone": "athlete_mobile_phone",
    "team_id": "team_id",
    "team_name": "team_name",
    "division": "bracket_name",
    "provider_participant_id": "entry_id",
}
_LOCATION = ("street", "city", "region", "postal_code", "country")
_RESULT_TEXTS = {
    "race_id": "results_race_id",
    "results_bib": "results_bib",
    "results_first_name": "results_first_name",
    "results_last_name": "results_last_name",
    "results_sex": "results_sex",
    "results_hometown": "results_hometown",
    "results_state_code": "results_state_code",
    "results_postal_code": "results_postal_code",
    "results_country_code": "results_country_code",
    "results_bracket_name": "results_bracket_name",
}
_RESULT_TIMES = {
    "chip_time": "results_time",
    "results_time": "results_time",
    "gun_time": "results_gun_time",
    "results_gun_time": "results_gun_time",
    "results_pace": "results_pace",
    "results_gun_pace": "results_gun_pace",
}
# By these the rows of an athlete find each other; of the whole course no interval is kept.
_FINDS = ("results_entry_id", "results_interval_id", "results_interval_name", "results_interval_full")


def event_is_wrong(sent: Sent, lengths: Lengths, stored: Stored) -> Iterator[str]:
    """Yield what is wrong with an event as it is stored."""
    truth = _Truth(sent.row, stored, lengths)
    for column, field in _EVENT_TEXTS.items():
        yield from truth.text(column, field)
    yield from truth.key("event_id", "event_id")
    for column in ("event_start_time", "event_end_time"):
        yield from truth.read(column, column, instant_of, _PLAIN_INSTANT, zero_is_none=True)
    truth.take("event_is_published")
    yield from _location_is_wrong(stored, truth)
    # When its races begin stands there, too.
    truth.additional["race_starts"] = []
    yield from truth.beside()


def entry_is_wrong(sent: Sent, lengths: Lengths, stored: Stored) -> Iterator[str]:
    """Yield what is wrong with an entry as it is stored."""
    truth = _Truth(sent.row, stored, lengths)
    for column, field in _ENTRY_TEXTS.items():
        yield from truth.text(column, field)
    yield from truth.key("entry_id", "entry_id")
    yield from truth.read("entry_race_age", "entry_race_age", Decimal, _PLAIN_WHOLE)
    yield from truth.read("athlete_birthdate", "athlete_birthdate", date.fromisoformat, _PLAIN_DAY)
    yield from _location_is_wrong(stored, truth)
    yield from truth.beside()


def result_is_wrong(
    athlete: Athlete, placed: Mapping[str, Sent], said: Mapping[Key, str], lengths: Lengths, stored: Stored
) -> Iterator[str]:
    """Yield what is wrong with a result as it is stored.

    Args:
        athlete: whose it is.
        placed: the athlete's row in the list of places of each type, SEX and AGE, if there is one.
        said: what the event's entries say of their athletes.
        lengths: how much room the columns have.
        stored: the row of the database.
    """
    truth = _Truth(athlete.full.row, stored, lengths)
    for column, field in _RESULT_TEXTS.items():
        yield from truth.text(column, field)
    yield from _places_are_wrong(placed, stored, truth)
    yield from _id_is_wrong(athlete.full, stored, truth)
    yield from truth.read("results_age", "results_age", Decimal, _PLAIN_WHOLE)
    for column in ("overall_place", "results_rank"):
        yield from truth.read(column, "results_rank", Decimal, _PLAIN_WHOLE, zero_is_none=True)
    for column, field in _RESULT_TIMES.items():
        yield from truth.read(column, field, time_of, _PLAIN_TIME)
    yield from truth.read(
        "finish_time", "results_end_chip_time", instant_of, _PLAIN_INSTANT, zero_is_none=True
    )
    has_time = bool(stored["chip_time"] or stored["gun_time"])
    yield from truth.is_in("result_status", status_of(athlete.full.row, said, has_time=has_time))
    for field in _FINDS:
        truth.take(field)
    yield from _split_is_wrong(athlete.split, stored, truth)
    yield from truth.beside()


class _Truth:
    """Compares a row with what is stored of it, field by field, and gathers what is to stand beside."""

    def __init__(self, row: Row, stored: Stored, lengths: Lengths) -> None:
        self._row = row
        self._stored = stored
        self._lengths = lengths
        self._known: set[str] = set()
        self.additional: dict[str, object] = {}
        self._too_long: dict[str, str] = {}

    def take(self, field: str) -> None:
        """Know of a field that is in no column of its own."""
        self._known.add(field)

    def said(self, field: str) -> str | None:
        """Return a field as text, None when it says nothing; what the text leaves out is to stand beside."""
        self._known.add(field)
        text, is_whole = reading(self._row.get(field))
        if not is_whole:
            self.additional[field] = spelt(self._row[field])
        return text

    def text(self, column: str, field: str) -> Iterator[str]:
        """Compare a column of text."""
        yield from self.is_in(column, self.said(field))

    def key(self, column: str, field: str) -> Iterator[str]:
        """Compare the hub's own key, which has the partner before the API's id."""
        yield from self.is_in(column, f"ctlive:{self._stored['timing_partner_id']}:{self.said(field)}")

    def read(
        self,
        column: str,
        field: str,
        read: Callable[[str], object],
        plain: re.Pattern[str],
        *,
        zero_is_none: bool = False,
    ) -> Iterator[str]:
        """Compare a column of another type than text."""
        text, kept = self.said(field), self._stored[column]
        if text is None:
            if kept is not None:
                yield f"{column} is {kept!r}, of nothing"
        elif kept is None:
            if plain.fullmatch(text):
                yield f"{column} is empty, not {text}"
            elif not (zero_is_none and is_zero(text)):
                self.additional[field] = spelt(self._row[field])
        else:
            try:
                said = read(text)
            except (ValueError, ArithmeticError) as reason:
                said = reason
            if said != kept:
                yield f"{column} is {kept!r}, not {said!r:.200}"

    def beside(self) -> Iterator[str]:
        """Compare what stands in additional_data, once all columns were compared."""
        unknown = {
            str(spelt(name)): spelt(value)
            for name, value in self._row.items()
            if name not in self._known and value is not None and value != ""
        }
        expected = unknown | self.additional | ({"too_long": self._too_long} if self._too_long else {})
        kept = self._stored["additional_data"] or {}
        for name in sorted(expected.keys() | kept.keys()):
            if name not in kept or name not in expected or not same(kept[name], expected[name]):
                yield (
                    f"additional_data has {name!r:.60} as {kept.get(name)!r:.200}, "
                    f"not {expected.get(name)!r:.200}"
                )

    def is_in(self, column: str, text: str | None) -> Iterator[str]:
        """Compare a column with what is to be in it, as far as it has room."""
        kept, length = self._stored[column], self._lengths.get(column)
        if text is not None and length is not None and len(text) > length:
            self._too_long[column] = text
            # An id that is cut ends in a digest, so that two that begin alike stay two.
            told = length - 17 if column.endswith("_id") else length
            if kept is None or (kept[:told], len(kept)) != (text[:told], length):
                yield f"{column} is {kept!r:.200}, not the beginning of {text!r:.200}"
        elif kept != text:
            yield f"{column} is {kept!r:.200}, not {text!r:.200}"


def _location_is_wrong(stored: Stored, truth: _Truth) -> Iterator[str]:
    said = {name: truth.said(f"location_{name}") for name in _LOCATION}
    expected = {name: text for name, text in said.items() if text}
    if (stored["location"] or {}) != expected:
        yield f"location is {stored['location']!r:.200}, not {expected!r:.200}"


def _id_is_wrong(sent: Sent, stored: Stored, truth: _Truth) -> Iterator[str]:
    entry, _ = reading(sent.row.get("results_entry_id"))
    key = entry and f"ctlive:{stored['timing_partner_id']}:{entry}"
    by_name = "/".join([stored["provider_event_id"], *(str(sent.row.get(name)) for name in NAMES)])
    for column, text in {
        "provider_result_id": entry or by_name,
        "entry_id": key,
        "participant_id": key,
    }.items():
        yield from truth.is_in(column, text)


def _places_are_wrong(placed: Mapping[str, Sent], stored: Stored, truth: _Truth) -> Iterator[str]:
    """Yield what is wrong with the places and the division, which is that of the place where there is one."""
    for column, kind in (("gender_place", "SEX"), ("division_place", "AGE")):
        sent = placed.get(kind)
        of_place = _Truth(sent.row if sent else {}, stored, {})
        yield from of_place.read(column, "results_rank", Decimal, _PLAIN_WHOLE, zero_is_none=True)
    division = placed.get("AGE")
    primary = truth.said("results_primary_bracket_name")
    for column in ("results_primary_bracket_name", "division"):
        yield from truth.is_in(column, division.row["results_bracket_name"] if division else primary)


def _split_is_wrong(sent: Sent | None, stored: Stored, truth: _Truth) -> Iterator[str]:
    kept = stored["split_times"]
    if sent is None:
        if kept:
            yield f"split_times is {kept!r:.200}, of nothing"
        return
    if len(kept) != 1:
        yield f"split_times has {len(kept)} splits, not 1"
        return
    [split] = kept
    name, _ = reading(sent.row.get("results_interval_name"))
    interval = sent.row["results_interval_id"]
    if (split["interval_id"], split["name"]) != (interval, name):
        yield f"the split is {split!r:.200}, not {name!r:.200}"
    unread: dict[str, object] = {}
    for column, field, read, plain in (
        ("name", "results_interval_name", str, _ANY),
        ("chip_seconds", "results_time", seconds_of, _PLAIN_TIME),
        ("gun_seconds", "results_gun_time", seconds_of, _PLAIN_TIME),
        ("rank", "results_rank", Decimal, _PLAIN_WHOLE),
    ):
        beside = _Truth(sent.row, split, {})
        yield from beside.read(column, field, read, plain, zero_is_none=column == "rank")
        unread |= beside.additional
    if unread:
        truth.additional["splits"] = [{"interval_id": interval} | unread]
