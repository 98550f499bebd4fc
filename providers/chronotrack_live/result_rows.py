"""The API's rows of results: what is asked for, and what a row says of itself.

One row is one athlete in one interval, ranked in one bracket (fact sheet, section 5.8).
"""

from __future__ import annotations

from dataclasses import dataclass

from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.parse import RowReader
from providers.chronotrack_live.values import identity

# What is asked for: fewer bytes than every field of the row.
COLUMNS = (
    "results_entry_id",
    "results_bib",
    "results_first_name",
    "results_last_name",
    "results_sex",
    "results_age",
    "results_hometown",
    "results_state_code",
    "results_postal_code",
    "results_country_code",
    "results_race_id",
    "results_interval_id",
    "results_interval_name",
    "results_interval_full",
    "results_time",
    "results_gun_time",
    "results_end_chip_time",
    "results_pace",
    "results_gun_pace",
    "results_rank",
    "results_bracket_name",
    "results_primary_bracket_name",
)
PLACE_COLUMNS = (
    "results_entry_id",
    "results_bib",
    "results_first_name",
    "results_last_name",
    "results_race_id",
    "results_interval_id",
    "results_interval_name",
    "results_interval_full",
    "results_rank",
    "results_bracket_name",
)
# Known and not needed, for servers that send every field whatever is asked for.
PASSED_OVER = frozenset(
    {
        "results_event_name",
        "results_race_name",
        "results_penalty_time",
        "results_time_with_penalty",
        "results_gun_time_with_penalty",
        "results_start_time",
        "results_begin_chip_time",
        "results_pace_unit",
        "results_primary_bracket_id",
        "result_generation_gen_time",
        *COLUMNS,
    }
)

# Digits of a rank that may be no number that the hub can keep.
_LONG_RANK = 10
_YES = ("1", "1.0", "True", "true")

# An entry's id; for a row without one its race, bib, first and last name.
AthleteKey = str | tuple[str, ...]


def athlete_key(row: Row) -> AthleteKey | None:
    """Return what tells the athletes of an event apart; None for a row that belongs to nobody.

    It is the entry's id; a row without one goes by race, bib and name.
    """
    entry = row.get("results_entry_id")
    if type(entry) is not str or not entry.isalnum():
        entry = identity(entry)
    if entry and entry != "0":
        return entry
    return _by_name(row, "results_race_id", "results_bib", "results_first_name", "results_last_name")


def entry_key(row: Row) -> AthleteKey | None:
    """Return the key that an entry's athlete has among results without entry ids."""
    return _by_name(row, "race_id", "entry_bib", "athlete_first_name", "athlete_last_name")


def _by_name(row: Row, *fields: str) -> AthleteKey | None:
    parts = tuple(identity(row.get(name)) for name in fields)
    return parts if any(parts[1:]) else None


def rank_of(row: Row) -> int | None:
    """Return the row's rank within its bracket; None for none, and for what is no rank."""
    rank = row.get("results_rank")
    if type(rank) is str and rank.isdecimal() and len(rank) < _LONG_RANK:
        # Nearly every row, and each has one.
        return int(rank) or None
    return RowReader(row).place("results_rank")


def is_full_course(row: Row) -> bool:
    """Return whether the row is of the whole course; interval names vary and say nothing."""
    return identity(row.get("results_interval_full")) in _YES


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval as the rows of one reading name it.

    Attributes:
        number: counts the different intervals, from 0.
        interval_id: the API's id, empty when there is none.
        name: None when there is none.
        is_full: whether it is the whole course.
        is_plain: whether id and name are texts that need no reading.
    """

    number: int
    interval_id: str
    name: str | None
    is_full: bool
    is_plain: bool


class Intervals:
    """The intervals of one reading: an interval goes by its id, or by its name without one."""

    def __init__(self) -> None:
        self._by_words: dict[tuple[str | None, ...], Interval] = {}
        self._numbers: dict[tuple[bool, str], int] = {}

    def of(self, row: Row) -> Interval:
        """Return the row's interval."""
        interval_id, name = row.get("results_interval_id"), row.get("results_interval_name")
        if type(interval_id) is not str or (name is not None and type(name) is not str):
            # Not what the API sends, and 1, 1.0 and True would be one and the same key.
            return self._read(row)
        words = (interval_id, name, identity(row.get("results_interval_full")))
        known = self._by_words.get(words)
        if known is None:
            known = self._by_words[words] = self._read(row)
        return known

    def _read(self, row: Row) -> Interval:
        interval_id, name = row.get("results_interval_id"), row.get("results_interval_name")
        key = is_full_course(row), identity(interval_id) or identity(name)
        return Interval(
            number=self._numbers.setdefault(key, len(self._numbers)),
            interval_id=identity(interval_id),
            name=identity(name) or None,
            is_full=key[0],
            is_plain=_is_plain(interval_id) and (name is None or _is_plain(name)),
        )


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and value == value.strip()
