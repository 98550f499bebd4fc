"""The API's words: how a variant spells numbers, flags, instants, race times and missing values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import orjson

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from .variants import Variant

Scalar: TypeAlias = str | int | float
WireRow: TypeAlias = Mapping[str, Scalar]


class Spelling:
    """Writes values as one variant has them.

    By default every scalar is a text, instants are epoch seconds, race times HH:MM:SS.fff. An empty text is
    a missing value, until `json` writes a row and its missing values as blank, null or absent.
    """

    def __init__(self, variant: Variant) -> None:
        self._has_numbers = variant.scalars == "number"
        self._time = _TIMES[variant.times]
        self.json = _ROWS[variant.empty]

    @property
    def digits(self) -> bytes:
        """The template of a whole number in JSON."""
        return b"%d" if self._has_numbers else b'"%d"'

    def number(self, value: str | int | None) -> Scalar:
        """Return a whole number, which may be given by its digits; empty for none."""
        if value is None or value == "":
            return ""
        return int(value) if self._has_numbers else str(value)

    def flag(self, value: bool) -> Scalar:  # noqa: FBT001 - a value, not a switch
        """Return a boolean: 1 or 0."""
        return self.number(int(value))

    def whole_epoch(self, instant: datetime | None) -> Scalar:
        """Return an instant as whole epoch seconds; empty for none."""
        return "" if instant is None else self.number(int(instant.timestamp()))

    def exact_epoch(self, instant: datetime | None) -> Scalar:
        """Return an instant as epoch seconds with milliseconds; empty for none."""
        if instant is None:
            return ""
        text = f"{instant.timestamp():.3f}"
        return float(text) if self._has_numbers else text

    def time(self, milliseconds: int | None) -> str:
        """Return a race time, cut off where the variant ends; empty for none."""
        return "" if milliseconds is None else self._time(milliseconds)


def pace_text(milliseconds: int | None, distance_m: int) -> str:
    """Return the time for a mile as HH:MM:SS; empty without a time."""
    if milliseconds is None:
        return ""
    return _whole(int(milliseconds * 1.609344 / distance_m))


def clock_text(instant: datetime | None, zone: ZoneInfo) -> str:
    """Return the time of day at the place as HH:MM:SS.fff; empty for none."""
    return "" if instant is None else instant.astimezone(zone).strftime("%H:%M:%S.%f")[:-3]


def _with_nulls(row: WireRow) -> bytes:
    return orjson.dumps({name: None if value == "" else value for name, value in row.items()})


def _without_blanks(row: WireRow) -> bytes:
    return orjson.dumps({name: value for name, value in row.items() if value != ""})


_ROWS: dict[str, Callable[[WireRow], bytes]] = {
    "blank": orjson.dumps,
    "null": _with_nulls,
    "absent": _without_blanks,
}


def _milliseconds(time: int) -> str:
    return f"{_whole(time // 1000)}.{time % 1000:03d}"


def _hundredths(time: int) -> str:
    return f"{_whole(time // 1000)}.{time % 1000 // 10:02d}"


def _tenths(time: int) -> str:
    return f"{_whole(time // 1000)}.{time % 1000 // 100}"


def _seconds(time: int) -> str:
    return _whole(time // 1000)


def _unpadded(time: int) -> str:
    return f"{time // 3_600_000}{_tenths(time % 3_600_000)[2:]}"


def _short(time: int) -> str:
    """Begin at the first digit that is not 0, but before the point have one digit at least."""
    whole, tenth = _tenths(time).split(".")
    return f"{whole.lstrip('0:') or '0'}.{tenth}"


@cache
def _whole(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}"


# Fact sheet section 6; each takes milliseconds.
_TIMES: dict[str, Callable[[int], str]] = {
    "milliseconds": _milliseconds,
    "hundredths": _hundredths,
    "tenths": _tenths,
    "seconds": _seconds,
    "unpadded": _unpadded,
    "short": _short,
}
