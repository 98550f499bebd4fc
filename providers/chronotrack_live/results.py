"""Puts an athlete's result together from the API's rows.

`interval=ALL` gives one row per athlete and interval: the full course becomes the result, the others its
splits. The rank of a row counts within its bracket, so gender and division places come from readings of
the SEX and AGE brackets, and the status from the entry (fact sheet, sections 5.8 and 6).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from typing import Any, NamedTuple

from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.parse import RowReader, decimal, duration, identity, place, rejected
from providers.errors import RowRejected
from providers.records import ProviderResult, Split

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
    "results_interval_full",
    "results_rank",
    "results_bracket_name",
)

# Statuses that say only that the entry is a valid one; whether the athlete has finished, the times say.
_CONFIRMED = ("conf", "confirmed")
_YES = ("1", "1.0", "True", "true")

AthleteKey = tuple[str, ...]


class Place(NamedTuple):
    """An athlete's place within a bracket of a race."""

    rank: int | None
    bracket: str | None


def athlete_key(row: Row) -> AthleteKey | None:
    """Return what tells the athletes of an event apart; None for a row that belongs to nobody.

    It is the entry's id; a row without one goes by race, bib and name.
    """
    entry = identity(row.get("results_entry_id"))
    if entry and entry != "0":
        return (entry,)
    parts = tuple(
        identity(row.get(name))
        for name in ("results_race_id", "results_bib", "results_first_name", "results_last_name")
    )
    return parts if any(parts[1:]) else None


def is_full_course(row: Row) -> bool:
    """Return whether the row is of the whole course; interval names vary and say nothing."""
    return identity(row.get("results_interval_full")) in _YES


def interval_key(row: Row) -> str:
    """Return what tells the intervals of a race apart: the interval's id, or its name without one."""
    return identity(row.get("results_interval_id")) or identity(row.get("results_interval_name"))


class Places:
    """The full-course places of one reading of a bracket type.

    Beside the plain brackets of a type an organiser may have made others ("Female Locals", "Clydesdale"),
    so an athlete may have several places, and all of them are kept until one is asked for.
    """

    def __init__(self) -> None:
        self._places: dict[AthleteKey, list[Place]] = {}
        self._seen: set[tuple[AthleteKey | None, str, str]] = set()
        self._sizes: Counter[str | None] = Counter()

    def is_new(self, row: Row) -> bool:
        """Take a row in; return whether it is not a repeat."""
        athlete = athlete_key(row)
        interval = "" if is_full_course(row) else interval_key(row)
        key = (athlete, interval, identity(row.get("results_bracket_name")))
        if key in self._seen:
            return False
        self._seen.add(key)
        if athlete is not None and is_full_course(row):
            read = RowReader(row)
            place = Place(read.place("results_rank"), read.text("results_bracket_name"))
            self._places.setdefault(athlete, []).append(place)
            self._sizes[place.bracket] += 1
        return True

    def of(self, athlete: AthleteKey, *, not_in: str | None, rather_in: str | None = None) -> Place:
        """Return an athlete's place, empty when the athlete has none in this bracket type.

        Args:
            athlete: whose.
            not_in: the bracket of the overall ranks: a server that ignores the bracket type answers with it.
            rather_in: the athlete's own division. Without it, or when it has no place, the largest
                bracket counts: those that an organiser adds hold a part of a plain one's athletes.
        """
        found = [p for p in self._places.get(athlete, ()) if p.bracket is None or p.bracket != not_in]
        if not found:
            return Place(None, None)
        own = [place for place in found if rather_in is not None and place.bracket == rather_in]
        return own[0] if own else max(found, key=lambda place: self._sizes[place.bracket])


# A split's fields in the order in which a `_SplitRow` keeps them.
_SPLIT_FIELDS = (
    "results_interval_id",
    "results_interval_name",
    "results_time",
    "results_gun_time",
    "results_end_chip_time",
    "results_rank",
)
_SplitRow = tuple[Any, ...]


@dataclass(slots=True)
class _Athlete:
    """An athlete's rows as far as they were read: whole for the course, a few fields for a split."""

    person: Row
    course: Row | None = None
    splits: dict[str, _SplitRow] = field(default_factory=dict)


