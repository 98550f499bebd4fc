"""An athlete's splits: the rows of partial courses, held in little memory and read in course order."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import timedelta
from math import inf

from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.parse import RowReader
from providers.chronotrack_live.result_rows import Interval
from providers.chronotrack_live.values import decimal, microseconds, span
from providers.records import Split

# Number of the interval, chip and gun time in microseconds, epoch second of its end, rank. Less than a
# tenth of what a row's texts take, and most rows of a race are splits.
_USUAL = struct.Struct("<Hqqdi")
_NONE = -1


class UsualSplits:
    """Splits all of whose fields have the usual form, packed: whoever packed them must read them."""

    def __init__(self) -> None:
        self._intervals: dict[int, Interval] = {}

    @property
    def intervals(self) -> dict[int, Interval]:
        """The intervals that were met, by their numbers."""
        return dict(self._intervals)

    def pack(self, interval: Interval, row: Row) -> bytes | None:
        """Return the row of a split as bytes; None when it has not the usual form."""
        if not interval.is_plain:
            return None
        rank = row.get("results_rank")
        try:
            packed = _USUAL.pack(
                interval.number,
                _time(row.get("results_time")),
                _time(row.get("results_gun_time")),
                _end(row.get("results_end_chip_time")),
                int(rank) if rank and rank.isdecimal() else _absent(rank, 0),
            )
        except (AttributeError, TypeError, ValueError, struct.error):
            return None
        self._intervals.setdefault(interval.number, interval)
        return packed

    def read(self, packed: bytes | bytearray) -> list[tuple[float, Split]]:
        """Return the splits that were packed, each with the epoch second of its end."""
        return [
            (end, self._split(number, chip, gun, rank))
            for number, chip, gun, end, rank in _USUAL.iter_unpack(packed)
        ]

    def _split(self, number: int, chip: int, gun: int, rank: int) -> Split:
        interval = self._intervals[number]
        return Split(
            interval_id=interval.interval_id,
            name=interval.name,
            chip_time=None if chip == _NONE else span(chip),
            gun_time=None if gun == _NONE else span(gun),
            rank=rank or None,
        )


def odd_split(row: Row) -> tuple[float, Split, dict[str, object]]:
    """Read a split of any form: the epoch second of its end, the split, and what could not be read of it."""
    read = RowReader(row)
    split = Split(
        interval_id=read.text("results_interval_id") or "",
        name=read.text("results_interval_name"),
        chip_time=read.duration("results_time"),
        gun_time=read.duration("results_gun_time"),
        rank=read.place("results_rank"),
    )
    end = read.decimal("results_end_chip_time") or inf
    odd = read.unreadable()
    return end, split, {"interval_id": split.interval_id, **odd} if odd else {}


def in_course_order(passed: Iterable[tuple[float, Split]]) -> tuple[Split, ...]:
    """Return splits in the order in which the athlete passed their ends, then by their times."""
    return tuple(split for _, split in sorted(passed, key=_course_order))


def _course_order(passed: tuple[float, Split]) -> tuple[float, timedelta, str]:
    end, split = passed
    return end, split.chip_time or split.gun_time or timedelta.max, split.interval_id


def _time(text: str | None) -> int:
    return microseconds(text) if text else _absent(text, _NONE)


def _end(text: str | None) -> float:
    return (decimal(text) if text else _absent(text, 0)) or inf


def _absent(value: object, stands_for: int) -> int:
    """Return what stands for an absent value, and refuse any other that is empty, such as 0 or []."""
    if value is None or value == "":
        return stands_for
    raise ValueError
