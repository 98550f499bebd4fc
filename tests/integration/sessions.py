"""What tests have a database's sessions do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor


def backend(database):
    with database.transaction() as cursor:
        cursor.execute("SELECT pg_backend_pid() AS pid")
        return cursor.fetchone()["pid"]


def run(database, statement):
    with database.transaction() as cursor:
        cursor.execute(statement)


def lend(database, count):
    """Have a number of transactions open at once; return their backends."""
    together = threading.Barrier(count)

    def work(_):
        with database.transaction() as cursor:
            cursor.execute("SELECT pg_backend_pid() AS pid")
            together.wait(timeout=30)
            return cursor.fetchone()["pid"]

    with ThreadPoolExecutor(count) as threads:
        return set(threads.map(work, range(count)))


def ask_for_long(database, asked):
    """Ask a server for what it has no answer to: it says as little as one that is gone."""
    with database.transaction() as cursor:
        cursor.connection.patience = 1.0
        asked.set()
        cursor.execute("SELECT pg_sleep(60)")


def insert_a_row(database, query, *, end_session=False, then=None, error=None):
    """In one transaction: insert a row, have the session ended from outside, run a statement, raise."""
    with database.transaction() as cursor:
        cursor.execute("INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")
        if end_session:
            pid = cursor.connection.info.backend_pid
            assert query("SELECT pg_terminate_backend(%s, 10000) AS gone", pid) == [{"gone": True}]
        if then:
            cursor.execute(then)
        if error:
            raise error
