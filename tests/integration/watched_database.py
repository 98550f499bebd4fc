"""The hub's database, watched for what each transaction writes, or ended at any of its statements."""

from __future__ import annotations

from contextlib import contextmanager

from database.connection import Database

# The running transaction's counts lie upon those that its session has not reported yet.
_COUNTS = """
    SELECT relname, n_tup_ins, n_tup_upd, n_tup_del
    FROM pg_stat_xact_user_tables
    WHERE schemaname = 'public'
"""


class WatchedDatabase(Database):
    """Knows how many rows the last transaction inserted, updated and deleted in which tables.

    Temporary tables do not count. Tables in which nothing was written are left out.
    """

    written: dict[str, tuple[int, int, int]]

    @contextmanager
    def transaction(self):
        with super().transaction() as cursor:
            before = _counts(cursor)
            yield cursor
            after = _counts(cursor)
        changes = {
            table: tuple(now - then for now, then in zip(counts, before.get(table, (0, 0, 0)), strict=True))
            for table, counts in after.items()
        }
        self.written = {table: change for table, change in changes.items() if any(change)}


class FragileDatabase(Database):
    """Loses its server process just before the statement of a given number, or before the commit.

    Args:
        dsn: of the database.
        kill: ends the server process of a given id, and returns when it is gone.
    """

    def __init__(self, dsn, kill):
        super().__init__(dsn)
        self._kill = kill
        self._left = None

    def break_before(self, number):
        """Have the statement of this number, counted from 1, meet no server process."""
        self._left = number

    @property
    def broke(self):
        """Whether it has come to that statement."""
        return self._left == 0

    @contextmanager
    def transaction(self):
        with super().transaction() as cursor:
            yield _CountedCursor(cursor, self._before_statement)
            self._before_statement(cursor)  # the commit

    def _before_statement(self, cursor):
        if self._left:
            self._left -= 1
            if self._left == 0:
                self._kill(cursor.connection.info.backend_pid)


class _CountedCursor:
    def __init__(self, cursor, before_statement):
        self._cursor, self._before_statement = cursor, before_statement

    def execute(self, *statement):
        self._before_statement(self._cursor)
        self._cursor.execute(*statement)

    def copy_expert(self, *statement):
        self._before_statement(self._cursor)
        self._cursor.copy_expert(*statement)

    def __getattr__(self, name):
        return getattr(self._cursor, name)


def _counts(cursor):
    cursor.execute(_COUNTS)
    return {row["relname"]: tuple(row.values())[1:] for row in cursor.fetchall()}
