"""What is kept of an operation itself: its row in `sync_history`."""

from __future__ import annotations

from datetime import datetime

from psycopg2.extras import RealDictCursor

from database.host_tables import database_time, to_json
from database.queries import compose, whose
from providers.accounts import SyncReport
from providers.records import Credentials


def add_history(cursor: RealDictCursor, credentials: Credentials, report: SyncReport) -> int:
    """Write the history row of an operation; return its number."""
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
    [row] = cursor.fetchall()
    return int(row["sync_history_id"])


def last_reading(cursor: RealDictCursor, credentials: Credentials, event_id: str) -> int | None:
    """Return the number of the history row of an event's results that were stored last, None for none."""
    cursor.execute(compose("last_reading"), whose(credentials) | {"event_id": event_id})
    [row] = cursor.fetchall()
    return None if row["sync_history_id"] is None else int(row["sync_history_id"])


def fold_history(cursor: RealDictCursor, before: datetime) -> int:
    """Fold the account of frequent operations that found nothing new, or failed; return how many rows went.

    Of those that began before an instant (aware), the last one of a day, event, type and error category, or
    noted problem, stays and says under "folded" in `data_snapshot` how many it stands for, under
    "folded_since" when the first of them began. What wrote stays as it is; see `ct_live_fold_history()` in
    the schema extension.
    """
    cursor.execute(compose("fold_history"), {"before": database_time(before)})
    row = cursor.fetchone()
    return int(row["gone"]) if row else 0
