"""Reads what the monitor judges: the hub, the state folder, systemd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from database import migrate
from database.connection import Database
from database.duplicates import Duplicates
from database.event_controls import CollectedPartner, EventControls
from database.monitoring import Monitoring
from operations.budget_used import budget_used
from operations.event_list import EventStanding
from operations.reading import AHEAD, Reading, WatchedEvent, collected_partners
from operations.service_unit import SystemdAway, service_unit
from providers.errors import IntegrationError, SchemaNotReady
from providers.registry import adapter_class
from schedulers.partner import PROVIDER, followed_since
from schedulers.windows import Phase, WindowSettings

_DAY = timedelta(days=1)
# So long rows that are set aside are judged after they were last seen.
LATELY = timedelta(days=7)
# What an operator looks at first.
_FIRST = (Phase.INTENSIVE, Phase.STANDARD, Phase.OVER, Phase.WAITING)


def read_health(
    database: Database, only: Sequence[int], at: datetime, windows: WindowSettings, state: Path | None
) -> Reading:
    """Read how things are.

    Args:
        database: the hub's; the monitor's role is enough.
        only: timing_partner_ids to restrict it to; none for all.
        at: now, aware.
        windows: how they lie around a start.
        state: the state folder; None when it may not be read.
    """
    reading = _with_unit(Reading(at=at))
    monitoring = Monitoring(database, adapter_class(PROVIDER).provider_name)
    try:
        reading = replace(reading, server=monitoring.server(), pending=migrate.pending(database))
        return _read_hub(reading, database, monitoring, only, windows, state)
    except SchemaNotReady:
        return replace(reading, not_migrated=True)
    except IntegrationError as error:
        return replace(Reading(at=at, away=str(error)), unit=reading.unit, systemd_away=reading.systemd_away)


def _with_unit(reading: Reading) -> Reading:
    try:
        return replace(reading, unit=service_unit())
    except SystemdAway as away:
        return replace(reading, systemd_away=str(away))


def _read_hub(
    reading: Reading,
    database: Database,
    monitoring: Monitoring,
    only: Sequence[int],
    windows: WindowSettings,
    state: Path | None,
) -> Reading:
    def is_asked_for(timing_partner_id: int) -> bool:
        return not only or timing_partner_id in only

    latest = reading.at + AHEAD
    partners = [p for p in monitoring.partners(latest) if is_asked_for(p.timing_partner_id)]
    known = [partner.timing_partner_id for partner in partners]
    yesterday = reading.at - _DAY
    return replace(
        reading,
        partners=partners,
        without_credentials=sorted(set(only) - set(known)),
        events=[
            event
            for event in _events(reading.at, database, monitoring, windows, collected_partners(partners))
            if is_asked_for(event.partner_id)
        ],
        last_sign=monitoring.last_sign_of_life(latest),
        ahead=monitoring.last_ahead(latest),
        operations=[c for c in monitoring.operations(yesterday) if is_asked_for(c.timing_partner_id)],
        rejected=[c for c in monitoring.rejected(reading.at - LATELY) if is_asked_for(c.timing_partner_id)],
        duplicates=[
            pair for pair in Duplicates(database).suspicious() if is_asked_for(pair["timing_partner_id"])
        ],
        events_of_partners=[c for c in monitoring.events(yesterday) if is_asked_for(c.timing_partner_id)],
        rows=monitoring.rows(),
        budget_used={} if state is None else budget_used(state, PROVIDER, known, reading.at),
    )


def _events(
    at: datetime,
    database: Database,
    monitoring: Monitoring,
    windows: WindowSettings,
    partners: Mapping[int, CollectedPartner],
) -> list[WatchedEvent]:
    """Return the events that are followed: those that are collected now first, each by its start."""
    controls = EventControls(database, adapter_class(PROVIDER).provider_name)
    known = controls.events(followed_since(at, windows.max_collection), latest=at + AHEAD)
    standings = [EventStanding.of(event, partners, at, windows) for event in known]
    followed = sorted(
        (standing for standing in standings if standing.is_followed),
        key=lambda standing: _FIRST.index(standing.phase),
    )
    accounts = monitoring.collections([standing.event.key for standing in followed], at + AHEAD)
    return [
        WatchedEvent(standing=standing, account=accounts[standing.event.key])
        for standing in followed
        if standing.event.key in accounts
    ]
