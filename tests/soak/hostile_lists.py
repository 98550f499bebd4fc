"""Lists of events, entries and results, most rows of which are hostile in some fields, or in all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from tests.soak.hostile_values import as_read, hostile

Row = dict[str, Any]

# A field that is hostile in no row, unknown to the adapter, and so kept of every row: which one it is.
WITNESS = "custom_element1"
# By these, and its race, a result goes that has no entry.
NAMES = ("results_race_id", "results_bib", "results_first_name", "results_last_name")
_CLEAN = 0.3
_ALL_FIELDS = 0.1
_UNKNOWN_FIELD = 0.3
_NOTHING: tuple[Any, ...] = (None, "", " \t", "\x00", [], {}, {"id": 1})
_SPLIT = 0.5
_NAMELESS = 0.05


@dataclass(frozen=True)
class Sent:
    """A row of a list as the API sends it.

    Attributes:
        text: its JSON.
        row: what that says.
        is_clean: whether nothing in it is hostile.
    """

    text: str
    row: Row
    is_clean: bool

    @property
    def witness(self) -> str:
        """Return which row it is."""
        return str(self.row[WITNESS])


@dataclass(frozen=True)
class Athlete:
    """Two rows of a list of results: of the whole course, and of one split if there is one."""

    full: Sent
    split: Sent | None


def events(dice: Random, count: int, start: datetime) -> list[Sent]:
    """Draw so many rows of events that are published and begin at `start` (aware)."""
    return [_event(dice, number, start) for number in range(1, count + 1)]


def entries(dice: Random, first: int, count: int) -> list[Sent]:
    """Draw so many rows of entries, with ids from `first` on: those of one event are not another's."""
    return [_entry(dice, number) for number in range(first, first + count)]


def athletes(dice: Random, first: int, count: int) -> list[Athlete]:
    """Draw athletes, with ids from `first` on, who have so many rows of results between them."""
    drawn: list[Athlete] = []
    rows = 0
    while rows < count:
        drawn.append(
            _athlete(dice, first + len(drawn), with_split=rows + 1 < count and dice.random() < _SPLIT)
        )
        rows += 2 if drawn[-1].split else 1
    return drawn


def rows_of(drawn: Sequence[Athlete]) -> list[Sent]:
    """Return the rows of some athletes as the API lists them."""
    return [row for athlete in drawn for row in (athlete.full, athlete.split) if row]


def _event(dice: Random, number: int, start: datetime) -> Sent:
    row: Row = {
        "event_name": f"Coming Run {number}",
        "event_end_time": str(int(start.timestamp()) + 9_000),
        "event_description": "A run.\nAlong the lake.",
        "event_tag": f"run-{number}",
        "event_site_uri": "https://run.example.org",
        "event_device_protocol": "CTP01",
        "event_external_id": f"X-{number}",
        "organization_id": str(number % 5),
        "organization_name": "Harbour Timing",
        "location_street": "Main St 1",
        "location_city": "Zürich",
        "location_region": "ZH",
        "location_postal_code": "8001",
        "location_country": "CH",
        "location_time_zone": "Europe/Zurich",
    }
    fixed: Row = {
        "event_id": str(300_000 + number),
        "event_start_time": str(int(start.timestamp())),
        "event_is_published": "1",
    }
    if dice.random() < _NAMELESS:
        fixed[dice.choice(("event_id", "event_name"))] = dice.choice(_NOTHING)
        return _drawn(dice, row, fixed, number, is_clean=False)
    return _drawn(dice, row, fixed, number)


def _entry(dice: Random, number: int) -> Sent:
    row: Row = {
        "race_id": str(1 + number % 3),
        "entry_external_id": f"E-{number}",
        "entry_name": f"Ada Runner {number}",
        "entry_type": "IND",
        "entry_status": "CONF",
        "entry_bib": str(number),
        "entry_race_age": str(18 + number % 60),
        "athlete_id": str(500_000 + number),
        "athlete_first_name": "Ada",
        "athlete_last_name": f"Runner {number}",
        "athlete_sex": "F",
        "athlete_birthdate": f"19{60 + number % 40}-0{1 + number % 9}-1{number % 10}",
        "athlete_email": f"ada{number}@example.org",
        "athlete_home_phone": "044 123 45 67",
        "athlete_mobile_phone": "079 123 45 67",
        "location_street": "Main St 1",
        "location_city": "Zürich",
        "location_region": "ZH",
        "location_postal_code": "8001",
        "location_country": "CH",
        "team_id": str(number % 7),
        "team_name": "Harriers",
        "bracket_name": "F 30-39",
    }
    return _sent(dice, row, "entry_id", number)


