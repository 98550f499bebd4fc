"""Whether the database is there: lost is only what does not answer; refused is not waited for."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from psycopg2.extensions import make_dsn

from database.connection import Database
from database.refusal import refuses
from database.store import Store
from providers.errors import DatabaseUnavailable
from schedulers.database_watch import DatabaseWatch


def unavailable(dsn):
    with (
        closing(Database(dsn)) as database,
        closing(Store(database)) as store,
        pytest.raises(DatabaseUnavailable) as raised,
    ):
        store.answers()
    return raised.value


def test_a_server_that_refuses_the_role_or_the_database_is_not_waited_for(dsn):
    assert refuses(unavailable(make_dsn(dsn, user="nobody_of_this_name")))
    assert refuses(unavailable(make_dsn(dsn, dbname="no_database_of_this_name")))


def test_a_server_that_does_not_listen_is_waited_for(nowhere, tmp_path):
    host, _, port = nowhere.partition(":")

    assert not refuses(unavailable(f"host={host} port={port} dbname=hub user=hub"))
    assert not refuses(unavailable(f"host={tmp_path} dbname=hub user=hub"))
    assert not refuses(unavailable("host=no-such-host.invalid dbname=hub user=hub"))


@pytest.mark.parametrize(
    "said",
    [
        "FATAL: the database system is starting up",
        "FATAL: the database system is shutting down",
        "FATAL: the database system is in recovery mode",
        "FATAL: the database system is not yet accepting connections",
        "FATAL: sorry, too many clients already",
        "FATAL: remaining connection slots are reserved for non-replication superuser connections",
    ],
)
def test_a_server_that_is_on_its_way_or_full_is_waited_for(said):
    assert not refuses(DatabaseUnavailable(said))


def test_an_operation_that_failed_though_the_database_answers_does_not_lose_it(store):
    watch = DatabaseWatch(store.answers)

    assert not watch.missed()
    assert not watch.lost


def test_a_database_is_lost_once_and_back_once(capsys):
    answers = [False, False, False, True]

    def ask():
        if not answers.pop(0):
            raise DatabaseUnavailable("no server")

    watch = DatabaseWatch(ask)
    found = [watch.missed(), watch.missed(), watch.look(), watch.lost, watch.look(), watch.look(), watch.lost]

    assert found == [True, False, False, True, False, True, False]
    said = capsys.readouterr().out
    assert (said.count("database.lost"), said.count("database.back")) == (1, 1)


def test_the_waits_double_up_to_a_minute():
    watch = DatabaseWatch(lambda: None)

    assert [watch.next_look() // timedelta(seconds=1) for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
