"""The weekend's hub: timing partners with credentials, the whole account, and what is kept at the end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from database import migrate
from database.connection import Database
from database.host_tables import to_json
from database.queries import compose
from providers.chronotrack_live.simulator.accounts import Account
from tests.benchmarks.weekend_knowledge import Done

_STATEMENTS = Path(__file__).with_name("weekend.sql")


@dataclass(frozen=True, slots=True)
class WeekendHub:
    """A database as its owner sees it."""

    database: Database

    def prepare(self, accounts: tuple[Account, ...], base_url: str) -> None:
        """Make the tables, a timing partner for each account, in order from id 1 on, and keep the account."""
        for script in (migrate.BASE_SCHEMA, migrate.EXTENSION, migrate.ROLES):
            migrate.apply(self.database, script)
        with self.database.transaction() as cursor:
            for number, account in enumerate(accounts, start=1):
                values = {
                    "company_name": f"Weekend Timing {number}",
                    "principal": account.user,
                    "secret": hashlib.sha256(account.password.encode()).hexdigest(),
                    "config": to_json({"base_url": base_url, "client_id": account.client_id}),
                }
                cursor.execute(compose("add_partner", _STATEMENTS), values)
            for name in ("make_account", "make_keeper", "keep_account"):
                cursor.execute(compose(name, _STATEMENTS))

    def collections(self) -> int:
        """Return how many collections there were until now."""
        return int(self._rows("how_many")[0]["collections"])

    def account(self) -> list[Done]:
        """Return what was done, in the order in which it was written."""
        rows = self._rows("account")
        for row in rows:
            row["at"] = row["at"].replace(tzinfo=UTC)
            row["planned"] = row["planned"] and row["planned"].replace(tzinfo=UTC)
        return [Done(**row) for row in rows]

    def kept_results(self, event_id: str) -> list[dict[str, Any]]:
        """Return every result that is kept of an event."""
        return self._rows("kept_results", event_id=event_id)

    def kept_entries(self, event_id: str) -> set[str]:
        """Return the API ids of the entries that are kept of an event."""
        return {row["entry_id"] for row in self._rows("kept_entries", event_id=event_id)}

    def _rows(self, name: str, **values: object) -> list[dict[str, Any]]:
        with self.database.transaction() as cursor:
            cursor.execute(compose(name, _STATEMENTS), values or None)
            return [dict(row) for row in cursor.fetchall()]
