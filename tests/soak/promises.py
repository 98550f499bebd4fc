"""What is promised of every scene: no budget exceeded, no traceback, no row set aside without a reason."""

from __future__ import annotations

from datetime import timedelta

from providers.clock import Clock
from tests.soak.request_log import RequestLog
from tests.soak.truth import Query

_BARE = "SELECT count(*) FROM ct_live_rejected_rows WHERE reason = ''"


def over_budget(log: RequestLog, limit: int, clock: Clock) -> list[str]:
    """Return a sentence for each client who made too many requests.

    Args:
        log: what was counted at the API's door.
        limit: how many requests each may make in any 60 seconds.
        clock: whose seconds these are: the daemon's.
    """
    return [
        f"{client} made {most} requests within 60 seconds, {limit} are allowed"
        for client, most in log.most_within(timedelta(seconds=60) / clock.speed).items()
        if most > limit
    ]


def tracebacks(log: str) -> list[str]:
    """Return a sentence for the first traceback that a log has."""
    at = log.find("Traceback")
    return [f"a log has a traceback: {log[at : at + 600]}"] if at >= 0 else []


def unreasoned(query: Query) -> list[str]:
    """Return a sentence when rows were set aside without a reason."""
    [bare] = query(_BARE)
    return [f"{bare['count']} rows were set aside without a reason"] if bare["count"] else []
