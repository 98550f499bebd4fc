"""Brings records into a host table by way of a temporary table, and writes only what differs.

COPY fills the connection's own temporary table; an UPDATE of the rows that differ and an INSERT of the
new ones follow. A poll that changes nothing writes nothing and burns no value of the host's serial.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Generic

from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from database.host_tables import HostTable, Owner, RecordT, RowMaker, database_time
from database.queries import compose
from providers.errors import SchemaNotReady
from providers.records import Credentials

# Rows a COPY chunk: large enough to be fast, small enough not to matter in memory.
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows were staged, and how many were left out because one with their key came before."""

    rows: int
    repeated: int


class Staging(Generic[RecordT]):
    """The way of one kind of record into its host table, for the columns that this database has."""

    def __init__(self, table: HostTable[RecordT]) -> None:
        self.table = table
        self.staged = sql.Identifier(f"staged_{table.name}")
        self._maker: RowMaker[RecordT] | None = None

    def load(self, cursor: RealDictCursor, records: Iterable[RecordT], owner: Owner) -> Loaded:
        """Fill the connection's temporary table. Of records with the same key the first one counts."""
        maker = self._row_maker(cursor)
        self._make_table(cursor, maker)
        copy = compose("copy_staged", staged=self.staged, columns=names(maker.columns))
        copied = 0
        for chunk in _chunks(maker.rows(records, owner)):
            text = io.StringIO()
            csv.writer(text).writerows(chunk)
            text.seek(0)
            cursor.copy_expert(copy, text)
            copied += len(chunk)
        cursor.execute(compose("drop_repeated", staged=self.staged, key=names(self.table.key)))
        return Loaded(copied - cursor.rowcount, cursor.rowcount)

    def merge(self, cursor: RealDictCursor, at: datetime, credentials: Credentials) -> int:
        """Write what differs from the temporary table into the host table.

        Args:
            cursor: of the transaction that loaded the records.
            at: the instant of the reading, for api_fetched_date.
            credentials: those that it was read with, for api_credentials_used.

        Returns:
            How many rows were new or differed.
        """
        columns = self._row_maker(cursor).columns
        content = tuple(name for name in columns if name not in self.table.key)
        match = sql.SQL(" AND ").join(
            sql.SQL("kept.{0} = staged.{0}").format(sql.Identifier(name)) for name in self.table.key
        )
        used = f"partner_provider_credentials:{credentials.credentials_id}"
        values = {"at": database_time(at), "credentials": used}
        table = sql.Identifier(self.table.name)
        cursor.execute(
            compose(
                "update_changed",
                table=table,
                staged=self.staged,
                match=match,
                assignments=assignments(content),
                kept_columns=names(content, "kept"),
                staged_columns=names(content, "staged"),
            ),
            values,
        )
        updated = cursor.rowcount
        cursor.execute(
            compose(
                "insert_new",
                table=table,
                staged=self.staged,
                match=match,
                columns=names(columns),
                staged_columns=names(columns, "staged"),
            ),
            values,
        )
        return updated + cursor.rowcount

    def _row_maker(self, cursor: RealDictCursor) -> RowMaker[RecordT]:
        if self._maker is None:
            cursor.execute(compose("host_columns"), {"table": self.table.name})
            host = {row["name"]: row["max_length"] for row in cursor.fetchall()}
            if "data_source" not in host:
                raise SchemaNotReady(
                    f"{self.table.name} lacks the integration's columns: run `chronotrack-live migrate`."
                )
            self._maker = self.table.row_maker(host)
        return self._maker

    def _make_table(self, cursor: RealDictCursor, maker: RowMaker[RecordT]) -> None:
        cursor.execute(
            compose(
                "stage",
                staged=self.staged,
                table=sql.Identifier(self.table.name),
                columns=names(maker.columns),
            )
        )


def names(columns: Iterable[str], qualifier: str | None = None) -> sql.Composed:
    """Return a list of columns, of the table that the qualifier names."""
    parts = (sql.Identifier(qualifier, name) if qualifier else sql.Identifier(name) for name in columns)
    return sql.SQL(", ").join(parts)


def assignments(columns: Iterable[str]) -> sql.Composed:
    """Return what takes each column over from `staged`."""
    return sql.SQL(", ").join(sql.SQL("{0} = staged.{0}").format(sql.Identifier(name)) for name in columns)


def _chunks(rows: Iterable[list[object]]) -> Iterator[list[list[object]]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
