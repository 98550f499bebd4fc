"""A crash at any instant leaves a whole poll or nothing of it: data, rejected rows and history together."""

from __future__ import annotations

import multiprocessing
import random
from contextlib import closing

import pytest
from psycopg2.extensions import make_dsn

from database.store import Store
from providers.errors import DatabaseUnavailable, RowRejected
from tests.fixtures_hub import Hub
from tests.integration.builders import FIELD, LATER, RUN, athlete, entry
from tests.integration.endless_polls import ATHLETES, poll_on_and_on
from tests.integration.watched_database import FragileDatabase

KILLS = 40
# Longer than a poll takes, so that a kill may meet any of its instants, and the next one's.
LONGEST_LIFE = 0.06
SESSIONS = "FROM pg_stat_activity WHERE application_name = 'endless polls' AND datname = current_database()"
TABLES = ("ct_events", "ct_races", "ct_participants", "ct_results", "ct_live_rejected_rows", "sync_history")


# The process dies -----------------------------------------------------------------------------------


@pytest.fixture
def live_once(daemon_dsn, query):
    """What lets a process poll until it is killed some time after its first poll; that poll's number."""
    # Forked from a process that has read all modules already, and has no threads.
    nursery = multiprocessing.get_context("forkserver")
    nursery.set_forkserver_preload(["tests.integration.endless_polls"])
    dsn = make_dsn(daemon_dsn, application_name="endless polls")

    def live(seconds):
        told, tells = nursery.Pipe(duplex=False)
        process = nursery.Process(target=poll_on_and_on, args=(dsn, tells), daemon=True)
        with told:
            process.start()
            tells.close()
            try:
                first = told.recv()
                process.join(seconds)
                assert process.is_alive()
            finally:
                process.kill()
                process.join()
        # What it sent before may still be under way on the server's side.
        query(f"SELECT pg_terminate_backend(pid, 10000) {SESSIONS}")
        assert query(f"SELECT pid {SESSIONS} AND xact_start IS NOT NULL") == []
        return first

    return live


def test_a_process_that_is_killed_at_any_instant_leaves_whole_polls(run, live_once):
    for _ in range(KILLS):
        first = live_once(random.uniform(0, LONGEST_LIFE))

        [history] = run.query(
            "SELECT count(*) AS polls, max((data_snapshot ->> 'poll')::int) AS last FROM sync_history"
            " WHERE sync_type = 'results'"
        )
        assert history["polls"] == history["last"] >= first
        assert run.query("SELECT additional_data -> 'poll' AS poll, count(*) FROM ct_results GROUP BY 1") == [
            {"poll": history["last"], "count": ATHLETES}
        ]
        assert run.query("SELECT payload -> 'poll' AS poll, times_seen FROM ct_live_rejected_rows") == [
            {"poll": history["last"], "times_seen": history["polls"]}
        ]


# The session dies -----------------------------------------------------------------------------------


@pytest.fixture
def fragile(hub, daemon_dsn):
    """The hub over a database whose sessions can be ended at any statement."""

    def kill(pid):
        assert hub.query("SELECT pg_terminate_backend(%s, 10000) AS gone", pid) == [{"gone": True}]

    with closing(FragileDatabase(daemon_dsn, kill)) as database, closing(Store(database)) as store:
        yield Hub(database, store, hub.partner, hub.query)


def contents(query):
    return [
        query(f"SELECT xmin::text, to_jsonb(t) AS row FROM {table} AS t ORDER BY ctid") for table in TABLES
    ]


REJECTED = [RowRejected("odd", kind=kind, payload={"a": 1}, api_id="x") for kind in ("result", "participant")]
CHANGED = [athlete(number, bib="7") for number in range(3, 60)]
ENTRIES = [entry(number, bib="7") for number in range(1, 30)]
# Each with something new, something changed, something set aside; results also with some that vanished.
OPERATIONS = {
    "events": lambda hub: hub.save_events(RUN, at=LATER),
    "participants": lambda hub: hub.save_participants("5", *ENTRIES, rejected=REJECTED[1:], at=LATER),
    "results": lambda hub: hub.save_results(
        "5", *CHANGED, rejected=REJECTED[:1], unsure={"gender_place"}, at=LATER
    ),
    "a past event": lambda hub: hub.save_past_event(RUN, ENTRIES, CHANGED, at=LATER),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_session_that_ends_before_any_statement_or_the_commit_leaves_nothing(fragile, operation):
    if operation != "events":
        fragile.save_events(RUN)
        fragile.save_participants("5", *(entry(number) for number in range(1, 20)))
        fragile.save_results("5", *FIELD)
        fragile.save_results("5", *FIELD[2:])
    before = contents(fragile.query)
    statement = 0

    while True:
        statement += 1
        fragile.database.break_before(statement)
        try:
            report = OPERATIONS[operation](fragile)
        except DatabaseUnavailable:
            assert contents(fragile.query) == before
        else:
            break

    assert not fragile.database.broke
    # Beside others: stage, copy, update, insert, history; with a commit at the end.
    assert statement > 10
    assert report.written > 0
    if operation in ("results", "a past event"):
        assert report.statistics["removed"] == 2
