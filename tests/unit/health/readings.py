"""What a monitor may have read in the middle of a race, and what it makes of that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from database.event_controls import KnownEvent, LastCollection
from database.monitoring import CollectionAccount, PartnerAccount
from operations.event_list import EventStanding
from operations.health import judge
from operations.reading import Reading, WatchedEvent, collected_partners
from operations.thresholds import Thresholds
from providers.records import StoredEvent
from schedulers.settings import SchedulerSettings
from schedulers.windows import DEFAULT

START = datetime(2026, 4, 18, 7, 30, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
# In the middle of the intensive phase, on a due instant.
NOW = START + 2 * HOUR + 5 * MINUTE
PARTNER = PartnerAccount(
    timing_partner_id=7,
    name="Harbour Timing",
    changed_at=START - timedelta(days=30),
    changed_local=START - timedelta(days=30),
    tested_at=NOW - HOUR,
    tested_status="completed",
    tested_category=None,
    tested_reason=None,
    looked_at=NOW - HOUR,
    discovered_at=NOW - HOUR,
    failures=0,
    failure_reason=None,
)


def stored(start=START, **fields):
    return StoredEvent(
        event_id="ctlive:7:5",
        timing_partner_id=7,
        provider_event_id="5",
        name="Harbour Run",
        start_time=start,
        **fields,
    )


def written(at, local=None):
    """Credentials that were written at an instant, which may be the wall clock of the database's zone."""
    return {"changed_at": at, "changed_local": at if local is None else local}


def watched(
    collected=NOW, *, at=NOW, failed=None, pause=None, superseded=None, partner=PARTNER, results=12, **account
):
    """An event as it is read at an instant, collected well and tried without success when said."""
    of = stored(superseded=superseded is not None, last_collection=collected, last_failure=failed)
    known = KnownEvent(
        stored=of,
        partner_name=partner.name,
        superseded_by=superseded,
        pause=pause,
        last_collection=None if collected is None else LastCollection(collected, "completed", None, None),
        results=results,
    )
    standing = EventStanding.of(known, collected_partners([partner]), at, DEFAULT)
    found = CollectionAccount(
        event_id=of.event_id,
        known_since=START - timedelta(days=9),
        has_entries=True,
        collected_at=collected,
        lateness=0.1,
        changed_at=collected,
        failures=0,
        failure_reason=None,
        partials=0,
        failures_of_hour=0,
        collections_of_hour=40,
        entry_failures=0,
        entry_failure_reason=None,
    )
    return WatchedEvent(standing=standing, account=replace(found, **account))


def reading(*events, at=NOW, partners=(PARTNER,), last_sign=None, **fields):
    return Reading(at=at, events=events, partners=partners, last_sign=last_sign or at, **fields)


def judged(read, **thresholds):
    return judge(read, Thresholds(**thresholds), SchedulerSettings.from_env({}))


def kinds(read, **thresholds):
    return [(finding.state, finding.kind) for finding in judged(read, **thresholds).findings]


def found(read, **thresholds):
    return [(finding.state, finding.about) for finding in judged(read, **thresholds).findings]
