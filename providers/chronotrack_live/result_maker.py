"""Makes results of athletes: of many at once, as their rows are read (see `columns`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from providers.chronotrack_live.athlete import Athlete, Standing
from providers.chronotrack_live.columns import Columns
from providers.chronotrack_live.packing import RowPacker
from providers.chronotrack_live.parse import Field
from providers.chronotrack_live.result_rows import PASSED_OVER, AthleteKey
from providers.chronotrack_live.splits import UsualSplits, in_course_order, odd_split
from providers.chronotrack_live.values import duration, instant, integer, place
from providers.records import ProviderResult, Split

# Our names of what any row says of the athlete, and the API's.
_PERSON: Mapping[str, Field] = {
    "provider_race_id": "results_race_id",
    "bib": "results_bib",
    "first_name": "results_first_name",
    "last_name": "results_last_name",
    "sex": "results_sex",
    "age": ("results_age", integer),
    "hometown": "results_hometown",
    "state_code": "results_state_code",
    "postal_code": "results_postal_code",
    "country_code": "results_country_code",
    "division": "results_primary_bracket_name",
}
# What the row of the full course says of that.
_COURSE: Mapping[str, Field] = {
    "chip_time": ("results_time", duration),
    "gun_time": ("results_gun_time", duration),
    "pace": ("results_pace", duration),
    "gun_pace": ("results_gun_pace", duration),
    "overall_place": ("results_rank", place),
    "bracket_name": "results_bracket_name",
    "finish_time": ("results_end_chip_time", instant),
}
# Statuses that say only that the entry is a valid one; whether the athlete has finished, the times say.
_CONFIRMED = ("", "conf", "confirmed")
# Splits, and nothing of them that could not be read.
_NO_SPLITS: tuple[tuple[Split, ...], dict[str, object]] = (), {}


class ResultMaker:
    """Makes the results of one reading."""

    def __init__(self, provider_event_id: str, packer: RowPacker, usual_splits: UsualSplits) -> None:
        """Keep who packed the rows of the athletes, and their splits."""
        self._provider_event_id = provider_event_id
        self._packer = packer
        self._usual_splits = usual_splits

    def results(self, standings: Sequence[Standing]) -> Iterator[ProviderResult]:
        """Yield the athletes' results, in any order."""
        # Without a full-course row there is no time of the whole course yet, whatever a split's row says.
        for course, fields in ((True, {**_PERSON, **_COURSE}), (False, _PERSON)):
            some = [standing for standing in standings if (standing.athlete.overall is not None) is course]
            for at, rows in self._packer.columns([standing.athlete.person for standing in some]):
                yield from self._read([some[each] for each in at], rows, fields)

    def _read(
        self, standings: Sequence[Standing], rows: Columns, fields: Mapping[str, Field]
    ) -> Iterator[ProviderResult]:
        """Yield the results of athletes whose rows are of one form."""
        found: dict[str, Sequence[Any]] = {**rows.fields(fields)}
        absent = [None] * len(standings)
        for name in _COURSE.keys() - found:
            found[name] = absent
        # The division of the place, where there is one: another one's name beside it would mislead.
        found["division"] = [
            s.division.bracket or own for s, own in zip(standings, found["division"], strict=True)
        ]
        found["gender_place"] = [standing.gender.rank for standing in standings]
        found["division_place"] = [standing.division.rank for standing in standings]
        found["provider_result_id"] = [self._identity(standing.key) for standing in standings]
        found["provider_participant_id"] = [s.key if isinstance(s.key, str) else None for s in standings]
        found["status"] = [
            _status(standing.athlete.status, finished=bool(chip_time or gun_time))
            for standing, chip_time, gun_time in zip(
                standings, found["chip_time"], found["gun_time"], strict=True
            )
        ]
        found["splits"], unreadable = zip(
            *[
                self._splits(athlete) if athlete.splits or athlete.odd_splits else _NO_SPLITS
                for athlete in [standing.athlete for standing in standings]
            ],
            strict=True,
        )
        found["additional_data"] = [
            {**data, **odd} if odd else data
            for data, odd in zip(rows.additional_data(PASSED_OVER), unreadable, strict=True)
        ]
        return map(ProviderResult._make, zip(*(found[n] for n in ProviderResult._fields), strict=True))

    def _identity(self, key: AthleteKey) -> str:
        """Return the result's id: the entry's, or one that no other athlete of any event has."""
        if isinstance(key, str):
            return key
        parts = (self._provider_event_id, *key)
        return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)

    def _splits(self, athlete: Athlete) -> tuple[tuple[Split, ...], dict[str, object]]:
        """Return the splits in course order, and for additional_data what could not be read of them."""
        passed = self._usual_splits.read(athlete.splits)
        unreadable = []
        for packed in athlete.odd_splits:
            end, split, odd = odd_split(self._packer.unpack(packed))
            passed.append((end, split))
            unreadable += [odd] if odd else []
        return in_course_order(passed), {"splits": unreadable} if unreadable else {}


def _status(entry_status: str, *, finished: bool) -> str:
    if entry_status.lower() not in _CONFIRMED:
        return entry_status.lower()
    return "finished" if finished else "started"
