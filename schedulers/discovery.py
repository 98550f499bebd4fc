"""When a partner's credentials are tested and its events looked for, whichever process does it.

No clock, no network, no database, as in `windows`: what was done follows from what is accounted for.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from providers.accounts import DiscoveryAccount
from schedulers.windows import SINCE_EVER, TRY_AGAIN

# After so long a discovery that missed something is made again: windows count from the races' own starts.
MISSED_AGAIN = timedelta(minutes=30)


def next_discovery(account: DiscoveryAccount, every: timedelta, refused_since: datetime | None) -> datetime:
    """Return when a partner's next discovery is due, the test of its credentials before it.

    It is an interval after the last one that went well, half an hour after it when that one missed something,
    but not within 5 minutes after one that failed. That
    another process's credentials were refused says nothing about ours, which may have been changed since; but
    while ours are refused too, they are tested every 5 minutes by one of all, and nothing else counts.

    Args:
        account: what is accounted for and counts; what began longer than an interval ago need not be in it.
        every: the interval.
        refused_since: when our credentials were last refused (aware), None while they are not.
    """
    if refused_since is not None:
        return max(filter(None, (refused_since, account.refused, account.failed))) + TRY_AGAIN
    if account.discovered is not None and account.missed == account.discovered:
        every = min(every, MISSED_AGAIN)
    return max(
        SINCE_EVER if account.discovered is None else account.discovered + every,
        SINCE_EVER if account.failed is None else account.failed + TRY_AGAIN,
    )
