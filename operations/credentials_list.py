"""How the access of timing partners is shown: as a table or as JSON, without anything secret."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
from rich.text import Text

from database.credentials import LastAuthentication, PartnerAccess
from operations.tables import console, table
from providers.chronotrack_live.settings import ChronoTrackLiveSettings
from providers.errors import CredentialsRefused, SettingsInvalid

# In a pipe there is no screen to fit into: no line is broken.


def as_json(partners: Sequence[PartnerAccess]) -> str:
    """Return the partners as a JSON list; instants in UTC, null for what is not there."""
    rows = [_fields(partner) for partner in partners]
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode()


def as_table(partners: Sequence[PartnerAccess], now: datetime) -> None:
    """Print the partners as a table, and below it in a line each what is wrong with some.

    Args:
        partners: in the order of the table.
        now: the instant (aware) from which ages are counted.
    """
    shown = console()
    headings = ("partner", "principal", "auth", "base_url", "changed", "last authentication")
    shown.print(table(headings, (_cells(partner, now) for partner in partners)))
    for partner in partners:
        if wrong := _wrong(partner):
            shown.print(Text(f"{partner.label}: {wrong}"), soft_wrap=True)


def _fields(partner: PartnerAccess) -> dict[str, object]:
    kept, tested = partner.credentials, partner.last_authentication
    settings, problem = _settings(partner)
    return {
        "timing_partner_id": partner.timing_partner_id,
        "company_name": partner.company_name,
        "credentials": kept
        and {
            "principal": kept.principal,
            "auth": settings and settings.auth,
            "base_url": settings and settings.base_url,
            "changed_at": partner.changed_at,
            "problem": problem,
        },
        "last_authentication": tested
        and {
            "at": tested.at,
            "state": _state(tested),
            "reason": tested.reason,
            "of_these_credentials": _is_of_these(partner, tested),
        },
    }


def _cells(partner: PartnerAccess, now: datetime) -> tuple[str, ...]:
    who = f"{partner.timing_partner_id} {partner.company_name}"
    if partner.credentials is None:
        return who, "no credentials", "", "", "", ""
    settings, problem = _settings(partner)
    return (
        who,
        partner.credentials.principal or "",
        settings.auth if settings else "",
        settings.base_url if settings else "",
        f"{_age(now - partner.changed_at)} ago" if partner.changed_at else "",
        "impossible settings" if problem else _last(partner, now),
    )


def _wrong(partner: PartnerAccess) -> str | None:
    """Return what is wrong with a partner's credentials, or was when they were last tested."""
    _, problem = _settings(partner)
    tested = partner.last_authentication
    return problem or (tested.reason if partner.credentials and tested else None)


def _settings(partner: PartnerAccess) -> tuple[ChronoTrackLiveSettings | None, str | None]:
    """Return how the API is spoken to, or why it cannot be.

    Values are shown only when they are possible: what stands in the wrong field may be a secret.
    """
    if partner.credentials is None:
        return None, None
    try:
        return ChronoTrackLiveSettings.of(partner.credentials), None
    except SettingsInvalid as problem:
        return None, str(problem)


def _last(partner: PartnerAccess, now: datetime) -> str:
    tested = partner.last_authentication
    if tested is None:
        return "never tested"
    said = f"{_state(tested)} {_age(now - tested.at)} ago"
    return said if _is_of_these(partner, tested) else f"{said}, before the credentials changed"


def _state(tested: LastAuthentication) -> str:
    if tested.status == "completed":
        return "accepted"
    return "refused" if tested.category == CredentialsRefused.category else "not tested"


def _is_of_these(partner: PartnerAccess, tested: LastAuthentication) -> bool:
    """Return whether it was these credentials that were tested, not those before or some that are removed."""
    return partner.credentials is not None and (partner.changed_at is None or tested.at >= partner.changed_at)


def _age(age: timedelta) -> str:
    """Return an age in its largest unit; the database's clock may be a little ahead of ours."""
    seconds = max(0, round(age.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
