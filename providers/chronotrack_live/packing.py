"""Holds rows in a tenth of the memory that their objects take.

An event's lists are read to their end before anything of them is stored, so all of their rows are held
for a while: as JSON of their values, each set of field names kept once.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator

import orjson

from providers.chronotrack_live.pages import Row
from providers.storable import storable

# What was packed the slow way begins with a blank: JSON does not mind.
_SLOW = b" "


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
        # The fast reader takes no half of a surrogate pair, and makes a float of an integer beyond 64 bits.
        read = json.loads if packed.startswith(_SLOW) else orjson.loads
        number, *values = read(packed)
        return dict(zip(self._names[number], values, strict=True))


class HeldRows:
    """Rows in the order in which they came; iterating lets go of each one."""

    def __init__(self) -> None:
        self._packer = RowPacker()
        self._rows: deque[bytes] = deque()

    def append(self, row: Row) -> None:
        """Hold one more row."""
        self._rows.append(self._packer.pack(row))

    def __iter__(self) -> Iterator[Row]:
        while self._rows:
            yield self._packer.unpack(self._rows.popleft())
