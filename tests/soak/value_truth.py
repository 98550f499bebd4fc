"""What a value of a row is as text, number or time, said as simply as can be."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
_LARGEST = 2**53


def reading(value: object) -> tuple[str | None, bool]:
    """Return a value as text without blanks around it, None for nothing; and whether that is all of it."""
    if value is None:
        return None, True
    if isinstance(value, dict | list):
        return None, False
    text = value if isinstance(value, str) else str(value)
    keepable = _UNKEEPABLE.sub("\ufffd", text.replace("\x00", ""))
    return keepable.strip() or None, keepable == text


def spelt(value: object) -> object:
    """Return a value as JSON keeps it in PostgreSQL, with what it cannot keep spelt out."""
    if isinstance(value, str):
        return _UNKEEPABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
    if isinstance(value, dict):
        return {str(spelt(name)): spelt(content) for name, content in value.items()}
    if isinstance(value, list):
        return [spelt(content) for content in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST:
        return str(value)
    return value


def same(one: object, other: object) -> bool:
    """Return whether two values out of JSON are the same; a number may come back in another form."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return isinstance(one, bool) == isinstance(other, bool) and float(one) == float(other)
    return type(one) is type(other) and one == other


def time_of(text: str) -> timedelta:
    """Return a time, whichever of hours and minutes it has; what is smaller than a microsecond is cut off."""
    seconds = Decimal(0)
    for part in text.replace(",", ".").split(":"):
        seconds = seconds * 60 + Decimal(part)
    return timedelta(microseconds=int(seconds * 1_000_000))


def seconds_of(text: str) -> float:
    """Return a time in seconds."""
    return time_of(text).total_seconds()


def instant_of(text: str) -> datetime:
    """Return an instant in seconds since 1970, as the database keeps it: UTC without a zone."""
    since = timedelta(microseconds=int(Decimal(text) * 1_000_000))
    return (datetime(1970, 1, 1, tzinfo=UTC) + since).replace(tzinfo=None)


def is_zero(text: str) -> bool:
    """Return whether a text is a number that is zero."""
    try:
        return Decimal(text) == 0
    except InvalidOperation:
        return False
