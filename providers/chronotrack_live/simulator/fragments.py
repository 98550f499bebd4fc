"""Result rows as JSON bytes, from fragments that are rendered once per set of columns.

What never changes of a row is one fragment; only rank and bracket are added at each request. Every fragment
begins with a comma, or is empty when no column of it is wanted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import orjson

from .wire import WireRow, clock_text, exact_epoch, flag, pace_text, time_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from .results import Row
    from .world import Athlete, Bracket, Entry, Event, Interval, Mark, Race


class ResultFragments:
    """Renders an event's result rows for one set of columns; None is all of them."""

    def __init__(self, event: Event, rows: list[Row], columns: frozenset[str] | None) -> None:
        self._event = event
        self._zone = ZoneInfo(event.zone)
        self._rows = rows
        self._columns = columns
        self._by_entry: dict[Entry, bytes] = {}
        self._by_interval: dict[Interval, bytes] = {}
        self._by_begin: dict[datetime | None, bytes] = {}
        self._by_bracket: dict[Bracket | None, bytes] = {}
        self._by_row: dict[int, bytes] = {}
        self._wants_rank = columns is None or "results_rank" in columns

    def prepare(self) -> None:
        """Render every row now, so that no request has to."""
        for number in range(len(self._rows)):
            self._row(number)

    def render(
        self, rows: Iterable[int], ranks: Iterable[int], brackets: Iterable[Bracket | None]
    ) -> list[bytes]:
        """Return one JSON object per row; a rank of 0 is written as empty."""
        rendered = []
        for number, rank, bracket in zip(rows, ranks, brackets, strict=True):
            row = self._by_row.get(number)
            group = self._by_bracket.get(bracket)
            fields = b"".join(
                (
                    self._row(number) if row is None else row,
                    self._rank(rank),
                    self._bracket(bracket) if group is None else group,
                )
            )
            rendered.append(b"{%b}" % fields[1:])
        return rendered

    def _row(self, number: int) -> bytes:
        row = self._rows[number]
        entry = self._by_entry.get(row.entry)
        interval = self._by_interval.get(row.mark.interval)
        begin = self._by_begin.get(row.mark.begin)
        self._by_row[number] = b"".join(
            (
                self._entry(row.entry) if entry is None else entry,
                self._interval(row.race, row.mark.interval) if interval is None else interval,
                self._begin(row.mark.begin) if begin is None else begin,
                self._times(row.mark),
            )
        )
        return self._by_row[number]

    def _rank(self, rank: int) -> bytes:
        if not self._wants_rank:
            return b""
        return b',"results_rank":"%d"' % rank if rank else b',"results_rank":""'

    def _entry(self, entry: Entry) -> bytes:
        athlete = entry.athlete
        self._by_entry[entry] = self._fragment(
            {
                "results_entry_id": entry.entry_id,
                "results_bib": entry.bib,
                "results_first_name": athlete.first_name,
                "results_last_name": athlete.last_name,
                "results_sex": athlete.sex,
                "results_age": str(entry.age),
                "results_hometown": _hometown(athlete),
                "results_state_code": athlete.state,
                "results_country_code": athlete.country,
                "results_postal_code": athlete.postal_code,
                "results_primary_bracket_id": entry.division.bracket_id,
                "results_primary_bracket_name": entry.division.name,
            }
        )
        return self._by_entry[entry]

    def _interval(self, race: Race, interval: Interval) -> bytes:
        self._by_interval[interval] = self._fragment(
            {
                "results_event_name": self._event.name,
                "results_race_id": race.race_id,
                "results_race_name": race.name,
                "results_interval_id": interval.interval_id,
                "results_interval_name": interval.name,
                "results_interval_full": flag(interval.is_full),
                "results_pace_unit": "min/mile",
            }
        )
        return self._by_interval[interval]

    def _begin(self, begin: datetime | None) -> bytes:
        self._by_begin[begin] = self._fragment(
            {
                "results_start_time": clock_text(begin, self._zone),
                "results_begin_chip_time": exact_epoch(begin),
            }
        )
        return self._by_begin[begin]

    def _times(self, mark: Mark) -> bytes:
        chip, gun = time_text(mark.chip_ms), time_text(mark.gun_ms)
        return self._fragment(
            {
                "results_time": chip,
                "results_gun_time": gun,
                "results_penalty_time": "00:00:00.000",
                "results_time_with_penalty": chip,
                "results_gun_time_with_penalty": gun,
                "results_end_chip_time": exact_epoch(mark.end),
                "results_pace": pace_text(mark.chip_ms, mark.interval.distance_m),
                "results_gun_pace": pace_text(mark.gun_ms, mark.interval.distance_m),
            }
        )

    def _bracket(self, bracket: Bracket | None) -> bytes:
        self._by_bracket[bracket] = self._fragment({"results_bracket_name": bracket.name if bracket else ""})
        return self._by_bracket[bracket]

    def _fragment(self, fields: WireRow) -> bytes:
        if self._columns is not None:
            fields = {name: value for name, value in fields.items() if name in self._columns}
        return b"," + orjson.dumps(fields)[1:-1] if fields else b""


def _hometown(athlete: Athlete) -> str:
    parts = (athlete.city, athlete.state) if athlete.state else (athlete.city, athlete.country)
    return ", ".join(part for part in parts if part)
