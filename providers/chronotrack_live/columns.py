"""Many rows at once, read column by column.

Nearly all rows are plain texts of the same fields, and a race has ten thousands of them: a column of such
rows is read in a fraction of the time that its cells take one by one. All others are read by `RowReader`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from providers.chronotrack_live.pages import Row
from providers.chronotrack_live.parse import LOCATION, Field, RowReader
from providers.storable import storable

# What stands between the values of a plain row, and before the first and after the last of them.
BAR = "|"


class Columns(Protocol):
    """Reads the same fields of many rows; every list has a value for each row, in their order."""

    def fields(self, fields: Mapping[str, Field]) -> dict[str, list[Any]]:
        """Return fields by our own names, as `RowReader.fields` reads them."""

    def locations(self) -> list[dict[str, str]]:
        """Return the location fields, as `RowReader.location` does."""

    def additional_data(self, passed_over: Collection[str] = ()) -> list[dict[str, object]]:
        """Return what no record field holds, as `RowReader.additional_data` does."""

    def row(self, at: int) -> Row:
        """Return one of the rows as it came."""


class OddRows:
    """Rows of any kind, read one by one."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._readers = [RowReader(row) for row in rows]

    def fields(self, fields: Mapping[str, Field]) -> dict[str, list[Any]]:
        """Return fields by our own names."""
        found = [reader.fields(fields) for reader in self._readers]
        return {ours: [each[ours] for each in found] for ours in fields}

    def locations(self) -> list[dict[str, str]]:
        """Return the location fields by our own names."""
        return [reader.location() for reader in self._readers]

    def additional_data(self, passed_over: Collection[str] = ()) -> list[dict[str, object]]:
        """Return what no record field holds."""
        return [reader.additional_data(passed_over) for reader in self._readers]

    def row(self, at: int) -> Row:
        """Return one of the rows as it came."""
        return self._rows[at]


class PlainColumns:
    """Plain rows of the same fields, see `plain_texts`."""

    def __init__(self, names: Sequence[str], texts: Sequence[str]) -> None:
        """Take rows apart.

        Args:
            names: of the fields.
            texts: of the rows, as `plain_texts` makes them.
        """
        cells = "".join(texts).split(BAR)
        # Between the bar that ends a row and the one that begins the next there is an empty cell.
        self._cells = {name: cells[at :: len(names) + 1] for at, name in enumerate(names, start=1)}
        self._count = len(texts)
        self._read: set[str] = set()
        self._odd: dict[int, dict[str, object]] = {}

    def fields(self, fields: Mapping[str, Field]) -> dict[str, list[Any]]:
        """Return fields by our own names."""
        return {
            ours: self._texts(field) if isinstance(field, str) else self._values(*field)
            for ours, field in fields.items()
        }

    def locations(self) -> list[dict[str, str]]:
        """Return the location fields by our own names."""
        return _by_row(self.fields(LOCATION), self._count)

    def additional_data(self, passed_over: Collection[str] = ()) -> list[dict[str, object]]:
        """Return what no record field holds."""
        others = {
            str(storable(name)): cells
            for name, cells in self._cells.items()
            if name not in self._read and name not in passed_over
        }
        data: list[dict[str, object]] = _by_row(others, self._count)
        for at, odd in self._odd.items():
            data[at].update(odd)
        return data

    def row(self, at: int) -> Row:
        """Return one of the rows as it came."""
        return {name: cells[at] for name, cells in self._cells.items()}

    def _texts(self, name: str) -> list[str | None]:
        self._read.add(name)
        cells = self._cells.get(name)
        return [None] * self._count if cells is None else [cell or None for cell in cells]

    def _values(self, name: str, read: Callable[[str], object]) -> list[object]:
        texts = self._texts(name)
        try:
            return [text and read(text) for text in texts]
        except ValueError:
            return [text and self._value(at, name, text, read) for at, text in enumerate(texts)]

    def _value(self, at: int, name: str, text: str, read: Callable[[str], object]) -> object:
        try:
            return read(text)
        except ValueError:
            self._odd.setdefault(at, {})[name] = text
            return None


def plain_texts(row: Row) -> str | None:
    """Return all values of a row in one text, each between two bars; None for a row that is not plain.

    Nearly every row is plain: its values are texts without bars, blanks around them, and anything that does
    not print, so they stand for themselves.
    """
    try:
        texts = f"|{'|'.join(row.values())}|"
    except TypeError:
        return None
    if texts.isprintable() and "| " not in texts and " |" not in texts and texts.count(BAR) == len(row) + 1:
        return texts
    return None


def _by_row(columns: Mapping[str, Sequence[Any]], count: int) -> list[dict[str, Any]]:
    """Return what there is of each row."""
    if not columns:
        return [{} for _ in range(count)]
    names = tuple(columns)
    return [
        {name: value for name, value in zip(names, values, strict=True) if value}
        for values in zip(*columns.values(), strict=True)
    ]
