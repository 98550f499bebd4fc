"""How fresh the results of a race day are: from when the API could first serve one until it is visible."""

from __future__ import annotations

import math
import time

import psycopg2.extensions

from tests.benchmarks.race_day_report import Day

# A finisher's overall place is his number among the finishers, whose rows do not change again.
_VISIBLE = """
    SELECT overall_place AS number,
        extract(epoch FROM pg_xact_commit_timestamp(xmin))::double precision AS visible
    FROM ct_results WHERE overall_place BETWEEN %s AND %s
"""


def freshness(
    hub: psycopg2.extensions.connection, day: Day, begun: float, since: float, until: float
) -> tuple[list[float], int]:
    """Return the freshness of the results of all events that the API could first serve within a span.

    Args:
        hub: the database, which notes commits.
        day: says how many had finished when it began, and how fast the others follow.
        begun: the day's begin.
        since: the span's begin; all three in Unix seconds.
        until: its end.

    Returns:
        The seconds, the smallest first, and how many results are not visible: these have waited until now.
    """
    first = day.finished + max(1, math.ceil((since - begun) / day.pace))
    last = min(day.athletes, day.finished + math.floor((until - begun) / day.pace))
    came = {number: begun + (number - day.finished) * day.pace for number in range(first, last + 1)}
    missing = dict.fromkeys(came, day.events)
    seconds = []
    with hub.cursor() as cursor:
        cursor.execute(_VISIBLE, (first, last))
        for row in cursor:
            seconds.append(row["visible"] - came[row["number"]])
            missing[row["number"]] -= 1
    now = time.time()
    waiting = [now - came[number] for number, count in missing.items() for _ in range(count)]
    return sorted(seconds + waiting), len(waiting)
