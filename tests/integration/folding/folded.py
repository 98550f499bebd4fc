"""What tests of folding have in common: when polls were, and what is left of them."""

from __future__ import annotations

from datetime import timedelta

from providers.errors import ApiUnreachable
from tests.integration.builders import START

NIGHT = START.replace(hour=0)
DAY, POLL = timedelta(days=1), timedelta(seconds=90)
FAILED = {"status": "failed", "error": ApiUnreachable("No answer."), "seen": 0, "notes": {"problems": ["?"]}}
TIMES = "SELECT sync_time, data_snapshot -> 'folded' AS folded FROM sync_history ORDER BY sync_time"


def kept(hub):
    return [(row["sync_time"], row["folded"]) for row in hub.query(TIMES)]
