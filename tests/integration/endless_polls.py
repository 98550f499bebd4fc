"""Saves polls of an event, one after the other, each with its number in all that it writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import count
from multiprocessing.connection import Connection

from database.connection import Database
from database.store import Store
from providers.accounts import Stored, SyncReport
from providers.errors import RowRejected
from providers.readings import Snapshot
from providers.records import Credentials, ProviderResult
from tests.integration.builders import LATER, athlete

ATHLETES = 100


def save_poll(store: Store, partner: Credentials, number: int) -> None:
    """Store a poll whose results, rejected row and history row bear a number."""

    def results() -> Iterator[ProviderResult]:
        for one in range(1, ATHLETES + 1):
            yield athlete(one, additional_data={"poll": number})

    def account(stored: Stored) -> SyncReport:
        return SyncReport(
            sync_type="results",
            timing_partner_id=partner.timing_partner_id,
            status="partial",
            started=LATER,
            event_id=partner.key("5"),
            statistics={"poll": number, "complete": stored.complete, **stored.notes},
        )

    rejected = [RowRejected("odd", kind="result", payload={"poll": number}, api_id="odd")]
    with store.claim(partner, "5"):
        store.save_results(
            partner, "5", Snapshot(results(), complete=True, rejected=rejected), account, LATER
        )


def poll_on_and_on(dsn: str, stored: Connection) -> None:
    """Save one poll after the other, from the number after the last on; tell each that is stored.

    It is meant to be killed; it ends by itself when nobody hears it any more.
    """
    with closing(Database(dsn)) as database, closing(Store(database)) as store:
        [partner] = store.credentials("ChronoTrack Live")
        with database.transaction() as cursor:
            cursor.execute(
                "SELECT coalesce(max((data_snapshot ->> 'poll')::int), 0) AS last FROM sync_history"
            )
            [row] = cursor.fetchall()
        for number in count(row["last"] + 1):
            save_poll(store, partner, number)
            stored.send(number)
