"""Values that no athlete has, and an API may send all the same: text of every kind, wrong types, numbers."""

from __future__ import annotations

import json
from random import Random
from typing import Any

_LONG = 100_000
_DEEP = 30
_LAST_CHARACTER = 0x10FFFF

# Control characters, NUL and halves of surrogate pairs; blanks; writing from the right, and what turns it;
# emoji made of several; marks upon marks; what means something to SQL, COPY, CSV, HTML, a shell, a path.
_TEXTS = (
    "\x01\x02\x1b[31mred\x07\x7f\x80\x9f",
    "\x00",
    "Ann\x00a",
    "\ud83d",
    "Z\udc00oë\ud83d",
    "  \t\r\n ",
    "\u00a0Ada\u3000",
    "\u200b\ufeff",
    "\u2028line\u2029paragraph\x85",
    "שלום \u202eabc\u202c مرحبا",
    "🏃🏽\u200d♀\ufe0f🇨🇭👩\u200d👩\u200d👧\u200d👦",
    "Z\u0351\u036b\u0343\u036a\u0302\u0313ae\u0301",
    "ﬁ ﷺ ǅ ẞ İ \u0131",
    "\ue000\U000f0000\ufffe\U0010ffff",
    "'; DROP TABLE ct_results; --",
    '"a","b"\r\n"c"',
    "\\.",
    "\\N",
    "\\x00 \\u0000 \\",
    "a\tb|c\vd\fe",
    "%s %(name)s %% {0} {name!r} ${HOME} $(id) `id`",
    "<script>alert(1)</script>&amp;",
    "../../etc/passwd",
    "null",
    "NULL",
    "None",
    "[redacted]",
)
_NUMBERS = (
    *(
        "0",
        "-0",
        "-1",
        "+5",
        "007",
        "12.0",
        "12.5",
        "1e5",
        "1_000",
        "1,5",
        "0x1f",
        "٣٤",
        "\uff11\uff12",
        "²",
        "Ⅻ",
    ),
    *("2147483647", "2147483648", "-2147483649", "9223372036854775808", "9" * 40, "9" * 5000),
    *("NaN", "nan", "Infinity", "-Infinity", "inf", "1e400", "-1e400", "0.1" + "0" * 400 + "1"),
)
_TIMES = (
    *("2023-02-30", "0000-00-00", "9999-12-31", "10000-01-01", "-0001-01-01", "0001-01-01", "1990-13-01"),
    *("20200229", "2020-W01-1", "1990-01-01T00:00:00Z", "30.02.1990", "253402300800", "-62135596801"),
    *("99:99:99", "-00:01:00", "25:00:00", "00:59:60.5", "1:2:3:4", "::", "00:45:00.1234567890", "0:0:0"),
    *("999:59:59.999", "1.5.2", "0x10:00", "\u0660\u0660:\u0664\u0665:\u0660\u0660", "00:45:00,25", "12 h"),
)
# Those beyond 64 bits only in the form that each JSON reader reads alike.
_OTHERS: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 7, 2**31, -(2**31) - 1, 2**53 + 1, 2**63, 2**64 - 1, -(2**63)),
    *(0.5, -0.0, 12.0, 1e-300, 1e40, 1.7e308, float("nan"), float("inf"), float("-inf")),
    *([], {}, "", [None], {"": ""}, [[[]]]),
)


def hostile(dice: Random) -> Any:
    """Return a value of any kind."""
    kind = dice.random()
    if kind < 0.30:
        return dice.choice(_TEXTS)
    if kind < 0.42:
        return dice.choice(_NUMBERS)
    if kind < 0.52:
        return dice.choice(_TIMES)
    if kind < 0.72:
        return dice.choice(_OTHERS)
    if kind < 0.90:
        return _drawn(dice, dice.randrange(1, 40))
    if kind < 0.903:
        return _drawn(dice, 40) * (_LONG // 40)
    return _nested(dice, dice.choice((1, 2, 3, _DEEP)))


def as_read(text: str) -> Any:
    """Return what JSON says; NaN and the infinities, which JSON does not know, are the words for them."""
    return json.loads(text, parse_constant=str)


def _drawn(dice: Random, length: int) -> str:
    """Return a text of any characters, the halves of surrogate pairs among them."""
    return "".join(chr(dice.randrange(_LAST_CHARACTER + 1)) for _ in range(length))


def _nested(dice: Random, depth: int) -> Any:
    value = dice.choice((*_TEXTS, *_OTHERS))
    for _ in range(depth):
        value = dice.choice(([value], [value, 1], {"a": value}, {dice.choice(_TEXTS): value}))
    return value
