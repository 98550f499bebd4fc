"""What the monitor reads of the hub, for which its role is enough: it sees neither secrets nor athletes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from database.connection import Database
from database.host_tables import database_time
from database.queries import compose

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Server:
    """The database that answers, its size in bytes, and the connections: to it, and to all of its server."""

    name: str
    role: str
    version: str
    size: int
    connections: int
    connections_of_server: int
    max_connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAccount:
    """A partner that has credentials, and what is accounted for of its tests and discoveries.

    Instants are aware; None where there is none. `changed_at` is when the credentials were last written;
    `changed_local` is when that was if it was written by hand, by the wall clock of the database's own zone.
    `looked_at` is when the last discovery began, `discovered_at` the last one that went well. `failures`
    counts what failed since, but for refusals; `failure_reason` is the last one's.
    """

    timing_partner_id: int
    name: str
    changed_at: datetime | None
    changed_local: datetime | None
    tested_at: datetime | None
    tested_status: str | None
    tested_category: str | None
    tested_reason: str | None
    looked_at: datetime | None
    discovered_at: datetime | None
    failures: int
    failure_reason: str | None

    @property
    def label(self) -> str:
        """Return the words by which a person knows the partner."""
        return f"partner {self.timing_partner_id} ({self.name})"

    @property
    def refused(self) -> bool:
        """Return whether the API refused the credentials when they were last tested."""
        return self.tested_category == "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionAccount:
    """What is accounted for of the collections of an event's results.

    Attributes:
        event_id: the hub's key.
        known_since: when (aware) the hub last learned something of it: that it is there, that its start is
            another one, that it goes on after a pause.
        has_entries: whether somebody has entered.
        collected_at: when (aware) the last one began that went well, if only in part.
        lateness: seconds between due instant and begin of the last one of these that was due.
        changed_at: when the last one began that wrote anything.
        failures: how many failed since `collected_at`; `failure_reason` is the last one's.
        partials: how many in a row read lists that were not whole, whatever was set aside.
        failures_of_hour: how many of the last hour's failed, of `collections_of_hour`.
        entry_failures: how many readings of its entry list failed since one went well;
            `entry_failure_reason` is the last one's.
    """

    event_id: str
    known_since: datetime | None
    has_entries: bool
    collected_at: datetime | None
    lateness: float | None
    changed_at: datetime | None
    failures: int
    failure_reason: str | None
    partials: int
    failures_of_hour: int
    collections_of_hour: int
    entry_failures: int
    entry_failure_reason: str | None


@dataclass(frozen=True, slots=True)
class OperationCount:
    """How many operations of a kind ended in the same way, what they brought, and when the last one began."""

    timing_partner_id: int
    sync_type: str
    status: str
    category: str | None
    operations: int
    participants: int
    results: int
    last: datetime


@dataclass(frozen=True, slots=True)
class RejectedCount:
    """How many rows of a kind are set aside, how many were seen lately, and when the last one was."""

    timing_partner_id: int
    kind: str
    rows: int
    lately: int
    last: datetime


@dataclass(frozen=True, slots=True)
class EventCount:
    """How many live events of a partner are new, and how many TCP has under the same name within a day."""

    timing_partner_id: int
    new: int
    also_in_tcp: int


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows of a source a table has; `estimated` when nobody counted them, None when nobody knows."""

    table_name: str
    data_source: str
    rows: int | None
    estimated: bool


class Monitoring:
    """What is kept of one provider, known by its name."""

    def __init__(self, database: Database, provider_name: str) -> None:
        self._database = database
        self._provider_name = provider_name

    def server(self) -> Server:
        """Return what answers."""
        return self._ask("server_standing", Server)[0]

    def partners(self, latest: datetime) -> list[PartnerAccount]:
        """Return the partners that have credentials, by their ids; accounts up to an instant (aware)."""
        return self._ask("partner_accounts", PartnerAccount, latest=database_time(latest))

    def collections(self, event_ids: Sequence[str], latest: datetime) -> dict[str, CollectionAccount]:
        """Return the accounts of some live events by their keys, up to an instant (aware)."""
        found = self._ask(
            "collection_accounts",
            CollectionAccount,
            event_ids=list(event_ids),
            latest=database_time(latest),
        )
        return {account.event_id: account for account in found}

    def last_sign_of_life(self, latest: datetime) -> datetime | None:
        """Return when (aware), up to an instant, the scheduler accounted for anything; None for never."""
        return self._instant("last_sign_of_life", latest)

    def last_ahead(self, latest: datetime) -> datetime | None:
        """Return the last instant (aware) after this one for which there is an account; None for none."""
        return self._instant("last_instant_ahead", latest)

    def operations(self, since: datetime) -> list[OperationCount]:
        """Return what was done since an instant (aware)."""
        return self._ask("operations_since", OperationCount, since=database_time(since))

    def rejected(self, since: datetime) -> list[RejectedCount]:
        """Return what is set aside, `lately` counted from an instant (aware)."""
        return self._ask("rejected_row_counts", RejectedCount, since=database_time(since))

    def events(self, since: datetime) -> list[EventCount]:
        """Return how many live events are new since an instant (aware), and how many TCP has as well."""
        return self._ask("event_counts", EventCount, since=database_time(since))

    def rows(self) -> list[RowCount]:
        """Return how many rows the tables have of each source."""
        return self._ask("row_counts", RowCount)

    def _instant(self, query: str, latest: datetime) -> datetime | None:
        values = {"provider_name": self._provider_name, "latest": database_time(latest)}
        with self._database.transaction() as cursor:
            cursor.execute(compose(query), values)
            row = cursor.fetchone()
            return None if row is None or row["at"] is None else row["at"].replace(tzinfo=UTC)

    def _ask(self, query: str, record: type[RowT], **values: object) -> list[RowT]:
        with self._database.transaction() as cursor:
            cursor.execute(compose(query), values | {"provider_name": self._provider_name})
            return [
                record(**{name: _aware(value) for name, value in row.items()}) for row in cursor.fetchall()
            ]


def _aware(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
