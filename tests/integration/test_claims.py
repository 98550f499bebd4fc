"""Event locks: one worker an event, in this process and in all others."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from database.claims import Claims
from database.connection import Database
from providers.errors import CollectedElsewhere, DatabaseUnavailable, SettingsInvalid
from providers.records import ProviderEvent, ProviderResult
from tests.integration.pretended_pooler import pretended_pooler


@pytest.fixture
def open_claims():
    """A maker of claims, each of them those of a process of its own."""
    with ExitStack() as stack:

        def opened(dsn):
            database = stack.enter_context(closing(Database(dsn)))
            return stack.enter_context(closing(Claims(database)))

        yield opened


@pytest.fixture
def other(open_claims, daemon_dsn):
    """The claims of another process."""
    return open_claims(daemon_dsn)


@pytest.fixture
def claims(open_claims, daemon_dsn):
    return open_claims(daemon_dsn)


def kill_holder(query):
    """End the session that holds the advisory locks of this database."""
    gone = query(
        "SELECT pg_terminate_backend(pid, 10000) AS gone FROM ("
        " SELECT DISTINCT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
        " WHERE locktype = 'advisory' AND datname = current_database()) AS holders"
    )
    assert gone == [{"gone": True}]


def test_another_process_cannot_take_what_is_held(claims, other):
    with (
        claims.claim("ctlive:1:5"),
        pytest.raises(CollectedElsewhere, match="ctlive:1:5"),
        other.claim("ctlive:1:5"),
    ):
        pass


def test_another_thread_of_the_same_process_cannot_take_it_either(claims):
    with claims.claim("ctlive:1:5"), ThreadPoolExecutor(1) as thread:

        def take():
            with claims.claim("ctlive:1:5"):
                pass

        with pytest.raises(CollectedElsewhere):
            thread.submit(take).result()


def test_what_was_refused_is_still_held(claims, other):
    with claims.claim("ctlive:1:5"):
        for _ in range(2):
            with pytest.raises(CollectedElsewhere), claims.claim("ctlive:1:5"):
                pass
        with pytest.raises(CollectedElsewhere), other.claim("ctlive:1:5"):
            pass


def test_other_events_are_free(claims, other):
    with claims.claim("ctlive:1:5"), claims.claim("ctlive:1:6"), other.claim("ctlive:2:5"):
        pass


def test_an_event_is_free_after_its_block(claims, other):
    with claims.claim("ctlive:1:5"):
        pass

    with other.claim("ctlive:1:5"):
        pass


def test_an_event_is_free_after_its_block_has_raised(claims, other):
    with pytest.raises(LookupError), claims.claim("ctlive:1:5"):
        raise LookupError

    with other.claim("ctlive:1:5"), pytest.raises(CollectedElsewhere), claims.claim("ctlive:1:5"):
        pass


def test_closing_gives_everything_back(claims, other, query):
    with claims.claim("ctlive:1:5"), claims.claim("ctlive:1:6"):
        claims.close()
        with other.claim("ctlive:1:5"), other.claim("ctlive:1:6"):
            pass

    # The end of the block has opened no connection to release what is released.
    assert claims._connection is None


def test_two_stores_exclude_each_other(hub, open_hub, dsn):
    again = open_hub(dsn, "Mountain Timing")

    with hub.store.claim(hub.partner, "5"):
        with pytest.raises(CollectedElsewhere), again.store.claim(hub.partner, "5"):
            pass
        with again.store.claim(again.partner, "5"):
            pass


def test_a_store_that_is_closed_has_given_back_its_events(hub, open_hub, dsn):
    again = open_hub(dsn, "Mountain Timing")

    with hub.store.claim(hub.partner, "5"):
        hub.store.close()
        with again.store.claim(hub.partner, "5"):
            pass


def test_a_lock_connection_that_breaks_while_idle_is_replaced(claims, other, query):
    with claims.claim("ctlive:1:5"):
        kill_holder(query)

    with claims.claim("ctlive:1:5"), pytest.raises(CollectedElsewhere), other.claim("ctlive:1:5"):
        pass


def test_a_server_that_is_away_is_not_another_worker():
    claims = Claims(Database("host=/nonexistent"))

    with pytest.raises(DatabaseUnavailable), claims.claim("ctlive:1:5"):
        pass


def test_a_lost_lock_lets_another_in_and_its_first_holder_writes_nothing(hub, open_hub, dsn):
    again = open_hub(dsn, "Mountain Timing")
    hub.save_events(ProviderEvent(provider_event_id="5", name="Run"))
    history = hub.query("SELECT count(*) FROM sync_history")
    slow = ProviderResult(provider_result_id="1", status="finished", bib="slow")

    with hub.store.claim(hub.partner, "5"):
        kill_holder(hub.query)
        with (
            again.store.claim(hub.partner, "5"),
            pytest.raises(CollectedElsewhere, match="nothing was written"),
        ):
            save_within_claim(hub, slow)

    assert hub.query("SELECT 1 FROM ct_results") == []
    assert hub.query("SELECT count(*) FROM sync_history") == history


def test_a_lost_lock_costs_the_save_though_a_new_connection_was_opened_since(hub):
    hub.save_events(ProviderEvent(provider_event_id="5", name="Run"))

    with hub.store.claim(hub.partner, "5"):
        kill_holder(hub.query)
        with hub.store.claim(hub.partner, "6"), pytest.raises(CollectedElsewhere):
            save_within_claim(hub, ProviderResult(provider_result_id="1", status="finished"))

    assert hub.query("SELECT 1 FROM ct_results") == []


def test_a_save_without_a_claim_is_refused(hub):
    hub.save_events(ProviderEvent(provider_event_id="5", name="Run"))

    with pytest.raises(CollectedElsewhere):
        save_within_claim(hub, ProviderResult(provider_result_id="1", status="finished"))

    assert hub.query("SELECT 1 FROM ct_results") == []


def test_the_lock_is_recognised_whatever_number_the_events_key_becomes(claims, daemon_database):
    keys = [f"ctlive:1:{number}" for number in random.Random(88).sample(range(10**9), 40)]

    for key in keys:
        with claims.claim(key), daemon_database.transaction() as cursor:
            claims.confirm(cursor, key)


def test_a_pooler_is_refused_with_what_to_do(open_claims, daemon_dsn):
    with pretended_pooler(daemon_dsn) as address:
        claims = open_claims(address)
        with (
            pytest.raises(SettingsInvalid, match=r"a pooler .* PostgreSQL itself\.$"),
            claims.claim("ctlive:1:5"),
        ):
            pass

    assert claims._connection is None


def test_what_lies_between_without_being_a_pooler_is_no_hindrance(open_claims, other, daemon_dsn):
    with (
        pretended_pooler(daemon_dsn, process=None) as address,
        open_claims(address).claim("ctlive:1:5"),
        pytest.raises(CollectedElsewhere),
        other.claim("ctlive:1:5"),
    ):
        pass


def save_within_claim(hub, *results):
    snapshot, account, at = hub._parts("results", "5", results)
    return hub.store.save_results(hub.partner, "5", snapshot, account, at)
