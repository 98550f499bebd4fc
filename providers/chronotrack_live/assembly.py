"""Puts an athlete's result together from the API's rows.

`interval=ALL` gives one row per athlete and interval: the full course becomes the result, the others its
splits; places and status come from further readings (fact sheet, sections 5.8 and 6).
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from providers.chronotrack_live.fingerprints import Codebook
from providers.chronotrack_live.packing import RowPacker
from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.parse import RowReader, rejected
from providers.chronotrack_live.places import NO_PLACE, Place, Places
from providers.chronotrack_live.result_rows import (
    PASSED_OVER,
    AthleteKey,
    Interval,
    Intervals,
    athlete_key,
    rank_of,
)
from providers.chronotrack_live.splits import UsualSplits, in_course_order, odd_split
from providers.chronotrack_live.values import identity
from providers.errors import RowRejected
from providers.records import ProviderResult, Split

# Our names of the texts that say who it is, and the API's.
_PERSON = {
    "provider_race_id": "results_race_id",
    "bib": "results_bib",
    "first_name": "results_first_name",
    "last_name": "results_last_name",
    "sex": "results_sex",
    "hometown": "results_hometown",
    "state_code": "results_state_code",
    "postal_code": "results_postal_code",
    "country_code": "results_country_code",
}
# Statuses that say only that the entry is a valid one; whether the athlete has finished, the times say.
_CONFIRMED = ("conf", "confirmed")
# An entry's id has no more characters; the host's columns take twice as many.
_USUAL_ID = 50


@dataclass(slots=True)
class _Athlete:
    """An athlete's rows as far as they were read.

    Attributes:
        person: the row that says who it is, packed: the full course's, else the first that came.
        race_id: of that row.
        seen: a bit for each interval that was met.
        overall: rank and bracket of the full course, None until there is such a row; 0 for no rank.
        division: the main one, as that row names it.
        splits: those of the usual form, packed.
        odd_splits: the rows of all others, packed.
        status: the entry's, as the API spells it.
    """

    person: bytes
    race_id: str
    seen: int = 0
    overall: tuple[int, str | None] | None = None
    division: str | None = None
    splits: bytearray = field(default_factory=bytearray)
    odd_splits: tuple[bytes, ...] = ()
    status: str = ""

    def facts(self) -> tuple[object, ...]:
        """Return all that was read of the athlete, as the packer has packed it."""
        rows = self.person, bytes(self.splits), self.odd_splits
        return *rows, self.race_id, self.overall, self.division, self.status


class ResultAssembly:
    """Collects the rows of one reading of an event's `interval=ALL`, athlete by athlete."""

    def __init__(self, provider_event_id: str) -> None:
        self._provider_event_id = provider_event_id
        self._athletes: dict[AthleteKey, _Athlete] = {}
        self._packer = RowPacker()
        self._intervals = Intervals()
        self._usual_splits = UsualSplits()
        # Texts that many athletes share are kept once.
        self._texts: dict[str, str] = {}
        # The names of the athletes' main divisions.
        self.divisions: set[str] = set()
        # Of those whose results were yielded, or as they were.
        self.fingerprints = array("q")
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
        is_first = athlete is None
        if athlete is None:
            athlete = self._athletes[key] = _Athlete(self._packer.pack(row), self._race(row))
        interval = self._intervals.of(row)
        bit = 1 << interval.number
        if athlete.seen & bit:
            return False
        athlete.seen |= bit
        if not interval.is_full:
            self._add_split(athlete, interval, row)
        elif athlete.overall is None:
            if not is_first:
                athlete.person, athlete.race_id = self._packer.pack(row), self._race(row)
            bracket = identity(row.get("results_bracket_name"))
            rank = rank_of(row) or 0
            if division := identity(row.get("results_primary_bracket_name")):
                self.divisions.add(division)
                athlete.division = self._texts.setdefault(division, division)
            athlete.overall = rank, self._texts.setdefault(bracket, bracket) or None
        else:
            api_id = key if isinstance(key, str) else None
            self.rejected.append(rejected("another full course of the same athlete", row, "result", api_id))
        return True

    def set_status(self, key: AthleteKey | None, status: str) -> None:
        """Say what the entry's status is, as the API spells it; entries without a result are passed over."""
        athlete = None if key is None else self._athletes.get(key)
        if athlete is not None:
            athlete.status = self._texts.setdefault(status, status)

    @property
    def goes_by_name(self) -> bool:
        """Whether there are athletes without an entry id."""
        return any(not isinstance(key, str) for key in self._athletes)

    @property
    def athletes(self) -> set[AthleteKey]:
        """Those who have a result."""
        return set(self._athletes)

    def leave_out(self, athletes: Iterable[AthleteKey]) -> None:
        """Forget the results of some athletes."""
        for athlete in athletes:
            self._athletes.pop(athlete, None)

    def ranked(self) -> dict[str, list[AthleteKey]]:
        """Return the races that have ranked athletes, and who they are."""
        ranked: dict[str, list[AthleteKey]] = {}
        for key, athlete in self._athletes.items():
            if athlete.overall is not None and athlete.overall[0]:
                ranked.setdefault(athlete.race_id, []).append(key)
        return ranked

    def any_placed(self, race_id: str, athletes: Iterable[AthleteKey], places: Places) -> bool:
        """Say whether a race's ranked athletes have places of their own.

        A server that takes no notice of a bracket type answers with the overall ranks. Where it does not
        name the bracket either, the winners tell: brackets have one each. (Ranks cannot be compared one by
        one: between the two readings somebody may finish, or be disqualified.)
        """
        firsts = 0
        for key in athletes:
            rank, bracket = self._athletes[key].overall or (0, None)
            firsts += rank == 1
            place = places.of(key, race_id, not_in=bracket)
            if place.rank is not None and place.bracket is not None:
                return True
        return places.unnamed_firsts(race_id) > max(firsts, 1)

    @property
    def codebook(self) -> Codebook:
        """What the athletes' rows are packed by."""
        return Codebook(self._packer.names, self._usual_splits.intervals)

    def results(self, genders: Places, divisions: Places) -> Iterator[ProviderResult]:
        """Yield each athlete's result, letting go of its rows on the way.

        Args:
            genders: places in the SEX brackets.
            divisions: places in the AGE brackets.
        """
        return self.changes(genders, divisions, frozenset(), [])

    def changes(
        self, genders: Places, divisions: Places, known: Collection[int], unchanged: list[str]
    ) -> Iterator[ProviderResult]:
        """Yield the results as `results` does, but only the id of those that are known.

        Args:
            genders: places in the SEX brackets.
            divisions: places in the AGE brackets.
            known: the fingerprints of athletes as they were stored.
            unchanged: takes the ids of those who are as they were.
        """
        while self._athletes:
            key, athlete = self._athletes.popitem()
            gender, division = self._places(key, athlete, genders, divisions)
            fingerprint = hash((key, athlete.facts(), gender, division))
            self.fingerprints.append(fingerprint)
            # Those who go by their names are few, and a long id is not stored as it is.
            if fingerprint in known and isinstance(key, str) and len(key) <= _USUAL_ID:
                unchanged.append(key)
            else:
                yield self._result(key, athlete, gender, division)

    def _race(self, row: Row) -> str:
        race_id = identity(row.get("results_race_id"))
        return self._texts.setdefault(race_id, race_id)

    def _add_split(self, athlete: _Athlete, interval: Interval, row: Row) -> None:
        packed = self._usual_splits.pack(interval, row)
        if packed is None:
            athlete.odd_splits = (*athlete.odd_splits, self._packer.pack(row))
        else:
            athlete.splits += packed

    def _identity(self, key: AthleteKey) -> str:
        """Return the result's id: the entry's, or one that no other athlete of any event has."""
        if isinstance(key, str):
            return key
        parts = (self._provider_event_id, *key)
        return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)

    def _places(
        self, key: AthleteKey, athlete: _Athlete, genders: Places, divisions: Places
    ) -> tuple[Place, Place]:
        """Return an athlete's places by gender and by division; without a full course there is none."""
        if athlete.overall is None:
            return NO_PLACE, NO_PLACE
        overall = athlete.overall[1]
        gender = genders.of(key, athlete.race_id, not_in=overall)
        division = divisions.of(key, athlete.race_id, not_in=overall, rather_in=athlete.division)
        return gender, division

    def _result(self, key: AthleteKey, athlete: _Athlete, gender: Place, division: Place) -> ProviderResult:
        person = RowReader(self._packer.unpack(athlete.person))
        # Without a full-course row there is no time of the whole course yet, whatever a split's row says.
        course = person if athlete.overall else RowReader({})
        splits, unreadable_splits = self._splits(athlete)
        overall, primary = course.text("results_bracket_name"), person.text("results_primary_bracket_name")
        chip_time, gun_time = course.duration("results_time"), course.duration("results_gun_time")
        return ProviderResult(
            provider_result_id=self._identity(key),
            provider_participant_id=key if isinstance(key, str) else None,
            status=_status(athlete.status, finished=bool(chip_time or gun_time)),
            age=person.whole("results_age"),
            **person.texts(_PERSON),
            chip_time=chip_time,
            gun_time=gun_time,
            pace=course.duration("results_pace"),
            gun_pace=course.duration("results_gun_pace"),
            overall_place=course.place("results_rank"),
            gender_place=gender.rank,
            division_place=division.rank,
            bracket_name=overall,
            # The division of the place, where there is one: another one's name beside it would mislead.
            division=division.bracket or primary,
            finish_time=course.instant("results_end_chip_time"),
            splits=splits,
            additional_data=person.additional_data(PASSED_OVER) | unreadable_splits,
        )

    def _splits(self, athlete: _Athlete) -> tuple[tuple[Split, ...], dict[str, object]]:
        """Return the splits in course order, and for additional_data what could not be read of them."""
        if not athlete.splits and not athlete.odd_splits:
            return (), {}
        passed = self._usual_splits.read(athlete.splits)
        unreadable = []
        for packed in athlete.odd_splits:
            end, split, odd = odd_split(self._packer.unpack(packed))
            passed.append((end, split))
            unreadable += [odd] if odd else []
        return in_course_order(passed), {"splits": unreadable} if unreadable else {}


def _status(entry_status: str, *, finished: bool) -> str:
    if entry_status and entry_status.lower() not in _CONFIRMED:
        return entry_status.lower()
    return "finished" if finished else "started"
