"""Makes rows of a host table out of records, as wide as the table is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Generic

from database.host_tables import HostTable, Owner, RecordT, to_json
from providers.storable import is_storable, storable_text


class RowMaker(Generic[RecordT]):
    """Makes the rows of one table, in the order of `columns`."""

    def __init__(self, table: HostTable[RecordT], host: Mapping[str, int | None]) -> None:
        """Make rows for the columns that the host has.

        Args:
            table: what the integration writes.
            host: the columns that are there, each with the most characters that it holds or None.
        """
        self._of_owner = [value for name, value in table.of_owner.items() if name in host]
        self._of_record = [value for name, value in table.of_record.items() if name in host]
        self.columns = tuple(name for name in table.columns if name in host)
        self._narrow = [
            (at, name, length) for at, name in enumerate(self.columns) if (length := host[name]) is not None
        ]
        self._overflow_at = self.columns.index(table.overflow) if table.overflow in self.columns else None

    def rows(self, records: Iterable[RecordT], owner: Owner) -> Iterator[list[object]]:
        """Yield each record's row."""
        of_owner = [value(owner) for value in self._of_owner]
        for record in records:
            row = [*of_owner, *[value(record, owner) for value in self._of_record]]
            # All texts at once: hardly any has something in it that cannot be stored.
            if not is_storable("".join([cell for cell in row if isinstance(cell, str)])):
                row = [storable_text(cell) if isinstance(cell, str) else cell for cell in row]
            overflow: dict[str, str] = {}
            for at, name, length in self._narrow:
                cell = row[at]
                if isinstance(cell, str) and len(cell) > length:
                    overflow[name] = cell
                    row[at] = _shortened(name, cell, length)
            if self._overflow_at is not None:
                kept = row[self._overflow_at]
                additional = dict(kept) if isinstance(kept, Mapping) else {}
                if overflow:
                    additional["too_long"] = overflow
                row[self._overflow_at] = to_json(additional) if additional else None
            yield row


def _shortened(name: str, text: str, length: int) -> str:
    """Return the beginning of a text that is too long; ids that only begin alike stay different."""
    if not name.endswith("_id"):
        return text[:length]
    return text[: length - 17] + "~" + sha256(text.encode()).hexdigest()[:16]
