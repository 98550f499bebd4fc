"""Records into rows, and what scheduler and backfill read back.

Each `save_` method is one transaction: the data, the rows set aside and the history row commit together
or not at all. The history row is made by the caller's `account`, which is told what was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from psycopg2.extras import RealDictCursor

from database.claims import Claims
from database.connection import Database
from database.host_tables import EVENTS, PARTICIPANTS, RESULTS, Owner, database_time, live_key, to_json
from database.queries import compose
from database.staging import Staging
from providers.errors import DuplicateEvent, RowRejected, SchemaNotReady
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
        """
        with self._database.transaction() as cursor:
            cursor.execute(compose("provider_id"), {"provider_name": provider_name})
            if cursor.fetchone() is None:
                raise SchemaNotReady(
                    f"The database does not know {provider_name}: run `chronotrack-live migrate`."
                )
            cursor.execute(
                compose("partner_credentials"),
                {"provider_name": provider_name, "partners": None if partners is None else list(partners)},
            )
            return [Credentials(**row) for row in cursor.fetchall()]

    def live_events(self, credentials: Credentials, since: datetime) -> list[StoredEvent]:
        """Return the partner's live events that start or end at `since` or later, in order of start."""
        owner = {"partner": credentials.timing_partner_id, "provider_id": credentials.provider_id}
        with self._database.transaction() as cursor:
            starts = _race_starts(cursor, credentials.timing_partner_id)
            cursor.execute(compose("live_events"), owner | {"since": database_time(since)})
            return [_stored_event(row, starts) for row in cursor.fetchall()]

    def last_sync(self, credentials: Credentials, sync_type: str) -> datetime | None:
        """Return when the partner's last operation of this type that went well began."""
        with self._database.transaction() as cursor:
            cursor.execute(
                compose("last_sync"),
                {
                    "partner": credentials.timing_partner_id,
                    "provider_id": credentials.provider_id,
                    "sync_type": sync_type,
                },
            )
            row = cursor.fetchone()
            return _aware(row["sync_time"] if row else None)

    def imported_events(self, credentials: Credentials) -> set[str]:
        """Return the API ids of the partner's events that the backfill has brought in."""
        with self._database.transaction() as cursor:
            cursor.execute(
                compose("imported_events"),
                {"partner": credentials.timing_partner_id, "provider_id": credentials.provider_id},
            )
            return {row["provider_event_id"] for row in cursor.fetchall()}

    # What is written ---------------------------------------------------------------------------------

    def claim(self, credentials: Credentials, provider_event_id: str) -> AbstractContextManager[None]:
        """Hold an event against every other process; see `Claims.claim`."""
        return self._claims.claim(live_key(credentials.timing_partner_id, provider_event_id))

    def save_events(
        self, credentials: Credentials, snapshot: Snapshot[ProviderEvent], account: Account, at: datetime
    ) -> SyncReport:
        """Store a discovery: new and changed events, but none that TCP has already."""
        with self._database.transaction() as cursor:
            seen, written, duplicates = self._write_events(cursor, credentials, snapshot.records, at)
            cursor.execute(
                compose("mark_duplicates"),
                {"partner": credentials.timing_partner_id, "at": database_time(at)},
            )
            rejected = _keep_rejected(cursor, credentials, None, snapshot.rejected, at)
            stored = Stored(
                seen=seen,
                written=written,
                rejected=rejected,
                complete=snapshot.complete,
                notes={"duplicates": duplicates} if duplicates else {},
            )
            return _note(cursor, credentials, account(stored))

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
            report = _note(cursor, credentials, account(stored))
            self._claims.confirm(cursor, live_key(credentials.timing_partner_id, provider_event_id))
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
            report = _note(cursor, credentials, account(stored))
            self._claims.confirm(cursor, live_key(credentials.timing_partner_id, provider_event_id))
            return report

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
            _, written, duplicates = self._write_events(cursor, credentials, [event], at)
            if duplicates:
                twin = duplicates[0]
                raise DuplicateEvent(f"TCP delivered it as event {twin['duplicate_of']} ({twin['reason']}).")
            entries = self._write_participants(cursor, credentials, event.provider_event_id, participants, at)
            finishes = self._write_results(cursor, credentials, event.provider_event_id, results, at)
            stored = Stored(
                seen=entries.seen + finishes.seen,
                written=written + entries.written + finishes.written,
                rejected=entries.rejected + finishes.rejected,
                complete=entries.complete and finishes.complete,
                notes={"participants": entries.seen, "results": finishes.seen},
            )
            report = _note(cursor, credentials, account(stored))
            self._claims.confirm(cursor, live_key(credentials.timing_partner_id, event.provider_event_id))
            return report

    def note(self, credentials: Credentials, report: SyncReport) -> None:
        """Account for an operation that stored nothing: a test of credentials, a failure, a skip."""
        with self._database.transaction() as cursor:
            _note(cursor, credentials, report)

    def close(self) -> None:
        """Give back every event that is held."""
        self._claims.close()

    # One table each ----------------------------------------------------------------------------------

    def _write_events(
        self, cursor: RealDictCursor, credentials: Credentials, events: Iterable[ProviderEvent], at: datetime
    ) -> tuple[int, int, list[dict[str, Any]]]:
        """Return rows seen, rows written, and the events left out because TCP has them."""
        partner = credentials.timing_partner_id
        kept = list(events)
        cursor.execute(compose("lock_partner_events"), {"partner": partner})
        self._events.load(cursor, kept, Owner(partner))
        cursor.execute(compose("drop_staged_duplicates", staged=self._events.staged))
        duplicates = [dict(row) for row in cursor.fetchall()]
        written = self._events.merge(cursor, seen=len(kept), at=at, credentials=_used(credentials)).rows
        cursor.execute(compose("host_columns"), {"table": "ct_races"})
        if cursor.fetchall():
            races = [_race(event, race, partner) for event in kept for race in event.races]
            cursor.execute(compose("merge_races"), {"partner": partner, "races": to_json(races)})
        return len(kept), written, duplicates

    def _write_participants(
        self,
        cursor: RealDictCursor,
        credentials: Credentials,
        provider_event_id: str,
        snapshot: Snapshot[ProviderParticipant],
        at: datetime,
    ) -> Stored:
        owner = Owner(credentials.timing_partner_id, provider_event_id)
        seen = self._participants.load(cursor, snapshot.records, owner)
        written = self._participants.merge(cursor, seen=seen, at=at, credentials=_used(credentials))
        rejected = _keep_rejected(cursor, credentials, provider_event_id, snapshot.rejected, at)
        return Stored(seen=seen, written=written.rows, rejected=rejected, complete=snapshot.complete)

    def _write_results(
        self,
        cursor: RealDictCursor,
        credentials: Credentials,
        provider_event_id: str,
        snapshot: Snapshot[ProviderResult],
        at: datetime,
    ) -> Stored:
        owner = Owner(credentials.timing_partner_id, provider_event_id)
        seen = self._results.load(cursor, snapshot.records, owner)
        written = self._results.merge(cursor, seen=seen, at=at, credentials=_used(credentials)).rows
        notes: dict[str, object] = {}
        if snapshot.complete:
            removed, doubted = self._mark_removed(cursor, credentials, provider_event_id, at)
            written += removed
            notes |= {"removed": removed} if removed else {}
            notes |= {"unconfirmed_vanished": doubted} if doubted else {}
        rejected = _keep_rejected(cursor, credentials, provider_event_id, snapshot.rejected, at)
        return Stored(seen=seen, written=written, rejected=rejected, complete=snapshot.complete, notes=notes)

    def _mark_removed(
        self, cursor: RealDictCursor, credentials: Credentials, provider_event_id: str, at: datetime
    ) -> tuple[int, int]:
        """Return how many results were marked as removed, and how many are doubted for now."""
        values = {
            "partner": credentials.timing_partner_id,
            "provider_id": credentials.provider_id,
            "event_id": live_key(credentials.timing_partner_id, provider_event_id),
            "at": database_time(at),
        }
        cursor.execute(compose("count_vanished", staged=self._results.staged), values)
        counts = cursor.fetchone() or {"kept": 0, "vanished": 0, "doubted_before": False}
        if not counts["vanished"]:
            return 0, 0
        if counts["vanished"] > _BELIEVABLE_LOSS * counts["kept"] and not counts["doubted_before"]:
            return 0, counts["vanished"]
        cursor.execute(compose("mark_removed", staged=self._results.staged), values)
        return cursor.rowcount, 0


