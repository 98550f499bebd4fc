"""What tests of the monitor have in common."""

from __future__ import annotations

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
# Of the simulated API: two races of yesterday, and one of next week.
MARATHON, FIVE_K = "91649", "91609"
NEXT_WEEK = "91761"


def findings(known):
    return [(found["state"], found["about"]) for found in known["findings"]]


def first_line(done):
    return done.stdout.splitlines()[0]


def fail(query, times, sync_type, event_id):
    """Account for failures after all that there is, a second apart."""
    query(
        "INSERT INTO sync_history (provider_id, timing_partner_id, sync_type, event_id, status,"
        " error_category, reason, sync_time)"
        " SELECT 1, 1, %s, %s, 'failed', 'unreachable', 'No connection.',"
        "  now() AT TIME ZONE 'UTC' + n * interval '1 second' FROM generate_series(1, %s) AS n",
        sync_type,
        event_id,
        times,
    )
