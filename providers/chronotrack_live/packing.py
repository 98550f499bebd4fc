"""Holds rows in a tenth of the memory that their objects take.

An event's lists are read to their end before anything of them is stored, so all of their rows are held
for a while: as their values one after the other, each set of field names kept once.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator, Sequence
from itertools import islice
from tempfile import SpooledTemporaryFile, gettempdir

import orjson

from providers.chronotrack_live.columns import BAR, Columns, OddRows, PlainColumns, plain_texts
from providers.chronotrack_live.pages import Row
from providers.errors import RetryLater
from providers.storable import storable

# What begins so was packed as plain texts, after the number of their names; anything else is JSON.
_PLAIN = BAR.encode()
# What was packed the slow way begins with a blank: JSON does not mind.
_SLOW = b" "
# What is longer than this goes to a file, in bytes: the entries of some 3,000 athletes.
_IN_MEMORY = 2 * 2**20
# Rows that are taken out at once.
_PORTION = 500


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
            return f"{BAR}{number}{plain}".encode()
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
        if form := _form(packed):
            return self._plain(form, [packed]).row(0)
        # The fast reader takes no half of a surrogate pair, and makes a float of an integer beyond 64 bits.
        read = json.loads if packed.startswith(_SLOW) else orjson.loads
        values = read(packed)
        return dict(zip(self._names[values.pop(0)], values, strict=True))

    def columns(self, packed: Sequence[bytes]) -> Iterator[tuple[list[int], Columns]]:
        """Take rows out to be read at once, those of one form together; with their places in `packed`."""
        forms: dict[bytes, list[int]] = {}
        for at, each in enumerate(packed):
            forms.setdefault(_form(each), []).append(at)
        for form, places in forms.items():
            alike = [packed[at] for at in places]
            yield places, self._plain(form, alike) if form else OddRows([self.unpack(each) for each in alike])

    def _plain(self, form: bytes, packed: Sequence[bytes]) -> PlainColumns:
        names = self._names[int(form.removeprefix(_PLAIN))]
        return PlainColumns(names, [each[len(form) :].decode() for each in packed])


def _form(packed: bytes) -> bytes:
    """Return what a plain row begins with, the number of its names; nothing for any other row."""
    return packed[: packed.index(_PLAIN, 1)] if packed.startswith(_PLAIN) else b""


class HeldRows:
    """Rows to be taken out once; a long list waits in a temporary file."""

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
            # No packed row has a line break in it: what is plain prints, and JSON escapes it.
            self._file.write(packed + b"\n")
        except OSError as error:
            raise RetryLater(
                f"A list cannot be held in {gettempdir()} ({error.strerror}): make room there, or let TMPDIR "
                "name another folder."
            ) from error

    def __iter__(self) -> Iterator[Columns]:
        """Take the rows out, in portions; those of one portion come by their forms."""
        if self._file.closed:
            return
        with self._file as lines:
            lines.seek(0)
            while portion := [line[:-1] for line in islice(lines, _PORTION)]:
                for _, columns in self._packer.columns(portion):
                    yield columns
