"""Makes rows of a host table out of records, as wide as the table is and as COPY reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from operator import attrgetter
from typing import Generic

from database.host_tables import HostTable, Owner, RecordT, to_json
from providers.storable import storable_text

# What parts the cells of a row. It is a character that prints: so one look tells whether a row has to be
# escaped. What else means something to COPY than itself: PostgreSQL's manual, COPY, text format.
DELIMITER = "|"
_ESCAPES = str.maketrans({"\\": "\\\\", DELIMITER: f"\\{DELIMITER}", "\n": "\\n", "\r": "\\r"})
_OVERFLOW = "additional_data"


class RowMaker(Generic[RecordT]):
    """Makes the rows of one table, with their cells in the order of `columns`.

    A race has ten thousands of them: they are made column by column, and what goes for many cells is asked of
    all of them at once.
    """

    def __init__(self, table: HostTable[RecordT], host: Mapping[str, int | None]) -> None:
        """Make rows for the columns that the host has.

        Args:
            table: what the integration writes.
            host: the columns that are there, each with the most characters that it holds or None.
        """
        of_owner = {name: value for name, value in table.of_owner.items() if name in host}
        of_record = {
            name: (value, None) if isinstance(value, str) else value
            for name, value in table.of_record.items()
            if name in host
        }
        self._of_owner = list(of_owner.values())
        # Several columns may have the same cells: these are made once.
        self._sources = list(dict.fromkeys(of_record.values()))
        self._order = [self._sources.index(source) for source in of_record.values()]
        self._additional = table.additional_data if _OVERFLOW in host else None
        self.columns = (*of_owner, *of_record, *([_OVERFLOW] if self._additional else []))
        self._narrow = {
            at: length for at, name in enumerate(self.columns) if (length := host[name]) is not None
        }

    def lines(self, records: Sequence[RecordT], owner: Owner) -> list[str]:
        """Return the records' rows as COPY reads them: `DELIMITER` between cells, an absent one is empty."""
        columns = self._cells(records, owner)
        lines = [DELIMITER.join(row) for row in zip(*columns, strict=True)]
        too_long: list[dict[str, str]] = [{}] * len(lines)
        if not self._fit(columns) or not _mean_themselves(lines, len(columns)):
            rows = [[storable_text(cell) for cell in row] for row in zip(*columns, strict=True)]
            too_long = [self._shorten(row) for row in rows]
            lines = [DELIMITER.join([_escaped(cell) for cell in row]) for row in rows]
        if self._additional is None:
            return lines
        kept = [
            {**data, "too_long": parts} if parts else data
            for data, parts in zip(map(self._additional, records), too_long, strict=True)
        ]
        return [
            f"{line}{DELIMITER}{_escaped(to_json(dict(data))) if data else ''}"
            for line, data in zip(lines, kept, strict=True)
        ]

    def _cells(self, records: Sequence[RecordT], owner: Owner) -> list[list[str]]:
        """Return the columns' cells but for additional_data."""
        values = {field: list(map(attrgetter(field), records)) for field, _ in self._sources}
        made = [
            _texts(values[field] if cells is None else list(cells(values[field], owner)))
            for field, cells in self._sources
        ]
        return [
            *([str(value(owner) or "")] * len(records) for value in self._of_owner),
            *(made[at] for at in self._order),
        ]

    def _fit(self, columns: Sequence[Sequence[str]]) -> bool:
        """Return whether no cell is too long for its column."""
        return all(max(map(len, columns[at]), default=0) <= length for at, length in self._narrow.items())

    def _shorten(self, row: list[str]) -> dict[str, str]:
        """Shorten the cells that are too long; return what they were by their columns."""
        too_long = {}
        for at, length in self._narrow.items():
            name, cell = self.columns[at], row[at]
            if len(cell) > length:
                too_long[name] = cell
                row[at] = _shortened(name, cell, length)
        return too_long


def _texts(cells: Sequence[object]) -> list[str]:
    if cells.count(None) == len(cells):
        # Of what a provider does not tell there is a whole column.
        return [""] * len(cells)
    return [cell if type(cell) is str else "" if cell is None else str(cell) for cell in cells]


def _mean_themselves(lines: Sequence[str], cells: int) -> bool:
    """Return whether rows of so many cells can be stored, and mean themselves to COPY."""
    text = DELIMITER.join(lines)
    # Nearly always.
    return text.isprintable() and "\\" not in text and text.count(DELIMITER) == len(lines) * cells - 1


def _escaped(cell: str) -> str:
    return cell.translate(_ESCAPES)


def _shortened(name: str, text: str, length: int) -> str:
    """Return the beginning of a text that is too long; ids that only begin alike stay different."""
    if not name.endswith("_id"):
        return text[:length]
    return text[: length - 17] + "~" + sha256(text.encode()).hexdigest()[:16]
