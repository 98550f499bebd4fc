"""Records into rows, and what scheduler and backfill read back.

Each `save_` method is one transaction: the data, the rows set aside and the history row commit together
or not at all. The history row is made by the caller's `account`, which is told what was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from psycopg2.extras import RealDictCursor

from database.claims import Claims
from database.connection import Database
from database.duplicates import drop_duplicates, duplicate, find_duplicate, mark_duplicates
from database.history import add_history, keep_rejected
from database.host_tables import EVENTS, PARTICIPANTS, RESULTS, Owner, database_time
from database.queries import compose, whose
from database.races import race_starts, write_races
from database.staging import Staging
from providers.errors import SchemaNotReady, SettingsInvalid
from providers.records import (
    Credentials,
    ProviderEvent,
    ProviderParticipant,
    ProviderResult,
    Snapshot,
    Stored,
    StoredEvent,
    SyncReport,
)

Account = Callable[[Stored], SyncReport]

# Fields of a result that come from readings of their own.
_MAY_BE_UNSURE = ("gender_place", "division_place", "status")

# When more than this share of an event's results vanishes at once, one poll alone is not believed.
_BELIEVABLE_LOSS = 0.05


class Store:
    """The hub's database in the words of the pipeline. May be used from several threads at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._claims = Claims(database)
        self._events = Staging(EVENTS)
        self._participants = Staging(PARTICIPANTS)
        self._results = Staging(RESULTS)

    # What is there -----------------------------------------------------------------------------------

    def credentials(self, provider_name: str, partners: Sequence[int] | None = None) -> list[Credentials]:
        """Return the credentials of every partner that has some for this provider, or of `partners`.

        Raises:
            SchemaNotReady: the database does not know the provider.
            SettingsInvalid: none of them has any.
        """
        with self._database.transaction() as cursor:
            cursor.execute(compose("provider_id"), {"provider_name": provider_name})
            if cursor.fetchone() is None:
                raise SchemaNotReady(
                    f"The database does not know {provider_name}: run `chronotrack-live migrate`, which adds "
                    "ChronoTrack Live; any other provider needs a row of that name in providers."
                )
            cursor.execute(
                compose("partner_credentials"),
                {"provider_name": provider_name, "partners": None if partners is None else list(partners)},
            )
            found = [Credentials(**row) for row in cursor.fetchall()]
        if not found:
            who = "No timing partner" if partners is None else f"None of the timing partners {list(partners)}"
            raise SettingsInvalid(
                f"{who} has credentials for {provider_name}: insert a row into partner_provider_credentials "
                '(README, "Credentials").'
            )
        return found

    def live_events(self, credentials: Credentials, since: datetime) -> list[StoredEvent]:
        """Return the partner's live events of `since` or later, by start, end or a race's start."""
        with self._database.transaction() as cursor:
            starts = race_starts(cursor, credentials)
            late = [event_id for event_id, times in starts.items() if max(times) >= since]
            values = whose(credentials) | {"since": database_time(since), "late_races": late}
            cursor.execute(compose("live_events"), values)
            return [_stored_event(row, starts) for row in cursor.fetchall()]

    def imported_events(self, credentials: Credentials) -> set[str]:
        """Return the API ids of the partner's events that the backfill has brought in."""
        with self._database.transaction() as cursor:
            cursor.execute(compose("imported_events"), whose(credentials))
            return {row["provider_event_id"] for row in cursor.fetchall()}

    # What is written ---------------------------------------------------------------------------------

    def claim(self, credentials: Credentials, provider_event_id: str) -> AbstractContextManager[None]:
        """Hold an event against every other process; see `Claims.claim`."""
        return self._claims.claim(credentials.key(provider_event_id))

    def save_events(
        self, credentials: Credentials, snapshot: Snapshot[ProviderEvent], account: Account, at: datetime
    ) -> SyncReport:
        """Store a discovery: new and changed events, but none that TCP has already."""
        # Their races are read from the API one event at a time: no connection is to wait for that.
        events = list(snapshot.records)
        with self._database.transaction() as cursor:
            written, duplicates = self._write_events(cursor, credentials, events, at)
            mark_duplicates(cursor, credentials, None, at)
            rejected = keep_rejected(cursor, credentials, None, snapshot.rejected, at)
            stored = Stored(
                seen=len(events),
                written=written,
                rejected=rejected,
                complete=snapshot.complete,
                notes=_said(duplicates=duplicates, problems=list(snapshot.problems)),
            )
            return add_history(cursor, credentials, account(stored))

    def save_participants(
        self,
        credentials: Credentials,
        provider_event_id: str,
        snapshot: Snapshot[ProviderParticipant],
        account: Account,
        at: datetime,
    ) -> SyncReport:
        """Store an event's entry list."""
        with self._database.transaction() as cursor:
            stored = self._write_participants(cursor, credentials, provider_event_id, snapshot, at)
            report = add_history(cursor, credentials, account(stored))
            self._claims.confirm(cursor, credentials.key(provider_event_id))
            return report

    def save_results(
        self,
        credentials: Credentials,
        provider_event_id: str,
        snapshot: Snapshot[ProviderResult],
        account: Account,
        at: datetime,
    ) -> SyncReport:
        """Store a poll of an event's results."""
        with self._database.transaction() as cursor:
            stored = self._write_results(cursor, credentials, provider_event_id, snapshot, at)
            mark_duplicates(cursor, credentials, provider_event_id, at)
            report = add_history(cursor, credentials, account(stored))
            self._claims.confirm(cursor, credentials.key(provider_event_id))
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
        with self._database.transaction() as cursor:
            written, duplicates = self._write_events(cursor, credentials, [event], at)
            if duplicates:
                raise duplicate(duplicates[0])
            entries = self._write_participants(cursor, credentials, event.provider_event_id, participants, at)
            finishes = self._write_results(cursor, credentials, event.provider_event_id, results, at)
            stored = Stored(
                seen=entries.seen + finishes.seen,
                written=written + entries.written + finishes.written,
                rejected=entries.rejected + finishes.rejected,
                complete=_worst(entries.complete, finishes.complete),
                notes={"participants": entries.seen, "results": finishes.seen, **finishes.notes},
            )
            report = add_history(cursor, credentials, account(stored))
            self._claims.confirm(cursor, credentials.key(event.provider_event_id))
            return report

    def note(self, credentials: Credentials, report: SyncReport) -> None:
        """Account for an operation that stored nothing: a test of credentials, a failure, a skip."""
        with self._database.transaction() as cursor:
            add_history(cursor, credentials, report)

    def close(self) -> None:
        """Give back every event that is held."""
        self._claims.close()

    # One table each ----------------------------------------------------------------------------------

    def _write_events(
        self, cursor: RealDictCursor, credentials: Credentials, events: Sequence[ProviderEvent], at: datetime
    ) -> tuple[int, list[dict[str, Any]]]:
        """Return how many rows were written, and the events left out because TCP has them."""
        cursor.execute(compose("lock_partner_events"), whose(credentials))
        seen = self._events.load(cursor, events, Owner(credentials))
        cursor.execute(compose("keep_known_race_starts", staged=self._events.staged))
        duplicates = drop_duplicates(cursor, self._events.staged)
        written = self._events.merge(cursor, seen=seen, at=at, credentials=_used(credentials)).rows
        return written + write_races(cursor, credentials, events), duplicates

    def _write_participants(
        self,
        cursor: RealDictCursor,
        credentials: Credentials,
        provider_event_id: str,
        snapshot: Snapshot[ProviderParticipant],
        at: datetime,
    ) -> Stored:
        owner = Owner(credentials, provider_event_id)
        seen = self._participants.load(cursor, snapshot.records, owner)
        written = self._participants.merge(cursor, seen=seen, at=at, credentials=_used(credentials))
        rejected = keep_rejected(cursor, credentials, provider_event_id, snapshot.rejected, at)
        return Stored(seen=seen, written=written.rows, rejected=rejected, complete=snapshot.complete)

    def _write_results(
        self,
        cursor: RealDictCursor,
        credentials: Credentials,
        provider_event_id: str,
        snapshot: Snapshot[ProviderResult],
        at: datetime,
    ) -> Stored:
        owner = Owner(credentials, provider_event_id)
        seen = self._results.load(cursor, snapshot.records, owner)
        values = whose(credentials) | {
            "event_id": credentials.key(provider_event_id),
            "set_aside": [error.api_id for error in snapshot.rejected if error.api_id],
            "at": database_time(at),
        }
        if snapshot.unsure:
            unsure = {f"{name}_unsure": name in snapshot.unsure for name in _MAY_BE_UNSURE}
            cursor.execute(compose("keep_what_is_unsure", staged=self._results.staged), values | unsure)
        removed, doubted = self._vanished(cursor, values) if snapshot.complete else (0, 0)
        written = self._results.merge(cursor, seen=seen, at=at, credentials=_used(credentials)).rows
        if removed:
            cursor.execute(compose("mark_removed", staged=self._results.staged), values)
        rejected = keep_rejected(cursor, credentials, provider_event_id, snapshot.rejected, at)
        return Stored(
            seen=seen,
            written=written + removed,
            rejected=rejected,
            complete=snapshot.complete,
            notes=_said(
                removed=removed,
                unconfirmed_vanished=doubted,
                unsure=sorted(snapshot.unsure),
                problems=list(snapshot.problems),
            ),
        )

    def _vanished(self, cursor: RealDictCursor, values: Mapping[str, object]) -> tuple[int, int]:
        """Return how many results are to be marked as removed, and how many are doubted for now."""
        cursor.execute(compose("count_vanished", staged=self._results.staged), values)
        counts = cursor.fetchone() or {"kept": 0, "vanished": 0, "doubted_before": False}
        vanished: int = counts["vanished"]
        believable = vanished <= _BELIEVABLE_LOSS * counts["kept"]
        return (vanished, 0) if believable or counts["doubted_before"] else (0, vanished)


def _said(**notes: object) -> dict[str, object]:
    """Return the notes that say something: no zeros, no empty lists."""
    return {name: note for name, note in notes.items() if note}


def _worst(*readings: bool | None) -> bool | None:
    """Return whether readings were whole together: False when one was not, None when one is unknown."""
    return False if False in readings else None if None in readings else True


def _used(credentials: Credentials) -> str:
    return f"partner_provider_credentials:{credentials.credentials_id}"


def _aware(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(tzinfo=UTC)


def _stored_event(row: dict[str, Any], starts: dict[str, list[datetime]]) -> StoredEvent:
    instants = ("start_time", "end_time", "last_collection", "last_participant_sync")
    aware = row | {name: _aware(row[name]) for name in instants}
    return StoredEvent(race_starts=tuple(sorted(starts.get(row["event_id"], ()))), **aware)