class ResultAssembly:
    """Collects the rows of one reading of an event's `interval=ALL`, athlete by athlete."""

    def __init__(self, provider_event_id: str) -> None:
        self._provider_event_id = provider_event_id
        self._athletes: dict[AthleteKey, _Athlete] = {}
        self.rejected: list[RowRejected] = []

    def __len__(self) -> int:
        return len(self._athletes)

    def is_new(self, row: Row) -> bool:
        """Take a row in; return whether it is not a repeat."""
        key = athlete_key(row)
        if key is None:
            self.rejected.append(rejected("result without entry, bib and name", row, "result"))
            return True
        athlete = self._athletes.get(key)
        if athlete is None:
            athlete = self._athletes[key] = _Athlete(person=row)
        if is_full_course(row):
            if athlete.course is not None:
                return False
            athlete.course = athlete.person = row
            return True
        interval = interval_key(row)
        if interval in athlete.splits:
            return False
        athlete.splits[interval] = tuple(row.get(name) for name in _SPLIT_FIELDS)
        return True

    def results(
        self, statuses: Mapping[str, str], genders: Places, divisions: Places
    ) -> Iterator[ProviderResult]:
        """Yield each athlete's result, letting go of its rows on the way.

        Args:
            statuses: the entries' statuses by entry id, as the API spells them.
            genders: places in the SEX brackets.
            divisions: places in the AGE brackets.
        """
        while self._athletes:
            key, athlete = self._athletes.popitem()
            yield _result(self._identity(key), key, athlete, statuses, genders, divisions)

    def _identity(self, key: AthleteKey) -> str:
        """Return the result's id: the entry's, or one that no other athlete of any event has."""
        if len(key) == 1:
            return key[0]
        parts = (self._provider_event_id, *key)
        return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def _result(
    result_id: str,
    key: AthleteKey,
    athlete: _Athlete,
    statuses: Mapping[str, str],
    genders: Places,
    divisions: Places,
) -> ProviderResult:
    entry_id = key[0] if len(key) == 1 else None
    person = RowReader(athlete.person)
    # Without a full-course row there is no time of the whole course yet, whatever a split's row says.
    course = RowReader(athlete.course or {})
    splits, unreadable_splits = _splits(athlete.splits.values())
    overall, primary = course.text("results_bracket_name"), person.text("results_primary_bracket_name")
    gender = genders.of(key, not_in=overall)
    division = divisions.of(key, not_in=overall, rather_in=primary)
    chip_time, gun_time = course.duration("results_time"), course.duration("results_gun_time")
    return ProviderResult(
        provider_result_id=result_id,
        provider_participant_id=entry_id,
        provider_race_id=person.text("results_race_id"),
        status=_status(statuses.get(entry_id) if entry_id else None, finished=bool(chip_time or gun_time)),
        bib=person.text("results_bib"),
        first_name=person.text("results_first_name"),
        last_name=person.text("results_last_name"),
        sex=person.text("results_sex"),
        age=person.whole("results_age"),
        hometown=person.text("results_hometown"),
        state_code=person.text("results_state_code"),
        postal_code=person.text("results_postal_code"),
        country_code=person.text("results_country_code"),
        chip_time=chip_time,
        gun_time=gun_time,
        pace=course.duration("results_pace"),
        gun_pace=course.duration("results_gun_pace"),
        overall_place=course.place("results_rank"),
        gender_place=gender.rank,
        division_place=division.rank,
        bracket_name=overall,
        division=primary or division.bracket,
        finish_time=course.instant("results_end_chip_time"),
        splits=splits,
        additional_data=person.unreadable() | course.unreadable() | unreadable_splits,
    )


def _status(entry_status: str | None, *, finished: bool) -> str:
    if entry_status and entry_status.lower() not in _CONFIRMED:
        return entry_status.lower()
    return "finished" if finished else "started"


def _splits(rows: Iterable[_SplitRow]) -> tuple[tuple[Split, ...], dict[str, object]]:
    """Return the splits in course order, and for additional_data what could not be read of them.

    The order is that in which the athlete passed their ends, then that of their times.
    """
    unreadable: list[dict[str, object]] = []
    passed = [_usual_split(row) or _split(row, unreadable) for row in rows]
    passed.sort(key=_course_order)
    return tuple(split for _, split in passed), {"splits": unreadable} if unreadable else {}


def _usual_split(row: _SplitRow) -> tuple[float, Split] | None:
    """Read a split all of whose fields are there and in the usual form; None for any other.

    Most rows of a race are such splits, so they are worth a short way of their own.
    """
    interval_id, name, chip_time, gun_time, end, rank = row
    try:
        if not (interval_id.isalnum() and name.isprintable() and name == name.strip() and rank.isdecimal()):
            return None
        split = Split(
            interval_id=interval_id,
            name=name,
            chip_time=duration(chip_time),
            gun_time=duration(gun_time),
            rank=place(rank),
        )
        return decimal(end) or inf, split
    except (AttributeError, TypeError, ValueError):
        return None


def _split(row: _SplitRow, unreadable: list[dict[str, object]]) -> tuple[float, Split]:
    """Read a split of any form; what cannot be read of it goes to `unreadable`."""
    read = RowReader(dict(zip(_SPLIT_FIELDS, row, strict=True)))
    split = Split(
        interval_id=read.text("results_interval_id") or "",
        name=read.text("results_interval_name"),
        chip_time=read.duration("results_time"),
        gun_time=read.duration("results_gun_time"),
        rank=read.place("results_rank"),
    )
    end = read.decimal("results_end_chip_time") or inf
    if odd := read.unreadable():
        unreadable.append({"interval_id": split.interval_id, **odd})
    return end, split


def _course_order(passed: tuple[float, Split]) -> tuple[float, timedelta, str]:
    end, split = passed
    return end, split.chip_time or split.gun_time or timedelta.max, split.interval_id
