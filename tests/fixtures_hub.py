"""The hub over a fresh database: timing partners, and what the store writes for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime

import psycopg2
import psycopg2.extras
import pytest

from database import migrate
from database.connection import Database
from database.store import Store
from providers.accounts import SyncReport
from providers.readings import Snapshot
from providers.records import Credentials
from tests.fixtures_database import as_daemon


@pytest.fixture
def add_partner(database: Database, store: Store) -> Callable[..., Credentials]:
    """A maker of timing partners with credentials for ChronoTrack Live."""

    def add(name: str = "Harbour Timing", **how: object) -> Credentials:
        return store.credentials("ChronoTrack Live", [new_partner(database, name, **how)])[0]

    return add


def new_partner(database: Database, name: str, *, secret: str = "demo-password", **config: object) -> int:
    """Make a timing partner with credentials for ChronoTrack Live; return its id."""
    principal = str(config.pop("principal", "demo@chronotrack.test"))
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO timing_partners (company_name) VALUES (%s) RETURNING timing_partner_id", (name,)
        )
        partner: int = cursor.fetchone()["timing_partner_id"]
        cursor.execute(
            "INSERT INTO partner_provider_credentials"
            " (timing_partner_id, provider_id, principal, secret, additional_config)"
            " VALUES (%s, 1, %s, %s, %s)",
            (partner, principal, secret, psycopg2.extras.Json(config)),
        )
    return partner


class Hub:
    """A database with one timing partner, written by the store as the pipeline does."""

    at = datetime(2025, 6, 1, 12, tzinfo=UTC)

    def __init__(self, database, store, partner, query) -> None:
        self.database, self.store, self.partner, self.query = database, store, partner, query

    def save_events(self, *events, **options) -> SyncReport:
        snapshot, account, at = self._parts("events", None, events, **options)
        return self.store.save_events(self.partner, snapshot, account, at)

    def save_participants(self, event, *participants, **options) -> SyncReport:
        snapshot, account, at = self._parts("participants", event, participants, **options)
        with self.store.claim(self.partner, event):
            return self.store.save_participants(self.partner, event, snapshot, account, at)

    def save_results(self, event, *results, **options) -> SyncReport:
        snapshot, account, at = self._parts("results", event, results, **options)
        with self.store.claim(self.partner, event):
            return self.store.save_results(self.partner, event, snapshot, account, at)

    def save_past_event(self, event, participants=(), results=(), **options) -> SyncReport:
        api_id = event.provider_event_id
        entries, account, at = self._parts("backfill", api_id, participants, **options)
        with self.store.claim(self.partner, api_id):
            return self.store.save_past_event(
                self.partner, event, entries, Snapshot(results, complete=True), account, at
            )

    def key(self, api_id) -> str:
        return self.partner.key(api_id)

    def _parts(
        self, sync_type, event, records, *, at=None, complete=True, rejected=(), unsure=(), account=None
    ):
        at = at or self.at

        def completed(stored) -> SyncReport:
            return SyncReport(
                sync_type=sync_type,
                timing_partner_id=self.partner.timing_partner_id,
                status="completed" if stored.complete and not stored.rejected else "partial",
                started=at,
                event_id=None if event is None else self.key(event),
                seen=stored.seen,
                written=stored.written,
                rejected=stored.rejected,
                statistics={"complete": stored.complete, sync_type: stored.seen, **stored.notes},
            )

        snapshot = Snapshot(iter(records), complete, list(rejected), frozenset(unsure))
        return snapshot, account or completed, at


@pytest.fixture
def open_hub(open_query) -> Iterator[Callable[..., Hub]]:
    """A maker of hubs over databases that have the extension; their stores have the daemon's privileges."""
    with ExitStack() as stack:

        def opened(dsn: str, name: str = "Harbour Timing") -> Hub:
            query = open_query(dsn)
            with closing(Database(dsn)) as owners:
                migrate.apply(owners, migrate.ROLES)
            database = stack.enter_context(closing(Database(as_daemon(dsn))))
            store = stack.enter_context(closing(Store(database)))
            partner = query(
                "INSERT INTO timing_partners (company_name) VALUES (%s) RETURNING timing_partner_id", name
            )[0]["timing_partner_id"]
            query(
                "INSERT INTO partner_provider_credentials (timing_partner_id, provider_id, principal, secret)"
                " SELECT %s, provider_id, 'demo', 'demo' FROM providers WHERE name = 'ChronoTrack Live'",
                partner,
            )
            return Hub(database, store, store.credentials("ChronoTrack Live", [partner])[0], query)

        yield opened


@pytest.fixture
def hub(open_hub, dsn: str) -> Hub:
    """A hub over the fresh database."""
    return open_hub(dsn)
