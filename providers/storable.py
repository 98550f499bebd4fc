"""Makes what an API sends storable: PostgreSQL keeps no NUL, UTF-8 no half of a surrogate pair.

Python's JSON reader lets both through, and numbers that no JSON writer takes back.
"""

from __future__ import annotations

import math
import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\ufffd"
_LARGEST = 2**53
# Nobody publishes data as deep as that; a reader that follows it would run out of stack.
_DEEPEST = 40


def is_storable(text: str) -> bool:
    """Return whether the text can be kept as it is."""
    # Most texts are printable, and what cannot be stored is not: much cheaper than the pattern.
    return text.isprintable() or _UNSTORABLE.search(text) is None


def storable_text(text: str) -> str:
    """Return the text as a person reads it: without NUL, U+FFFD for what is no character."""
    if is_storable(text):
        return text
    return _UNSTORABLE.sub(_REPLACEMENT, text.replace("\x00", ""))


def storable(value: object, depth: int = 0) -> object:
    r"""Return a value out of JSON that can be written as JSON again, and stored, with nothing lost.

    What cannot be kept is spelt out: NUL as the six characters \u0000, a number beyond JSON as text.
    """
    if isinstance(value, str):
        return value if is_storable(value) else _UNSTORABLE.sub(_spelt, value)
    if isinstance(value, dict | list) and depth > _DEEPEST:
        return "(nested too deeply)"
    if isinstance(value, dict):
        return {str(storable(name)): storable(content, depth + 1) for name, content in value.items()}
    if isinstance(value, list):
        return [storable(content, depth + 1) for content in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
        return str(value)
    return value


def _spelt(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
