"""Holds rows in a tenth of the memory that their objects take.

An event's lists are read to their end before anything of them is stored, so all of their rows are held
for a while: as their values one after the other, each set of field names kept once.
"""

from __future__ import annotations

import json
import struct
import weakref
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile, gettempdir

import orjson

from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.parse import PlainRow, plain_texts
from providers.errors import RetryLater
from providers.storable import storable

# What begins so was packed as plain texts with this between them; anything else is JSON.
_PLAIN = b"|"
# What was packed the slow way begins with a blank: JSON does not mind.
_SLOW = b" "
# What is longer than this goes to a file, in bytes: the entries of some 3,000 athletes.
_IN_MEMORY = 2 * 2**20
_LENGTH = struct.Struct("<I")


class RowPacker:
    """Packs rows into bytes and takes them out again. What it packed, only it can unpack."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], int] = {}
        self._names: list[tuple[str, ...]] = []

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """The sets of field names that were met, in the order in which they were."""
        return tuple(self._names)

    def pack(self, row: Row) -> bytes:
        """Return the row as bytes."""
        names = tuple(row)
        number = self._numbers.get(names)
        if number is None:
            number = self._numbers[names] = len(self._names)
            self._names.append(names)
        plain = plain_texts(row)
        if plain is not None:
            return f"|{number}{plain}".encode()
        values = [number, *row.values()]
        try:
            # A copy: the bytes that orjson returns hold on to the whole buffer that they were written in.
            return bytes(memoryview(orjson.dumps(values)))
        except TypeError:
            # Halves of surrogate pairs, integers beyond 64 bits, deep nesting: rare enough for the slow way.
            pass
        try:
            return _SLOW + json.dumps(values).encode()
        except RecursionError:
            return orjson.dumps(storable(values))

    def unpack(self, packed: bytes) -> Row:
        """Return the row that was packed."""
        if packed.startswith(_PLAIN):
            _, known, *texts, _ = packed.decode().split("|")
            return PlainRow(zip(self._names[int(known)], texts, strict=True))
        # The fast reader takes no half of a surrogate pair, and makes a float of an integer beyond 64 bits.
        read = json.loads if packed.startswith(_SLOW) else orjson.loads
        values = read(packed)
        return dict(zip(self._names[values.pop(0)], values, strict=True))


class HeldRows:
    """Rows in the order in which they came, to be iterated once; a long list waits in a temporary file."""

    def __init__(self) -> None:
        self._packer = RowPacker()
        self._file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - it lives until the rows were iterated
        # Nobody may come to iterate them.
        weakref.finalize(self, self._file.close)

    def append(self, row: Row) -> None:
        """Hold one more row.

        Raises:
            RetryLater: the temporary folder has no room for it.
        """
        packed = self._packer.pack(row)
        try:
            self._file.write(_LENGTH.pack(len(packed)) + packed)
        except OSError as error:
            raise RetryLater(
                f"A list cannot be held in {gettempdir()} ({error.strerror}): make room there, or let TMPDIR "
                "name another folder."
            ) from error

    def __iter__(self) -> Iterator[Row]:
        if self._file.closed:
            return
        with self._file as rows:
            rows.seek(0)
            while head := rows.read(_LENGTH.size):
                (length,) = _LENGTH.unpack(head)
                yield self._packer.unpack(rows.read(length))
