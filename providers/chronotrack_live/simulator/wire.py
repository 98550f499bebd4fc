"""The API's words: every scalar a text, instants as epoch seconds, times as HH:MM:SS.fff."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

WireRow = Mapping[str, str]


def flag(value: bool) -> str:  # noqa: FBT001 - a value, not a switch
    """Return a boolean as the API writes it."""
    return "1" if value else "0"


def whole_epoch(instant: datetime | None) -> str:
    """Return an instant as whole epoch seconds; empty for none."""
    return "" if instant is None else str(int(instant.timestamp()))


def exact_epoch(instant: datetime | None) -> str:
    """Return an instant as epoch seconds with milliseconds; empty for none."""
    return "" if instant is None else f"{instant.timestamp():.3f}"


def time_text(milliseconds: int | None) -> str:
    """Return a duration as HH:MM:SS.fff; empty for none."""
    if milliseconds is None:
        return ""
    return f"{_whole_time_text(milliseconds // 1000)}.{milliseconds % 1000:03d}"


def pace_text(milliseconds: int | None, distance_m: int) -> str:
    """Return the time for a mile as HH:MM:SS; empty without a time."""
    if milliseconds is None:
        return ""
    return _whole_time_text(int(milliseconds * 1.609344 / distance_m))


@cache
def _whole_time_text(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}"


def clock_text(instant: datetime | None, zone: ZoneInfo) -> str:
    """Return the time of day at the place as HH:MM:SS.fff; empty for none."""
    return "" if instant is None else instant.astimezone(zone).strftime("%H:%M:%S.%f")[:-3]
