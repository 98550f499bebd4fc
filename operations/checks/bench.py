"""What the checks work with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extras import RealDictCursor

from database.connection import Database
from database.store import Store
from providers.accounts import SyncReport
from providers.clock import Clock
from providers.records import Credentials

# The checks' own statements.
STATEMENTS = Path(__file__).parents[1] / "checks.sql"


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the checks look.

    Attributes:
        database: the hub.
        store: the hub in the words of the pipeline; keeps no account in a dry run.
        clock: race time.
        state: the state folder, where the request budgets are.
        environ: where the settings are.
        only: timing_partner_ids; none for all that have credentials.
    """

    database: Database
    store: Store
    clock: Clock
    state: Path
    environ: Mapping[str, str]
    only: Sequence[int] = ()


class AccountlessStore(Store):
    """A store that keeps no account of an operation that stored nothing: for a dry run.

    To write one and to roll it back would not do: each burns a value of the host's sequence.
    """

    def note(self, credentials: Credentials, report: SyncReport) -> None:
        """Keep nothing."""


@contextmanager
def rolled_back(database: Database) -> Iterator[RealDictCursor]:
    """Lend a cursor within a transaction that is rolled back, however the block ends."""
    with database.transaction() as cursor:
        try:
            yield cursor
        finally:
            cursor.connection.rollback()
