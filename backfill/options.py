"""What the operator asks of a backfill, and which combinations are impossible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from backfill.plan import DEFAULT_SPAN, Scope
from providers.errors import SettingsInvalid
from providers.report_file import ReportFile
from providers.sync import DISCOVERY_LOOKS_BACK

# The specification's: partners side by side, events of a partner, participants a batch, and seconds between
# API calls.
PARTNERS, EVENTS, BATCH_SIZE, API_DELAY = 5, 10, 100, 0.5
# What part of a partner's requests is used beside a race.
SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a run goes about.

    Attributes:
        dry_run: only ask what a run would do.
        only: timing_partner_ids; None for all that have credentials.
        limit: how many events are imported at most; None for no limit.
        partners: so many partners side by side.
        events: so many events of a partner side by side.
        api_delay: seconds between two requests of one event's worker.
        share: what part of budget and connections is used while the partner has a race under way.
        report: where the report is written as JSON.
        record: where the APIs' answers are kept.
    """

    dry_run: bool = False
    only: Sequence[int] | None = None
    limit: int | None = None
    partners: int = PARTNERS
    events: int = EVENTS
    api_delay: float = API_DELAY
    share: float = SHARE
    report: ReportFile | None = None
    record: Path | None = None


def scope_of(
    now: datetime,
    *,
    days: int | None,
    since: datetime | None,
    until: datetime | None,
    event_ids: Sequence[str],
    again: bool,
) -> Scope:
    """Return which events are asked for.

    Without any bound it is the last 365 days; events that are named may be of any age then.

    Args:
        now: the present instant (aware).
        days: so many days back from now.
        since: the events that start at this instant (aware) or later ...
        until: ... and before this one (aware).
        event_ids: API ids of the only events to import; empty for all.
        again: also what is imported already.

    Raises:
        SettingsInvalid: the bounds contradict each other.
    """
    if days is not None and (since is not None or until is not None):
        raise SettingsInvalid("--days goes with neither --since nor --until: leave it, or these, out.")
    scheduled_from = now - DISCOVERY_LOOKS_BACK
    if since is None and (days is not None or not event_ids):
        since = now - (DEFAULT_SPAN if days is None else timedelta(days=days))
    end = min(until or scheduled_from, scheduled_from)
    if since is not None and since >= end:
        raise SettingsInvalid(
            f"No event can start from {since:%Y-%m-%d %H:%M} on and before {end:%Y-%m-%d %H:%M} UTC: choose "
            "--since, --until or --days with time between; the last 72 hours are the scheduler's."
        )
    return Scope(
        since=since,
        until=until or now,
        scheduled_from=scheduled_from,
        event_ids=frozenset(event_ids) or None,
        again=again,
    )
