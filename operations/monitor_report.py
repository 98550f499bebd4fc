"""How the health of the integration is said: in one line, as Nagios reads it, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

import orjson

from database.monitoring import PartnerAccount
from operations.finding import State
from operations.health import Health
from operations.reading import WatchedEvent, age, phases
from schedulers.windows import Phase

_NAME = "CHRONOTRACK LIVE"
# So many findings stand in the line; it is to be read on a telephone.
_FIRST = 3
# The hub's own instants are UTC, without saying so.
_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


def line(state: State, text: str) -> str:
    """Return the first line of a Nagios plugin: what comes after a bar would be figures to it."""
    return " ".join(f"{_NAME} {state.name} - {text}".replace("|", "/").split())


def first_line(health: Health) -> str:
    """Return how things are in one line."""
    said = [str(finding) for finding in health.findings[:_FIRST]]
    further = len(health.findings) - len(said)
    if further > 0:
        said.append(f"and {further} more")
    return line(health.state, "; ".join(said) or _all_well(health))


def as_json(health: Health) -> str:
    """Return all that is known as a JSON object: instants in UTC, durations in seconds, null for nothing."""
    reading = health.reading
    fields = {
        "state": health.state.name.lower(),
        "exit_code": int(health.state),
        "at": reading.at,
        "findings": [
            {
                "state": finding.state.name.lower(),
                "about": finding.about,
                "kind": finding.kind,
                "what": finding.what,
                "remedy": finding.remedy,
            }
            for finding in health.findings
        ],
        "service": {
            "unit": reading.unit and asdict(reading.unit),
            "systemd_away": reading.systemd_away,
            "last_sign_of_life": reading.last_sign,
        },
        "database": {"answers": reading.away is None, **(asdict(reading.server) if reading.server else {})},
        "pending_migrations": [str(pending) for pending in reading.pending],
        "partners": [_partner(partner, health) for partner in reading.partners],
        "events": [_event(event, reading.at) for event in reading.events],
        "operations_24h": [asdict(count) for count in reading.operations],
        "errors_24h": [
            {
                "timing_partner_id": count.timing_partner_id,
                "sync_type": count.sync_type,
                "category": count.category,
                "errors": count.operations,
                "last": count.last,
            }
            for count in health.errors
        ],
        "rejected_rows": [asdict(count) for count in reading.rejected],
        "duplicates": [dict(pair) for pair in reading.duplicates],
        "rows": [asdict(count) for count in reading.rows],
    }
    return orjson.dumps(fields, option=_OPTIONS).decode()


def _all_well(health: Health) -> str:
    reading = health.reading
    intensive = phases(reading.events)[Phase.INTENSIVE]
    return (
        f"partners: {len(reading.partners)}, events that are followed: {len(reading.events)}, "
        f"{intensive} of them intensive; last sign of life "
        + (f"{reading.last_sign:%Y-%m-%d %H:%M:%S} UTC" if reading.last_sign else "none yet")
    )


def _partner(partner: PartnerAccount, health: Health) -> dict[str, object]:
    reading, number = health.reading, partner.timing_partner_id
    counted = next((c for c in reading.events_of_partners if c.timing_partner_id == number), None)
    return {
        "timing_partner_id": number,
        "name": partner.name,
        "credentials_changed_at": partner.changed_at,
        "authentication": {
            "state": authentication(partner),
            "at": partner.tested_at,
            "reason": partner.tested_reason,
        },
        "requests_last_60_seconds": reading.budget_used.get(number),
        "last_discovery": partner.discovered_at,
        "discovery_failures_in_a_row": partner.failures,
        "events": {
            str(phase): count
            for phase, count in phases([e for e in reading.events if e.partner_id == number]).items()
        },
        "new_events_24h": counted.new if counted else 0,
        "events_of_the_same_name_in_tcp": counted.also_in_tcp if counted else 0,
    }


def authentication(partner: PartnerAccount) -> str:
    """Return how the last test of a partner's credentials went, in a word."""
    if partner.tested_at is None:
        return "never tested"
    if partner.refused:
        return "refused"
    return "accepted" if partner.tested_status == "completed" else "not tested"


def _event(event: WatchedEvent, at: datetime) -> dict[str, object]:
    standing, account = event.standing, event.account
    known, last = standing.event, standing.event.last_collection
    return {
        "event": event.key,
        "name": known.stored.name,
        "timing_partner_id": event.partner_id,
        "phase": standing.phase,
        "hindrances": standing.hindrances,
        "last_collection": last
        and {"at": last.at, "status": last.status, "category": last.category, "reason": last.reason},
        "failures_in_a_row": account.failures,
        "failures_of_the_last_hour": account.failures_of_hour,
        "collections_of_the_last_hour": account.collections_of_hour,
        "partial_in_a_row": account.partials,
        "entry_list_failures_in_a_row": account.entry_failures,
        "has_entries": account.has_entries,
        "lateness_seconds": account.lateness,
        "freshness_seconds": _seconds(freshness(event, at)),
        "last_change": account.changed_at,
        "next_due": standing.next_due,
        "results": known.results,
    }


def freshness(event: WatchedEvent, at: datetime) -> timedelta | None:
    """Return how old what the hub has of an event's results may be: the age of the last good collection."""
    return age(event.account.collected_at, at)


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else round(span.total_seconds(), 3)
