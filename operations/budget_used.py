"""How much of the partners' request budgets is used, read beside the scheduler without a hand on it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

# As `providers.rate_limit` keeps the accounts and `providers.registry` names them.
_REQUESTS = "SELECT count(*) FROM requests WHERE item_timestamp > ?"
_MINUTE = timedelta(seconds=60)
# The account is held for moments only; seconds.
_PATIENCE = 2.0


def budget_used(state: Path, provider: str, partners: Iterable[int], now: datetime) -> dict[int, int]:
    """Return how many requests each partner's budget has given away in the last 60 seconds.

    Unlike `RequestBudget` it neither makes nor cleans up an account. Who has none, or one that may not be
    read, is left out.

    Args:
        state: the state folder.
        provider: as it is registered.
        partners: their ids.
        now: the instant (aware) to which the 60 seconds lead.
    """
    since = round((now - _MINUTE).timestamp() * 1000)
    used: dict[int, int] = {}
    for partner in partners:
        account = state / "budget" / f"{provider}-partner-{partner}.sqlite"
        try:
            with closing(sqlite3.connect(f"{account.as_uri()}?mode=ro", _PATIENCE, uri=True)) as connection:
                [(used[partner],)] = connection.execute(_REQUESTS, (since,)).fetchall()
        except sqlite3.Error:
            continue
    return used
