"""Result rows as JSON bytes, from fragments that are rendered once per set of columns.

What never changes of a row is one fragment; only rank and bracket are added at each request. Every fragment
begins with a comma, or is empty when nothing of it is to be written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .wire import Spelling, WireRow, clock_text, pace_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from .results import Row
    from .variants import Variant
    from .world import Athlete, Bracket, Entry, Event, Interval, Mark, Race


class ResultFragments:
    """Renders an event's result rows, as a variant has them, for one set of columns; None is all of them."""

    def __init__(
        self, event: Event, rows: list[Row], columns: frozenset[str] | None, variant: Variant
    ) -> None:
        self._event = event
        self._zone = ZoneInfo(event.zone)
        self._rows = rows
        self._columns = columns
        self._hidden = _hidden(variant)
        self._spell = Spelling(variant)
        self._no_penalty = self._spell.time(0)
        self._by_entry: dict[Entry, bytes] = {}
        self._by_interval: dict[Interval, bytes] = {}
        self._by_begin: dict[datetime | None, bytes] = {}
        self._by_bracket: dict[Bracket | None, bytes] = {}
        self._by_row: dict[int, bytes] = {}
        self._ranked = b',"results_rank":' + self._spell.digits if self._wants("results_rank") else b""
        self._unranked = self._fragment({"results_rank": ""})

    def prepare(self) -> None:
        """Render every row now, so that no request has to."""
        for number in range(len(self._rows)):
            self._row(number)

    def render(
        self, rows: Iterable[int], ranks: Iterable[int], brackets: Iterable[Bracket | None]
    ) -> list[bytes]:
        """Return one JSON object per row; a rank of 0 is written as missing."""
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
        return self._ranked % rank if rank and self._ranked else self._unranked

    def _entry(self, entry: Entry) -> bytes:
        athlete = entry.athlete
        self._by_entry[entry] = self._fragment(
            {
                "results_entry_id": self._spell.number(entry.entry_id),
                "results_bib": entry.bib,
                "results_first_name": athlete.first_name,
                "results_last_name": athlete.last_name,
                "results_sex": athlete.sex,
                "results_age": self._spell.number(entry.age),
                "results_hometown": _hometown(athlete),
                "results_state_code": athlete.state,
                "results_country_code": athlete.country,
                "results_postal_code": athlete.postal_code,
                "results_primary_bracket_id": self._spell.number(entry.division.bracket_id),
                "results_primary_bracket_name": entry.division.name,
            }
        )
        return self._by_entry[entry]

    def _interval(self, race: Race, interval: Interval) -> bytes:
        self._by_interval[interval] = self._fragment(
            {
                "results_event_name": self._event.name,
                "results_race_id": self._spell.number(race.race_id),
                "results_race_name": race.name,
                "results_interval_id": self._spell.number(interval.interval_id),
                "results_interval_name": interval.name,
                "results_interval_full": self._spell.flag(interval.is_full),
                "results_pace_unit": "min/mile",
            }
        )
        return self._by_interval[interval]

    def _begin(self, begin: datetime | None) -> bytes:
        self._by_begin[begin] = self._fragment(
            {
                "results_start_time": clock_text(begin, self._zone),
                "results_begin_chip_time": self._spell.exact_epoch(begin),
            }
        )
        return self._by_begin[begin]

    def _times(self, mark: Mark) -> bytes:
        chip, gun = self._spell.time(mark.chip_ms), self._spell.time(mark.gun_ms)
        return self._fragment(
            {
                "results_time": chip,
                "results_gun_time": gun,
                "results_penalty_time": self._no_penalty,
                "results_time_with_penalty": chip,
                "results_gun_time_with_penalty": gun,
                "results_end_chip_time": self._spell.exact_epoch(mark.end),
                "results_pace": pace_text(mark.chip_ms, mark.interval.distance_m),
                "results_gun_pace": pace_text(mark.gun_ms, mark.interval.distance_m),
            }
        )

    def _bracket(self, bracket: Bracket | None) -> bytes:
        self._by_bracket[bracket] = self._fragment({"results_bracket_name": bracket.name if bracket else ""})
        return self._by_bracket[bracket]

    def _fragment(self, fields: WireRow) -> bytes:
        if self._columns is not None or self._hidden:
            fields = {name: value for name, value in fields.items() if self._wants(name)}
        inside = self._spell.json(fields)[1:-1]
        return b"," + inside if inside else b""

    def _wants(self, name: str) -> bool:
        return name not in self._hidden and (self._columns is None or name in self._columns)


def _hidden(variant: Variant) -> frozenset[str]:
    """Return the columns that a variant's rows do not have."""
    fields = {"results_entry_id": variant.entry_ids, "results_bracket_name": variant.bracket_names}
    return frozenset(name for name, presence in fields.items() if presence == "absent")


def _hometown(athlete: Athlete) -> str:
    parts = (athlete.city, athlete.state) if athlete.state else (athlete.city, athlete.country)
    return ", ".join(part for part in parts if part)