def _athlete(dice: Random, number: int, *, with_split: bool) -> Athlete:
    row: Row = {
        "results_bib": str(number),
        "results_first_name": "Ada",
        "results_last_name": f"Runner {number}",
        "results_sex": "F",
        "results_age": str(18 + number % 60),
        "results_hometown": "Zürich, ZH",
        "results_state_code": "ZH",
        "results_postal_code": "8001",
        "results_country_code": "CH",
        "results_race_id": "1",
        "results_time": f"00:{20 + number % 39}:0{number % 10}.{number % 1000:03}",
        "results_gun_time": f"00:{20 + number % 39}:1{number % 10}.{number % 1000:03}",
        "results_end_chip_time": f"{1_790_000_000 + number}.250",
        "results_pace": "00:04:05",
        "results_gun_pace": "00:04:06",
        "results_rank": str(number),
        "results_bracket_name": "Overall",
        "results_primary_bracket_name": "F 30-39",
    }
    if not with_split:
        return Athlete(_sent(dice, row, "results_entry_id", number, FULL), None)
    full = _drawn(dice, row, {"results_entry_id": str(number)} | FULL, number)
    of_split: Row = {
        "results_interval_name": "5K",
        "results_time": "00:10:00.500",
        "results_gun_time": "00:10:10.500",
        "results_rank": str(number),
    }
    # An interval has one name, so each hostile one is an interval of its own.
    fixed: Row = {
        "results_entry_id": str(number),
        "results_interval_id": str(1000 + number),
        "results_interval_full": "0",
    }
    return Athlete(full, _drawn(dice, of_split, fixed, number))


FULL = {"results_interval_id": "9", "results_interval_name": "Full Course", "results_interval_full": "1"}


def _sent(dice: Random, row: Row, id_field: str, number: int, fixed: Row | None = None) -> Sent:
    """Draw a row whose id may be hostile, too. Without one, a result goes by its names, if it has any."""
    kind = dice.random()
    fixed = dict(fixed or {})
    if kind < 0.8:
        fixed[id_field] = str(number)
    elif kind < 0.95:
        odd = (number, number + 0.5, f"\t{number} ", f"\x00{number}", f"{number}\ud800", f"É{number}/'%|\\")
        fixed[id_field] = dice.choice((*odd, f"{number}-{'ab' * 60}", f"{number}{'é' * 50_000}"))
    else:
        fixed[id_field] = dice.choice(_NOTHING)
        if kind < 0.98:
            fixed |= {name: row[name] for name in NAMES if name in row}
        row = {name: value for name, value in row.items() if name not in NAMES}
    return _drawn(dice, row, fixed, number, is_clean=kind < _CLEAN)


def _drawn(dice: Random, row: Row, fixed: Row, number: int, *, is_clean: bool | None = None) -> Sent:
    """Draw hostile values for fields of a row, but for those of `fixed`."""
    if is_clean is None:
        is_clean = dice.random() < _CLEAN
    row = dict(row)
    if not is_clean:
        fields = list(row)
        everywhere = dice.random() < _ALL_FIELDS
        for name in fields if everywhere else dice.sample(fields, min(len(fields), dice.randrange(1, 4))):
            row[name] = hostile(dice)
            if dice.random() < 0.1:
                del row[name]
        if dice.random() < _UNKNOWN_FIELD:
            row[f"custom_{hostile(dice)}"[:50]] = hostile(dice)
    text = json.dumps(row | fixed | {WITNESS: f"w{number}"})
    return Sent(text, as_read(text), is_clean)
