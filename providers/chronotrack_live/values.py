"""Single values as the API writes them - times, instants, numbers, ids - read exactly, or refused."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from providers.storable import storable_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# [[H]H:]MM:SS[.f...], or seconds alone: every form that clients met (fact sheet, section 6).
_DURATION = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6})(?:[.,](\d{1,9}))?")
# A rounded "00:59:60" is a time, a placeholder such as "99:99:99" is none.
_SIXTY = 60
# What the host's integer columns hold.
_LARGEST_INTEGER = 2**31 - 1
# Digits of a number that certainly is no larger.
_SURELY_FITS = 9
# Digits of the seconds of an instant that certainly lies within the calendar.
_SURELY_NOW = 10
# Characters of a time in its usual form at most: its microseconds are the last that it may tell.
_USUAL = len("00:00:00.000000")
_DECIMAL = re.compile(r"-?\d{1,15}(\.\d+)?")
_MICRO = 1_000_000


def microseconds(text: str) -> int:
    """Read a time text such as "00:45:00.000", "1:47:23.4", "17:18" or "58.2", exactly.

    Raises:
        ValueError: it is none.
    """
    if text[2:3] == text[5:6] == ":" and text[8:9] == "." and text[9:].isdigit() and len(text) <= _USUAL:
        # HH:MM:SS.fff: nearly every row has this form, and the library's reader is far faster.
        try:
            usual = time.fromisoformat(text)
        except ValueError:
            pass
        else:
            seconds = (usual.hour * 60 + usual.minute) * 60 + usual.second
            return seconds * _MICRO + usual.microsecond
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a time")
    hour, minute, second, fraction = found.groups()
    if (minute and int(second) > _SIXTY) or (hour and int(minute) > _SIXTY):
        raise ValueError(f"{text!r} is not a time")
    whole = int(hour or 0) * 3600 + int(minute or 0) * 60 + int(second)
    return whole * _MICRO + int((fraction or "0").ljust(6, "0")[:6])


# Athletes of one race share their paces.
@lru_cache(maxsize=4096)
def duration(text: str) -> timedelta:
    """Read a time text as `microseconds` does.

    Raises:
        ValueError: it is none.
    """
    return span(microseconds(text))


def span(in_microseconds: int) -> timedelta:
    """Return so many microseconds as a duration."""
    # Three times as fast as timedelta(microseconds=...), and a race has ten thousands of them.
    return timedelta(0, *divmod(in_microseconds, _MICRO))


def instant(text: str) -> datetime | None:
    """Read epoch seconds, with or without a fraction, as an aware UTC instant; 0 stands for none.

    Raises:
        ValueError: it is none, or lies outside what a calendar holds.
    """
    seconds, point, fraction = text.partition(".")
    if seconds.isdecimal() and len(seconds) <= _SURELY_NOW and fraction.isdecimal() is bool(point):
        # Nearly every row: an instant between 1970 and 2286.
        whole, part = int(seconds), int(fraction.ljust(6, "0")[:6])
        # Faster than EPOCH and a timedelta.
        found = datetime.fromtimestamp(whole, UTC)
        return (found.replace(microsecond=part) if part else found) if whole or part else None
    if _DECIMAL.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not an epoch")
    try:
        since = timedelta(0, int(seconds.removeprefix("-")), int(fraction.ljust(6, "0")[:6]))
        if not since:
            return None
        return EPOCH - since if text.startswith("-") else EPOCH + since
    except OverflowError as error:
        raise ValueError(f"{text!r} is not an instant") from error


def integer(text: str) -> int:
    """Read a whole number, also one written as "12.0".

    Raises:
        ValueError: it is none.
    """
    if text.isdecimal() and len(text) <= _SURELY_FITS:
        return int(text)
    number = float(text) if _DECIMAL.fullmatch(text) else 0.5
    if number != int(number) or abs(number) > _LARGEST_INTEGER:
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)


def place(text: str) -> int | None:
    """Read a place; 0 stands for none, in unranked brackets.

    Raises:
        ValueError: it is none.
    """
    number = integer(text)
    if number < 0:
        raise ValueError(f"{text!r} is not a place")
    return number or None


def decimal(text: str) -> float:
    """Read a number.

    Raises:
        ValueError: it is none, or not finite.
    """
    number = float(text)
    if not math.isfinite(number) or "_" in text:
        raise ValueError(f"{text!r} is not a number")
    return number


def identity(value: object) -> str:
    """Return an id as text, as `RowReader.text` reads it; empty when there is none."""
    if isinstance(value, str):
        return value if value.isalnum() else storable_text(value).strip()
    return "" if value is None or isinstance(value, dict | list) else str(value)
