"""Makes rows of a host table out of records, as wide as the table is and as COPY reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from operator import attrgetter, gt, itemgetter
from typing import Any, Generic

from database.host_tables import HostTable, Owner, RecordT, to_json
from providers.storable import storable_text

# What parts the cells of a row. It is a character that prints: so one look tells whether a row has to be
# escaped. What else means something to COPY than itself: PostgreSQL's manual, COPY, text format.
DELIMITER = "|"
_ESCAPES = str.maketrans({"\\": "\\\\", DELIMITER: f"\\{DELIMITER}", "\n": "\\n", "\r": "\\r"})
_OVERFLOW = "additional_data"


class RowMaker(Generic[RecordT]):
    """Makes the rows of one table, with their cells in the order of `columns`.

    A race has ten thousands of them: what goes for many cells is asked of all of them at once.
    """

    def __init__(self, table: HostTable[RecordT], host: Mapping[str, int | None]) -> None:
        """Make rows for the columns that the host has.

        Args:
            table: what the integration writes.
            host: the columns that are there, each with the most characters that it holds or None.
        """
        of_owner = {name: value for name, value in table.of_owner.items() if name in host}
        fields: dict[str, str] = {}
        made: dict[str, Callable[[RecordT, Owner], object]] = {}
        for name, value in table.of_record.items():
            if name not in host:
                continue
            if isinstance(value, str):
                fields[name] = value
            else:
                made[name] = value
        self._of_owner = list(of_owner.values())
        self._fields = _all_at_once(attrgetter, list(fields.values()))
        self._made = list(made.values())
        self._additional = table.additional_data if _OVERFLOW in host else None
        self.columns = (*of_owner, *fields, *made, *([_OVERFLOW] if self._additional else []))
        self._narrow = {
            at: length for at, name in enumerate(self.columns) if (length := host[name]) is not None
        }
        self._narrow_cells = _all_at_once(itemgetter, list(self._narrow))

    def lines(self, records: Iterable[RecordT], owner: Owner) -> Iterator[str]:
        """Yield each record's row as COPY reads it: `DELIMITER` between cells, nothing for an absent one."""
        of_owner = [str(value(owner) or "") for value in self._of_owner]
        fields, made, additional = self._fields, self._made, self._additional
        narrow_cells, lengths = self._narrow_cells, list(self._narrow.values())
        for record in records:
            cells = [*of_owner, *fields(record), *[value(record, owner) for value in made]]
            row = [cell if type(cell) is str else "" if cell is None else str(cell) for cell in cells]
            line = DELIMITER.join(row)
            # Nearly every row: nothing in it that could not be stored, or would mean something to COPY.
            is_usual = line.isprintable() and "\\" not in line and line.count(DELIMITER) == len(row) - 1
            if not is_usual:
                row = [storable_text(cell) for cell in row]
            too_long: dict[str, str] = {}
            if any(map(gt, map(len, narrow_cells(row)), lengths)):
                is_usual, too_long = False, self._shorten(row)
            if not is_usual:
                line = DELIMITER.join([_escaped(cell) for cell in row])
            if additional:
                kept = additional(record)
                if too_long:
                    kept = {**kept, "too_long": too_long}
                line += DELIMITER + (_escaped(to_json(dict(kept))) if kept else "")
            yield line

    def _shorten(self, row: list[str]) -> dict[str, str]:
        """Shorten the cells that are too long; return what they were by their columns."""
        too_long = {}
        for at, length in self._narrow.items():
            name, cell = self.columns[at], row[at]
            if len(cell) > length:
                too_long[name] = cell
                row[at] = _shortened(name, cell, length)
        return too_long


def _all_at_once(
    getter: Callable[..., Callable[[Any], Any]], names: list[Any]
) -> Callable[[Any], tuple[Any, ...]]:
    """Return what gets all of these in one call, as a tuple however many they are."""
    if len(names) > 1:
        return getter(*names)
    one = [getter(name) for name in names]
    return lambda of: tuple(get(of) for get in one)


def _escaped(cell: str) -> str:
    return cell.translate(_ESCAPES)


def _shortened(name: str, text: str, length: int) -> str:
    """Return the beginning of a text that is too long; ids that only begin alike stay different."""
    if not name.endswith("_id"):
        return text[:length]
    return text[: length - 17] + "~" + sha256(text.encode()).hexdigest()[:16]
