"""Records into rows, and what scheduler and backfill read back.

Each `save_` method is one transaction: the data, the rows set aside and the history row commit together
or not at all. The history row is made by the caller's `account`, which is told what was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from database.claims import Claims
from database.connection import Database
from database.duplicates import duplicate, find_duplicate, mark_duplicates
from database.history import add_history, fold_history, last_reading
from database.host_tables import database_time
from database.queries import compose, whose
from database.snapshots import Snapshots, in_all
from database.staging import CHUNK
from providers.accounts import DiscoveryAccount, Stored, SyncReport
from providers.errors import SchemaNotReady, SettingsInvalid, SkipThis
from providers.readings import Snapshot
from providers.records import Credentials, ProviderEvent, ProviderParticipant, ProviderResult, StoredEvent

Account = Callable[[Stored], SyncReport]

# So far may the clocks of two hosts be apart. What is accounted for at a later instant than this from now was
# written before a clock was set back.
_CLOCKS_APART = timedelta(minutes=1)


class NoCredentials(SettingsInvalid):
    """No timing partner has credentials for the provider."""


class Store:
    """The hub's database in the words of the pipeline. May be used from several threads at once."""

    def __init__(self, database: Database, chunk: int = CHUNK) -> None:
        """Keep the database; entries and results are brought to it `chunk` rows at a time."""
        self._database = database
        self._chunk = chunk
        self._claims = Claims(database)
        self._snapshots: Snapshots | None = None

    # What is there -----------------------------------------------------------------------------------

    def credentials(self, provider_name: str, partners: Sequence[int] | None = None) -> list[Credentials]:
        """Return the credentials of every partner that has some for this provider, or of `partners`.

        Raises:
            SchemaNotReady: the database does not know the provider.
            NoCredentials: none of them has any.
        """
        with self._database.transaction() as cursor:
            cursor.execute(
                compose("partner_credentials"),
                {"provider_name": provider_name, "partners": None if partners is None else list(partners)},
            )
            if found := [Credentials(**row) for row in cursor.fetchall()]:
                return found
            cursor.execute(compose("provider_id"), {"provider_name": provider_name})
            if cursor.fetchone() is None:
                raise SchemaNotReady(
                    f"The database does not know {provider_name}: run `chronotrack-live migrate`, which adds "
                    "ChronoTrack Live; any other provider needs a row of that name in providers."
                )
        who = "No timing partner" if partners is None else f"None of the timing partners {list(partners)}"
        raise NoCredentials(
            f"{who} has credentials for {provider_name}: give them some with "
            "`chronotrack-live credentials set`, or with SQL for another provider."
        )

    def live_events(self, credentials: Credentials, since: datetime) -> list[StoredEvent]:
        """Return the partner's live events of `since` or later, by start, end or a race's start."""
        with self._database.transaction() as cursor:
            cursor.execute(compose("live_events"), whose(credentials) | {"since": database_time(since)})
            return [_stored_event(row) for row in cursor.fetchall()]

    def discovery_account(self, credentials: Credentials, since: datetime, now: datetime) -> DiscoveryAccount:
        """Return what is accounted for of the partner's discoveries since an instant (aware)."""
        values = {"since": database_time(since), "latest": database_time(now + _CLOCKS_APART)}
        with self._database.transaction() as cursor:
            cursor.execute(compose("discovery_account"), whose(credentials) | values)
            [row] = cursor.fetchall()
            return DiscoveryAccount(**{name: _aware(instant) for name, instant in row.items()})

    def imported_events(self, credentials: Credentials) -> set[str]:
        """Return the API ids of the partner's events that the backfill has brought in."""
        return self._imported(credentials, None)

    def paused_events(self, credentials: Credentials) -> set[str]:
        """Return the API ids of the partner's events that an operator holds back."""
        with self._database.transaction() as cursor:
            cursor.execute(compose("paused_events"), whose(credentials))
            return {row["provider_event_id"] for row in cursor.fetchall()}

    def tried_imports(self, credentials: Credentials) -> set[str]:
        """Return the keys of the partner's events that a backfill has tried to bring in, well or in vain."""
        with self._database.transaction() as cursor:
            cursor.execute(compose("tried_imports"), whose(credentials))
            return {row["event_id"] for row in cursor.fetchall()}

    def refuse_imported(self, credentials: Credentials, provider_event_id: str) -> None:
        """Raise SkipThis when a backfill has brought the event in."""
        event_id = credentials.key(provider_event_id)
        if self._imported(credentials, event_id):
            raise SkipThis(f"Event {event_id} was imported by another process meanwhile.")

    def race_under_way(self, credentials: Credentials, since: datetime, until: datetime) -> str | None:
        """Return the name of a live event of the partner with a race that starts in a span; None for none."""
        values = {"since": database_time(since), "until": database_time(until)}
        with self._database.transaction() as cursor:
            cursor.execute(compose("race_under_way"), whose(credentials) | values)
            row = cursor.fetchone()
            return None if row is None else str(row["name"])

    def refuse_what_is_done(
        self, credentials: Credentials, provider_event_id: str, kind: str, due: datetime, now: datetime
    ) -> None:
        """Raise SkipThis when nothing is to be done for a due instant (aware): see `providers.sync.Store`."""
        event_id = credentials.key(provider_event_id)
        values = {
            "event_id": event_id,
            "kind": kind,
            "due": database_time(due),
            "latest": database_time(now + _CLOCKS_APART),
        }
        with self._database.transaction() as cursor:
            cursor.execute(compose("due_state"), whose(credentials) | values)
            [state] = cursor.fetchall()
        if state["paused"]:
            raise SkipThis(f"Event {event_id} is paused (chronotrack-live events resume {event_id}).")
        if state["done"]:
            raise SkipThis(f"Event {event_id} ({kind}) was read for this instant by another process.")

    def answers(self) -> None:
        """Return when the database answers.

        Raises:
            DatabaseUnavailable: it does not.
        """
        self._database.answers()

    def hangs(self) -> bool:
        """Return whether somebody has waited for the database so long that it may not answer any more."""
        return self._database.hangs()

    # What is written ---------------------------------------------------------------------------------

    def claim(
        self, credentials: Credentials, provider_event_id: str, *kinds: str
    ) -> AbstractContextManager[None]:
        """Hold an event for some kinds of work against every other process; see `Claims.claim`."""
        return self._claims.claim(credentials.key(provider_event_id), *kinds)

    def claim_discovery(self, credentials: Credentials) -> AbstractContextManager[None]:
        """Hold a partner's discovery against every other process; see `Claims.claim`."""
        partner = f"{credentials.data_source} partner {credentials.timing_partner_id}"
        return self._claims.claim(partner, "discovery")

    def save_events(
        self, credentials: Credentials, snapshot: Snapshot[ProviderEvent], account: Account, at: datetime
    ) -> SyncReport:
        """Store a discovery: new and changed events, but none that TCP has already."""
        # Their races are read from the API one event at a time: no connection is to wait for that.
        snapshot = replace(snapshot, records=list(snapshot.records))
        snapshots = self._snapshots_here()
        with self._database.transaction() as cursor:
            stored, _ = snapshots.write_events(cursor, credentials, snapshot, at)
            mark_duplicates(cursor, credentials, None, at)
            report = account(stored)
            add_history(cursor, credentials, report)
            return report

    def save_participants(
        self,
        credentials: Credentials,
        provider_event_id: str,
        snapshot: Snapshot[ProviderParticipant],
        account: Account,
        at: datetime,
    ) -> SyncReport:
        """Store an event's entry list."""
        snapshots = self._snapshots_here()
        with (
            snapshots.render_participants(credentials, provider_event_id, snapshot) as rendered,
            self._database.transaction() as cursor,
        ):
            stored = snapshots.write_participants(cursor, rendered, snapshot, at)
            report = account(stored)
            add_history(cursor, credentials, report)
            self._claims.confirm(cursor, credentials.key(provider_event_id), "participants")
            return report

    def save_results(
        self,
        credentials: Credentials,
        provider_event_id: str,
        snapshot: Snapshot[ProviderResult],
        account: Account,
        at: datetime,
    ) -> SyncReport:
        """Store a poll of an event's results; of one that knows what changed since the last, only that."""
        snapshots = self._snapshots_here()
        unchanged: Sequence[str] = ()
        if snapshot.changes and snapshot.changes.since == self._last_reading(credentials, provider_event_id):
            unchanged = snapshot.changes.unchanged
            snapshot = replace(snapshot, records=snapshot.changes.records)
        with (
            snapshots.render_results(credentials, provider_event_id, snapshot) as rendered,
            self._database.transaction() as cursor,
        ):
            stored = snapshots.write_results(cursor, rendered, snapshot, at, unchanged)
            mark_duplicates(cursor, credentials, provider_event_id, at)
            report = account(stored)
            number = add_history(cursor, credentials, report)
            self._claims.confirm(cursor, credentials.key(provider_event_id), "results")
        # What is kept is not what was read: the next reading is to be stored in full.
        if snapshot.stored is not None and not stored.notes.keys() & {"lost", "left_as_kept"}:
            snapshot.stored(number)
        return report

    def refuse_duplicate(self, credentials: Credentials, event: ProviderEvent) -> None:
        """Raise DuplicateEvent when TCP has the event; asked before anything of it is read."""
        with self._database.transaction() as cursor:
            twin = find_duplicate(cursor, credentials, event)
            if twin is not None:
                raise twin

    def save_past_event(
        self,
        credentials: Credentials,
        event: ProviderEvent,
        participants: Snapshot[ProviderParticipant],
        results: Snapshot[ProviderResult],
        account: Account,
        at: datetime,
    ) -> SyncReport:
        """Store an event of the past whole: event, entries and results.

        Raises:
            DuplicateEvent: TCP has the event already; nothing was written.
        """
        snapshots, api_id = self._snapshots_here(), event.provider_event_id
        with (
            snapshots.render_participants(credentials, api_id, participants) as entry_rows,
            snapshots.render_results(credentials, api_id, results) as result_rows,
            self._database.transaction() as cursor,
        ):
            found, duplicates = snapshots.write_events(
                cursor, credentials, Snapshot([event], complete=None), at
            )
            if duplicates:
                raise duplicate(duplicates[0])
            entries = snapshots.write_participants(cursor, entry_rows, participants, at)
            finishes = snapshots.write_results(cursor, result_rows, results, at)
            report = account(in_all(found, entries, finishes))
            add_history(cursor, credentials, report)
            self._claims.confirm(cursor, credentials.key(event.provider_event_id))
            return report

    def note(self, credentials: Credentials, report: SyncReport) -> None:
        """Account for an operation that stored nothing: a test of credentials, a failure, a skip."""
        with self._database.transaction() as cursor:
            add_history(cursor, credentials, report)

    def fold_history(self, before: datetime) -> int:
        """Fold the account before an instant of what found nothing new or failed; return how many went."""
        with self._database.transaction() as cursor:
            return fold_history(cursor, before)

    def close(self) -> None:
        """Give back every event that is held."""
        self._claims.close()

    def _imported(self, credentials: Credentials, event_id: str | None) -> set[str]:
        with self._database.transaction() as cursor:
            cursor.execute(compose("imported_events"), whose(credentials) | {"event_id": event_id})
            return {row["provider_event_id"] for row in cursor.fetchall()}

    def _last_reading(self, credentials: Credentials, provider_event_id: str) -> int | None:
        """Return the number of the event's last reading; it stays so while the event is claimed."""
        with self._database.transaction() as cursor:
            return last_reading(cursor, credentials, credentials.key(provider_event_id))

    def _snapshots_here(self) -> Snapshots:
        """Return what writes into the tables as this database has them."""
        if self._snapshots is None:
            with self._database.transaction() as cursor:
                self._snapshots = Snapshots(cursor, self._chunk)
        return self._snapshots


def _aware(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(tzinfo=UTC)


def _stored_event(row: dict[str, Any]) -> StoredEvent:
    instants = ("start_time", "end_time", "last_collection", "last_failure", "last_participant_sync")
    aware = row | {name: _aware(row[name]) for name in instants}
    aware["race_starts"] = tuple(start.replace(tzinfo=UTC) for start in row["race_starts"])
    return StoredEvent(**aware)
