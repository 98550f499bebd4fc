"""One reading of a provider's list into one host table, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from psycopg2.extras import RealDictCursor

from database.duplicates import drop_duplicates, similar_events
from database.history import last_reading
from database.host_tables import EVENTS, PARTICIPANTS, RESULTS, Owner, RecordT, database_time
from database.queries import compose, whose
from database.races import write_races
from database.rejected_rows import clear_rejected, keep_rejected
from database.staging import CHUNK, Loaded, Rendered, Staging
from providers.accounts import Stored
from providers.errors import RowRejected
from providers.readings import Snapshot
from providers.records import Credentials, ProviderEvent, ProviderParticipant, ProviderResult
from providers.storable import storable_text

# Fields of a result that come from readings of their own.
_MAY_BE_UNSURE = ("gender_place", "division_place", "status")


class Snapshots:
    """Writes what a reading has, and what follows from what it has not, as the host's tables are.

    Entry lists and results are rendered first, outside of the transaction that writes them.
    """

    def __init__(self, cursor: RealDictCursor, chunk: int = CHUNK) -> None:
        """Look at the host's tables, which are written `chunk` rows at a time.

        Raises:
            SchemaNotReady: they lack the integration's columns.
        """
        self._events = Staging.of(cursor, EVENTS, chunk)
        self._participants = Staging.of(cursor, PARTICIPANTS, chunk)
        self._results = Staging.of(cursor, RESULTS, chunk)

    def render_participants(
        self,
        credentials: Credentials,
        provider_event_id: str,
        snapshot: Snapshot[ProviderParticipant],
    ) -> AbstractContextManager[Rendered[ProviderParticipant]]:
        """Read an event's entry list to its end, and lend its rows."""
        return self._participants.render(snapshot.records, Owner(credentials, provider_event_id))

    def render_results(
        self, credentials: Credentials, provider_event_id: str, snapshot: Snapshot[ProviderResult]
    ) -> AbstractContextManager[Rendered[ProviderResult]]:
        """Read an event's results to their end, and lend their rows."""
        return self._results.render(snapshot.records, Owner(credentials, provider_event_id))

    def write_events(
        self,
        cursor: RealDictCursor,
        credentials: Credentials,
        snapshot: Snapshot[ProviderEvent],
        at: datetime,
    ) -> tuple[Stored, list[dict[str, Any]]]:
        """Write events and their races, but none that TCP has already.

        Returns:
            What was written, and the events left out because TCP has them.
        """
        owner, events = Owner(credentials), list(snapshot.records)
        cursor.execute(compose("lock_partner_events"), whose(credentials))
        with self._events.render(events, owner) as rendered:
            loaded = self._events.load(cursor, rendered)
        # A discovery looks at a span of time only: what it does not list may well be there.
        rejected, cleared = _set_aside(cursor, owner, self._events, snapshot.rejected, at, whole=False)
        cursor.execute(compose("keep_known_race_starts", staged=self._events.staged))
        duplicates = drop_duplicates(cursor, credentials, self._events.staged)
        similar = similar_events(cursor, self._events.staged)
        written = self._events.merge(cursor, at, credentials) + write_races(cursor, credentials, events)
        stored = Stored(
            seen=loaded.rows,
            written=written,
            rejected=rejected,
            complete=snapshot.complete,
            notes=_said(
                loaded,
                cleared=cleared,
                duplicates=duplicates,
                similar=similar,
                problems=list(snapshot.problems),
            ),
        )
        return stored, duplicates

    def write_participants(
        self,
        cursor: RealDictCursor,
        rendered: Rendered[ProviderParticipant],
        snapshot: Snapshot[ProviderParticipant],
        at: datetime,
    ) -> Stored:
        """Write an event's entry list."""
        owner = rendered.owner
        loaded = self._participants.load(cursor, rendered)
        rejected, cleared = _set_aside(
            cursor, owner, self._participants, snapshot.rejected, at, whole=bool(snapshot.complete)
        )
        written = self._participants.merge(cursor, at, owner.credentials)
        return Stored(
            seen=loaded.rows,
            written=written,
            rejected=rejected,
            complete=snapshot.complete,
            notes=_said(loaded, cleared=cleared),
        )

    def write_results(
        self,
        cursor: RealDictCursor,
        rendered: Rendered[ProviderResult],
        snapshot: Snapshot[ProviderResult],
        at: datetime,
        unchanged: Sequence[str] = (),
    ) -> Stored:
        """Write a reading of an event's results; `unchanged` are the ids of those that it need not bring.

        How many of these are not kept as the event's any more is noted as `lost`: somebody else took them.

        A result is marked as removed when two whole readings in a row miss it: rows that go while others
        come, between two pages, agree with the announced count although somebody is missing. The ids that
        a reading leaves in doubt are noted as `unconfirmed_vanished`, their part of the event's results as
        `vanished_share`. A reading that is not whole neither confirms a doubt nor adds one; whom it has is
        not doubted any more, and takes no finish and no split away.
        """
        owner = rendered.owner
        loaded = self._results.load(cursor, rendered)
        rejected, cleared = _set_aside(
            cursor, owner, self._results, snapshot.rejected, at, unchanged, whole=bool(snapshot.complete)
        )
        left: dict[str, str] = {}
        if snapshot.complete is False:
            cursor.execute(compose("leave_what_misses_rows", staged=self._results.staged))
            left = {row["provider_result_id"]: row["result_status"] for row in cursor.fetchall()}
        values = whose(owner.credentials) | {
            "event_id": owner.event_id,
            "last_reading": last_reading(cursor, owner.credentials, owner.event_id),
            "set_aside": [storable_text(error.api_id) for error in snapshot.rejected if error.api_id],
            "unchanged": [*unchanged, *left],
            "at": database_time(at),
            "left_ids": list(left),
            "said_of_them": list(left.values()),
        }
        if snapshot.unsure:
            unsure = {f"{name}_unsure": name in snapshot.unsure for name in _MAY_BE_UNSURE}
            cursor.execute(compose("keep_what_is_unsure", staged=self._results.staged), values | unsure)
        cursor.execute(compose("missed_results", staged=self._results.staged), values)
        missed: dict[str, Any] = cursor.fetchall()[0]
        written = self._results.merge(cursor, at, owner.credentials)
        if left:
            cursor.execute(compose("say_who_is_out"), values)
            written += cursor.rowcount
        removed: list[str] = missed["missed_again"] if snapshot.complete else []
        doubted: list[str] = missed["missed_first"] if snapshot.complete else missed["missed_again"]
        if removed:
            cursor.execute(compose("mark_removed"), values | {"removed": removed})
        return Stored(
            seen=loaded.rows + len(unchanged),
            written=written + len(removed),
            rejected=rejected,
            complete=snapshot.complete,
            notes=_said(
                loaded,
                cleared=cleared,
                removed=len(removed),
                left_as_kept=len(left),
                lost=missed["lost"],
                unconfirmed_vanished=doubted,
                vanished_share=len(doubted) / missed["kept"] if doubted and snapshot.complete else 0,
                unsure=sorted(snapshot.unsure),
                problems=list(snapshot.problems),
            ),
        )


