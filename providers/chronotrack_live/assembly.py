"""Puts an athlete's result together from the API's rows.

`interval=ALL` gives one row per athlete and interval: the full course becomes the result, the others its
splits; places and status come from further readings (fact sheet, sections 5.8 and 6).
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator

from providers.chronotrack_live.athlete import Athlete, Standing
from providers.chronotrack_live.fingerprints import Codebook
from providers.chronotrack_live.packing import RowPacker
from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.parse import rejected
from providers.chronotrack_live.places import NO_PLACE, Place, Places
from providers.chronotrack_live.result_maker import ResultMaker
from providers.chronotrack_live.result_rows import AthleteKey, Interval, Intervals, athlete_key, rank_of
from providers.chronotrack_live.splits import UsualSplits
from providers.chronotrack_live.values import identity
from providers.errors import RowRejected
from providers.records import ProviderResult

# An entry's id has no more characters; the host's columns take twice as many.
_USUAL_ID = 50
# Athletes whose results are made at once.
_PORTION = 500


class ResultAssembly:
    """Collects the rows of one reading of an event's `interval=ALL`, athlete by athlete."""

    def __init__(self, provider_event_id: str) -> None:
        self._athletes: dict[AthleteKey, Athlete] = {}
        self._packer = RowPacker()
        self._intervals = Intervals()
        self._usual_splits = UsualSplits()
        self._maker = ResultMaker(provider_event_id, self._packer, self._usual_splits)
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
            athlete = self._athletes[key] = Athlete(self._packer.pack(row), self._race(row))
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
            portion = [self._athletes.popitem() for _ in range(min(_PORTION, len(self._athletes)))]
            standings = []
            for key, athlete in portion:
                gender, division = self._places(key, athlete, genders, divisions)
                fingerprint = hash((key, athlete.facts(), gender, division))
                self.fingerprints.append(fingerprint)
                # Those who go by their names are few, and a long id is not stored as it is.
                if fingerprint in known and isinstance(key, str) and len(key) <= _USUAL_ID:
                    unchanged.append(key)
                else:
                    standings.append(Standing(key, athlete, gender, division))
            yield from self._maker.results(standings)

    def _race(self, row: Row) -> str:
        race_id = identity(row.get("results_race_id"))
        return self._texts.setdefault(race_id, race_id)

    def _add_split(self, athlete: Athlete, interval: Interval, row: Row) -> None:
        packed = self._usual_splits.pack(interval, row)
        if packed is None:
            athlete.odd_splits = (*athlete.odd_splits, self._packer.pack(row))
        else:
            athlete.splits += packed

    def _places(
        self, key: AthleteKey, athlete: Athlete, genders: Places, divisions: Places
    ) -> tuple[Place, Place]:
        """Return an athlete's places by gender and by division; without a full course there is none."""
        if athlete.overall is None:
            return NO_PLACE, NO_PLACE
        overall = athlete.overall[1]
        gender = genders.of(key, athlete.race_id, not_in=overall)
        division = divisions.of(key, athlete.race_id, not_in=overall, rather_in=athlete.division)
        return gender, division
