"""What the API of the benchmarks answers: pages that are made once, with a mark where an event's id goes.

An event's athletes have passed the intervals on the way and come in at the finish one after the other, so a
later list of results has more finishers and is otherwise the same (fact sheet, sections 4 and 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson

# Where an event's id goes; nothing else in a page has one.
_MARK = "@"
# Seconds after the start, by interval: the first athlete passes then, and the others one a second after him.
_SPLITS = {"5K": 1_100, "10K": 2_300}
_FULL = 4_900
_AGES = ("20-29", "30-39", "40-49", "50-59")
# Lists of results that are kept: of one number of finishers there are three, and of the one before.
_KEPT = 6


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, and what its headers say of the list."""

    body: bytes
    row_count: int
    page_count: int

    def about(self, event_id: str) -> bytes:
        """Return the page as that of an event."""
        return self.body.replace(_MARK.encode(), event_id.encode())


class Listing:
    """A list of rows, whose pages are made when they are first asked for."""

    def __init__(self, wrapper: str, rows: list[dict[str, str]]) -> None:
        self._wrapper = wrapper
        self._rows = rows
        self._pages: dict[tuple[int, int], Page] = {}

    def page(self, number: int, size: int) -> Page:
        """Return the page of that number, from 1; beyond the last one it is empty."""
        if (number, size) not in self._pages:
            rows = self._rows[(number - 1) * size : number * size]
            count = len(self._rows)
            body = orjson.dumps({self._wrapper: rows})
            self._pages[number, size] = Page(body, count, max(1, -(-count // size)))
        return self._pages[number, size]


class Pages:
    """The lists of an event, all of whose events have the same athletes but for their ids.

    Args:
        start: of every event (aware).
        athletes: of every event.
        splits: whether they have passed intervals on the way.
    """

    def __init__(self, start: datetime, athletes: int, *, splits: bool = True) -> None:
        self._start = int(start.timestamp())
        self._splits = _SPLITS if splits else {}
        self._numbers = range(1, athletes + 1)
        self.races = Listing("event_race", [self._race()])
        self.entries = Listing("event_entry", [self._entry(number) for number in self._numbers])
        self._results: dict[tuple[int, str], Listing] = {}

    def events(self, event_ids: list[str]) -> Listing:
        """Return the list of events."""
        return Listing("event", [self._event(event_id) for event_id in event_ids])

    def results(self, finishers: int, bracket: str) -> Listing:
        """Return the results while so many athletes have finished.

        Args:
            finishers: how many of them.
            bracket: SEX or AGE; empty for all intervals.
        """
        finished = min(len(self._numbers), finishers)
        if (finished, bracket) not in self._results:
            rows = self._ranked(finished, bracket) if bracket else self._intervals(finished)
            self._results[finished, bracket] = Listing("event_results", rows)
            if len(self._results) > _KEPT:
                del self._results[next(iter(self._results))]
        return self._results[finished, bracket]

    def _event(self, event_id: str) -> dict[str, str]:
        return {
            "event_id": event_id,
            "event_name": f"Harbour Half {event_id}",
            "event_start_time": str(self._start),
            "event_end_time": str(self._start + 4 * 3600),
            "event_is_published": "1",
            "location_time_zone": "UTC",
        }

    def _race(self) -> dict[str, str]:
        return {
            "race_id": f"{_MARK}1",
            "race_name": "Half Marathon",
            "race_type": "Running",
            "race_course_distance": "21097",
            "race_planned_start_time": str(self._start),
        }

    def _entry(self, number: int) -> dict[str, str]:
        return {
            "entry_id": f"{_MARK}{number:05}",
            "entry_name": f"Ada{number} Runner",
            "entry_status": "CONF",
            "entry_bib": str(number),
            "entry_race_age": _age(number),
            "athlete_id": f"{_MARK}{number:05}",
            "athlete_first_name": f"Ada{number}",
            "athlete_last_name": "Runner",
            "athlete_sex": _sex(number),
            "athlete_birthdate": "1990-05-01",
            "location_city": "Boston",
            "location_region": "MA",
            "race_id": f"{_MARK}1",
            "bracket_name": _division(number),
        }

    def _intervals(self, finished: int) -> list[dict[str, str]]:
        rows = []
        for place, (name, first) in enumerate(self._splits.items(), start=2):
            rows += [self._interval(n, f"{_MARK}{place}", name, first) for n in self._numbers]
        return rows + [self._interval(n, f"{_MARK}1", "Full Course", _FULL) for n in self._numbers[:finished]]

    def _interval(self, number: int, interval_id: str, name: str, first: int) -> dict[str, str]:
        seconds = first + number
        taken = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.00"
        return _place(number, interval_id, name, "", number) | {
            "results_sex": _sex(number),
            "results_age": _age(number),
            "results_hometown": "Boston",
            "results_state_code": "MA",
            "results_postal_code": "02108",
            "results_country_code": "US",
            "results_time": taken,
            "results_gun_time": taken,
            "results_end_chip_time": f"{self._start + seconds}.00",
            "results_pace": "05:10",
            "results_gun_pace": "05:10",
            "results_primary_bracket_name": _division(number),
        }

    def _ranked(self, finished: int, bracket: str) -> list[dict[str, str]]:
        name_of = _sex if bracket == "SEX" else _division
        met: dict[str, int] = {}
        rows = []
        for number in self._numbers[:finished]:
            name = name_of(number)
            met[name] = met.get(name, 0) + 1
            rows.append(_place(number, f"{_MARK}1", "Full Course", name, met[name]))
        return rows


def _place(number: int, interval_id: str, interval: str, bracket: str, rank: int) -> dict[str, str]:
    return {
        "results_entry_id": f"{_MARK}{number:05}",
        "results_bib": str(number),
        "results_first_name": f"Ada{number}",
        "results_last_name": "Runner",
        "results_race_id": f"{_MARK}1",
        "results_interval_id": interval_id,
        "results_interval_name": interval,
        "results_interval_full": "1" if interval == "Full Course" else "0",
        "results_rank": str(rank),
        "results_bracket_name": bracket,
    }


def _sex(number: int) -> str:
    return "FM"[number % 2]


def _age(number: int) -> str:
    return str(20 + number % 40)


def _division(number: int) -> str:
    return f"{_sex(number)} {_AGES[number % 40 // 10]}"
