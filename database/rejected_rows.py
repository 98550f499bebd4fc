"""Rows of an API that could not be stored: kept whole, with the reason, until they come in well or go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from database.host_tables import Owner, RecordT, database_time, to_json
from database.queries import compose, whose
from database.staging import Staging
from providers.errors import RowRejected
from providers.storable import storable_text

# An id is short; a row without one, or with something else in its place, goes by its content.
_LONGEST_ID = 100


def keep_rejected(cursor: RealDictCursor, owner: Owner, rejected: Sequence[RowRejected], at: datetime) -> int:
    """Keep what a reading set aside, and count what it set aside again.

    Returns:
        How many different rows these are.
    """
    # The same row may come twice in one reading; it counts once.
    rows = {(error.kind, _api_id(error)): error for error in rejected}
    if rows:
        values = _whose(owner) | {
            "rows": to_json([_row(error) for error in rows.values()]),
            "at": database_time(at),
        }
        cursor.execute(compose("count_rejected_rows"), values)
        cursor.execute(compose("add_rejected_rows"), values)
    return len(rows)


def clear_rejected(
    cursor: RealDictCursor,
    owner: Owner,
    staging: Staging[RecordT],
    rejected: Sequence[RowRejected],
    unchanged: Sequence[str],
    *,
    whole: bool,
) -> int:
    """Let go of kept rows that came in well this time: staged or unchanged, and not set aside again.

    Rejected races are not cleared: they have no stage, and mostly no id either.

    Args:
        cursor: of the transaction that loaded the reading.
        owner: whose reading it is.
        staging: where the rows that came in well are.
        rejected: what the reading set aside.
        unchanged: ids of those that are as they were, and therefore not staged.
        whole: that the reading is all that the API has; then whatever it did not set aside goes.

    Returns:
        How many went.
    """
    cursor.execute(
        compose(
            "clear_rejected_rows",
            staged=staging.staged,
            api_id=sql.Identifier(staging.table.api_id),
        ),
        _whose(owner)
        | {
            "kind": staging.table.kind,
            "set_aside": [_api_id(error) for error in rejected],
            "unchanged": list(unchanged),
            "whole": whole,
        },
    )
    return cursor.rowcount


def _whose(owner: Owner) -> dict[str, object]:
    """Return what tells the rejected rows of an owner from all others; a discovery's are of no event."""
    return whose(owner.credentials) | {"provider_event_id": owner.provider_event_id or ""}


def _row(error: RowRejected) -> dict[str, object]:
    payload = dict(error.payload)
    return {"kind": error.kind, "api_id": _api_id(error), "reason": error.reason, "payload": payload}


def _api_id(error: RowRejected) -> str:
    if error.api_id is not None and len(error.api_id) <= _LONGEST_ID:
        return storable_text(error.api_id)
    return f"sha256:{sha256(to_json(dict(error.payload)).encode()).hexdigest()}"
