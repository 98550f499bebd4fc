"""Strikes secrets out of texts and bodies, however a careless server may have spelled them."""

from __future__ import annotations

import html
import json
import re
import threading

from providers.errors import SettingsInvalid

_REDACTED = "[redacted]"
# A shorter one stands all over the data: without it there would be nothing left to replay.
_SHORTEST_SECRET = 4
# How JSON may write a slash, and a query a blank, beside their escapes by number; a query may
# itself be encoded once more.
_ALSO = {"/": r"\\/", " ": r"\+|%(?:25)*2[bB]"}


class Redaction:
    """Replaces secrets, however they are spelled. May be used from several threads at once."""

    def __init__(self) -> None:
        self._adding = threading.Lock()
        # A pattern each: the search for one is fast as long as all its spellings begin with few characters.
        self._patterns: dict[str, tuple[re.Pattern[str], re.Pattern[bytes]]] = {}

    def add(self, secret: str) -> None:
        """Replace this one from now on, too.

        Raises:
            SettingsInvalid: it is too short to be told from anything else.
        """
        if len(secret) < _SHORTEST_SECRET:
            raise SettingsInvalid(
                f"A password or id of under {_SHORTEST_SECRET} characters cannot be kept out of a recording "
                "without shredding the data, so nothing is recorded: choose a longer one."
            )
        spellings = "".join(map(_spellings, secret))
        with self._adding:
            patterns = {**self._patterns, secret: (re.compile(spellings), re.compile(spellings.encode()))}
            # Longest first: one may be a part of another.
            self._patterns = {one: patterns[one] for one in sorted(patterns, key=len, reverse=True)}

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        for pattern, _ in self._patterns.values():
            text = pattern.sub(_REDACTED, text)
        return text

    def bytes(self, body: bytes) -> bytes:
        """Return the body without secrets, and otherwise as it was."""
        for _, pattern in self._patterns.values():
            body = pattern.sub(_REDACTED.encode(), body)
        return body


def _spellings(character: str) -> str:
    """Return the regular expression of a character in all its spellings, for texts and for UTF-8 alike."""
    utf8, utf16 = character.encode(), character.encode("utf-16-be").hex()
    escapes = {
        json.dumps(character)[1:-1],
        "".join(f"\\u{utf16[unit : unit + 4]}" for unit in range(0, len(utf16), 4)),
        html.escape(character),
        f"&#{ord(character)};",
        f"&#x{ord(character):x};",
    } - {character}
    spelled = ["".join(f"%(?:25)*{_any_case(f'{byte:02x}')}" for byte in utf8)]
    spelled += map(_any_case, escapes)
    # Behind its escapes, which may begin with it.
    spelled += map(re.escape, {character, utf8.decode("latin-1")})
    if character in _ALSO:
        spelled.append(_ALSO[character])
    if 0x80 <= ord(character) <= 0xFF:
        # Among texts this is the character once more, among bytes its Latin-1.
        spelled.append(f"\\x{ord(character):02x}")
    return f"(?:{'|'.join(spelled)})"


def _any_case(escape: str) -> str:
    return "".join(f"[{c}{c.upper()}]" if c.isascii() and c.islower() else re.escape(c) for c in escape)