def _used(credentials: Credentials) -> str:
    return f"partner_provider_credentials:{credentials.credentials_id}"


def _aware(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(tzinfo=UTC)


def _race_starts(cursor: RealDictCursor, partner: int) -> dict[str, list[datetime]]:
    starts: dict[str, list[datetime]] = {}
    cursor.execute(compose("host_columns"), {"table": "ct_races"})
    if cursor.fetchall():
        cursor.execute(compose("race_starts"), {"partner": partner})
        for row in cursor.fetchall():
            starts.setdefault(row["event_id"], []).append(row["start_time"].replace(tzinfo=UTC))
    return starts


def _stored_event(row: dict[str, Any], starts: dict[str, list[datetime]]) -> StoredEvent:
    instants = ("start_time", "end_time", "last_collection", "last_participant_sync")
    aware = row | {name: _aware(row[name]) for name in instants}
    return StoredEvent(race_starts=tuple(sorted(starts.get(row["event_id"], ()))), **aware)


def _race(event: ProviderEvent, race: Any, partner: int) -> dict[str, object]:  # noqa: ANN401
    return {
        "race_id": race.provider_race_id,
        "event_id": live_key(partner, event.provider_event_id),
        "race_tag": race.tag,
        "race_name": race.name,
        "race_type": race.race_type,
        "race_subtype": race.race_subtype,
        "distance": race.distance,
        "distance_unit": race.distance_unit,
        "planned_start": database_time(race.planned_start),
        "planned_end": database_time(race.planned_end),
        "actual_start": database_time(race.actual_start),
        "actual_end": database_time(race.actual_end),
        "age_reference": database_time(race.age_reference),
    }


def _keep_rejected(
    cursor: RealDictCursor,
    credentials: Credentials,
    provider_event_id: str | None,
    rejected: Sequence[RowRejected],
    at: datetime,
) -> int:
    # The same row may come twice in one reading; one statement can keep it only once.
    rows = {
        (error.kind, api_id): {
            "kind": error.kind,
            "api_id": api_id,
            "reason": error.reason,
            "payload": payload,
        }
        for error in rejected
        for payload in [dict(error.payload)]
        for api_id in [error.api_id or to_json(payload)]
    }
    if rows:
        cursor.execute(
            compose("keep_rejected_rows"),
            {
                "partner": credentials.timing_partner_id,
                "provider_event_id": provider_event_id or "",
                "rows": to_json(list(rows.values())),
                "at": database_time(at),
            },
        )
    return len(rows)


def _note(cursor: RealDictCursor, credentials: Credentials, report: SyncReport) -> SyncReport:
    """Write the history row; return the report."""
    error = report.error
    cursor.execute(
        compose("add_history"),
        {
            "partner": report.timing_partner_id,
            "provider_id": credentials.provider_id,
            "event_id": report.event_id,
            "sync_type": report.sync_type,
            "at": database_time(report.started),
            "status": report.status,
            "written": report.written,
            "seen": report.seen,
            "rejected": report.rejected,
            "participants": report.statistics.get("participants"),
            "results": report.statistics.get("results"),
            "duration": round(report.seconds),
            "lateness": report.lateness,
            "error_category": error.category if error else None,
            "error_details": to_json({"error": type(error).__name__, "message": str(error)})
            if error
            else None,
            "statistics": to_json(dict(report.statistics)),
            "reason": str(error) if error else None,
        },
    )
    return report