def in_all(found: Stored, entries: Stored, finishes: Stored) -> Stored:
    """Return what was stored of an event, its entries and its results together."""
    counted = {"participants": entries.seen, "results": finishes.seen}
    return Stored(
        seen=entries.seen + finishes.seen,
        written=found.written + entries.written + finishes.written,
        rejected=entries.rejected + finishes.rejected,
        complete=_worst(entries.complete, finishes.complete),
        notes={**found.notes, **finishes.notes, **_sums(found, entries, finishes), **counted},
    )


def _set_aside(
    cursor: RealDictCursor,
    owner: Owner,
    staging: Staging[RecordT],
    rejected: list[RowRejected],
    at: datetime,
    unchanged: Sequence[str] = (),
    *,
    whole: bool,
) -> tuple[int, int]:
    """Return how many rows of a loaded reading were set aside, and how many kept ones that cleared."""
    cleared = clear_rejected(cursor, owner, staging, rejected, unchanged, whole=whole)
    return keep_rejected(cursor, owner, rejected, at), cleared


def _said(loaded: Loaded, **notes: object) -> dict[str, object]:
    """Return the notes that say something: no zeros, no empty lists."""
    return {name: note for name, note in {"repeated": loaded.repeated, **notes}.items() if note}


def _sums(*parts: Stored) -> dict[str, int]:
    """Return the counts among the notes that several parts of one operation may have, added up."""
    sums = {
        name: sum(count for part in parts if isinstance(count := part.notes.get(name), int))
        for name in ("repeated", "cleared")
    }
    return {name: count for name, count in sums.items() if count}


def _worst(*readings: bool | None) -> bool | None:
    """Return whether readings were whole together: False when one was not, None when one is unknown."""
    return False if False in readings else None if None in readings else True
