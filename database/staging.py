"""Brings records into a host table by way of a temporary table, and writes only what differs.

COPY fills the connection's own temporary table. Of rows that the host has none of, an INSERT follows;
otherwise an UPDATE of the ones that differ, and an INSERT of the new ones. A poll that changes nothing writes
nothing and burns no value of the host's serial.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from tempfile import SpooledTemporaryFile, gettempdir
from typing import Generic

from psycopg2 import sql
from psycopg2.errors import UniqueViolation
from psycopg2.extras import RealDictCursor

from database.host_tables import HostTable, Owner, RecordT, database_time
from database.queries import compose
from database.row_maker import DELIMITER, RowMaker
from providers import computing
from providers.errors import RetryLater, SchemaNotReady
from providers.records import Credentials

# Rows that are written at once: large enough to be fast, small enough not to matter in memory.
CHUNK = 1_000
# What is longer waits in a temporary file: the rows of some 2,500 athletes. In bytes.
_IN_MEMORY = 1 * 2**20
# Bytes that COPY is handed at once.
_COPY_SIZE = 2**18


@dataclass(frozen=True, slots=True)
class Rendered(Generic[RecordT]):
    """Records of one owner as the text that COPY takes."""

    owner: Owner
    text: SpooledTemporaryFile[bytes]
    rows: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows were staged, and how many were left out because one with their key came before."""

    rows: int
    repeated: int


class Staging(Generic[RecordT]):
    """The way of one kind of record into its host table, for the columns that this database has.

    Records are rendered before a transaction begins: to make them takes several times as long as to store
    them, and other events wait for the connection.
    """

    def __init__(self, table: HostTable[RecordT], maker: RowMaker[RecordT], chunk: int = CHUNK) -> None:
        self.table = table
        self.staged = sql.Identifier(f"staged_{table.name}")
        self._maker = maker
        self._chunk = chunk

    @classmethod
    def of(cls, cursor: RealDictCursor, table: HostTable[RecordT], chunk: int = CHUNK) -> Staging[RecordT]:
        """Return the way into a table as it is in this database, `chunk` rows at a time.

        Raises:
            SchemaNotReady: it lacks the integration's columns.
        """
        cursor.execute(compose("host_columns"), {"table": table.name})
        host = {row["name"]: row["max_length"] for row in cursor.fetchall()}
        if "data_source" not in host:
            raise SchemaNotReady(
                f"{table.name} lacks the integration's columns: run `chronotrack-live migrate`."
            )
        return cls(table, RowMaker(table, host), chunk)

    @contextmanager
    def render(self, records: Iterable[RecordT], owner: Owner) -> Iterator[Rendered[RecordT]]:
        """Read records to their end, and lend them for the length of the block as the text that `load` takes.

        Raises:
            RetryLater: the temporary folder has no room for it.
        """
        with SpooledTemporaryFile(_IN_MEMORY) as text:
            yield Rendered(owner, text, self._write(records, owner, text))

    def load(self, cursor: RealDictCursor, rendered: Rendered[RecordT]) -> Loaded:
        """Fill the connection's temporary table. Of records with the same key the first one counts."""
        columns = names(self._maker.columns)
        table = sql.Identifier(self.table.name)
        cursor.execute(compose("stage", staged=self.staged, table=table, columns=columns))
        copy = compose("copy_staged", staged=self.staged, columns=columns, delimiter=sql.Literal(DELIMITER))
        rendered.text.seek(0)
        cursor.copy_expert(copy, rendered.text, _COPY_SIZE)
        cursor.execute(compose("drop_repeated", staged=self.staged, key=names(self.table.key)))
        return Loaded(rendered.rows - cursor.rowcount, cursor.rowcount)

    def merge(self, cursor: RealDictCursor, at: datetime, credentials: Credentials) -> int:
        """Write what differs from the temporary table into the host table.

        Args:
            cursor: of the transaction that loaded the records.
            at: the instant of the reading, for api_fetched_date.
            credentials: those that it was read with, for api_credentials_used.

        Returns:
            How many rows were new or differed.
        """
        columns = self._maker.columns
        content = tuple(name for name in columns if name not in self.table.key)
        match = sql.SQL(" AND ").join(
            sql.SQL("kept.{0} = staged.{0}").format(sql.Identifier(name)) for name in self.table.key
        )
        used = f"partner_provider_credentials:{credentials.credentials_id}"
        values = {"at": database_time(at), "credentials": used}

        def run(name: str) -> int:
            """Run a statement of the two tables; return how many rows it was about."""
            statement = compose(
                name,
                table=sql.Identifier(self.table.name),
                staged=self.staged,
                match=match,
                key=names(self.table.key),
                columns=names(columns),
                staged_columns=names(columns, "staged"),
                kept_content=names(content, "kept"),
                staged_content=names(content, "staged"),
                assignments=assignments(content),
            )
            cursor.execute(statement, values)
            return cursor.rowcount

        run("staged_and_kept")
        [there] = cursor.fetchall()
        if there["staged"] == 0:
            return 0
        if not there["any_kept"]:
            # Violated where another event of the partner brings some of them in at this very moment.
            with suppress(UniqueViolation), _attempt(cursor):
                return run("insert_all")
        return run("update_changed") + run("insert_new")

    def _write(self, records: Iterable[RecordT], owner: Owner, text: SpooledTemporaryFile[bytes]) -> int:
        """Write the records' lines, a chunk at a time; return how many there were."""
        count, coming = 0, iter(records)
        while some := list(islice(coming, self._chunk)):
            with computing.turn:
                lines = "\n".join([*self._maker.lines(some, owner), ""]).encode()
            try:
                text.write(lines)
            except OSError as error:
                raise RetryLater(
                    f"The rows of an event cannot be written to {gettempdir()} ({error.strerror}): "
                    "make room there, or let TMPDIR name another folder."
                ) from error
            count += len(some)
        return count


@contextmanager
def _attempt(cursor: RealDictCursor) -> Iterator[None]:
    """Let the block's statement violate a unique index: nothing of it stays, and the transaction goes on."""
    cursor.execute("SAVEPOINT attempt")
    try:
        yield
    except UniqueViolation:
        cursor.execute("ROLLBACK TO SAVEPOINT attempt")
        raise
    cursor.execute("RELEASE SAVEPOINT attempt")


def names(columns: Iterable[str], qualifier: str | None = None) -> sql.Composed:
    """Return a list of columns, of the table that the qualifier names."""
    parts = (sql.Identifier(qualifier, name) if qualifier else sql.Identifier(name) for name in columns)
    return sql.SQL(", ").join(parts)


def assignments(columns: Iterable[str]) -> sql.Composed:
    """Return what takes each column over from `staged`."""
    return sql.SQL(", ").join(sql.SQL("{0} = staged.{0}").format(sql.Identifier(name)) for name in columns)
