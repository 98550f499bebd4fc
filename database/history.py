"""What is kept of an operation itself: its row in `sync_history`, and the rows of the API it set aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from psycopg2.extras import RealDictCursor

from database.host_tables import database_time, to_json
from database.queries import compose
from providers.errors import RowRejected
from providers.records import Credentials, SyncReport

# An id is short; a row without one, or with something else in its place, goes by its content.
_LONGEST_ID = 100


def add_history(cursor: RealDictCursor, credentials: Credentials, report: SyncReport) -> SyncReport:
    """Write the history row of an operation; return its report."""
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


def keep_rejected(
    cursor: RealDictCursor,
    credentials: Credentials,
    provider_event_id: str | None,
    rejected: Sequence[RowRejected],
    at: datetime,
) -> int:
    """Keep the rows that could not be understood; return how many different ones there are."""
    # The same row may come twice in one reading; one statement can keep it only once.
    rows = {(row["kind"], row["api_id"]): row for row in map(_rejected_row, rejected)}
    if rows:
        cursor.execute(
            compose("keep_rejected_rows"),
            {
                "partner": credentials.timing_partner_id,
                "data_source": credentials.data_source,
                "provider_event_id": provider_event_id or "",
                "rows": to_json(list(rows.values())),
                "at": database_time(at),
            },
        )
    return len(rows)


def _rejected_row(error: RowRejected) -> dict[str, object]:
    payload = dict(error.payload)
    api_id = error.api_id
    if api_id is None or len(api_id) > _LONGEST_ID:
        api_id = f"sha256:{sha256(to_json(payload).encode()).hexdigest()}"
    return {"kind": error.kind, "api_id": api_id, "reason": error.reason, "payload": payload}
