"""Check 5: an event that TCP has already is recognised, and no other one is."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from psycopg2.extras import RealDictCursor

from database.connection import Database
from database.credentials import PartnerAccess
from database.duplicates import find_duplicate
from database.host_tables import database_time
from database.queries import compose
from operations.checks.bench import STATEMENTS, rolled_back
from operations.checks.verdict import Verdict, failed, passed
from providers.records import ProviderEvent

# Nobody has this id.
_NOBODY = -1
_REMEDY = "Apply the extension again (chronotrack-live migrate); if that does not help, report the fault."


@dataclass(frozen=True, slots=True)
class _Scene:
    """An event of the API beside its twin of TCP: what differs, and whether it is the same event still."""

    what: str
    name: Callable[[str], str] = str
    apart: timedelta = timedelta(0)
    same: bool = True
    of_nobody: bool = False


_SCENES = (
    _Scene("of the same name and start"),
    _Scene("in lower case", name=str.lower),
    _Scene("in upper case", name=str.upper),
    _Scene("that starts 23 h 59 min later", apart=timedelta(hours=23, minutes=59)),
    _Scene("that starts 23 h 59 min earlier", apart=-timedelta(hours=23, minutes=59)),
    _Scene("that starts 25 h later", apart=timedelta(hours=25), same=False),
    _Scene("that starts 25 h earlier", apart=-timedelta(hours=25), same=False),
    _Scene("of another name", name=lambda name: f"{name} of another year", same=False),
    _Scene("of another partner", same=False, of_nobody=True),
)


def check_duplicates(database: Database, access: PartnerAccess, now: datetime) -> Verdict:
    """Let TCP deliver an event, in a transaction that is rolled back, and look for twins of it.

    Args:
        database: the hub.
        access: whose event it is; credentials are not needed.
        now: when it starts (aware).
    """
    name = f"Check of Duplicate Detection {uuid.uuid4()}"
    twin = {"event_id": name, "event_name": name, "start_time": database_time(now)}
    with rolled_back(database) as cursor:
        if _found(cursor, access, _SCENES[0], name, now) != (False, False):
            return failed("An event is taken for a duplicate although TCP has none of its name.", _REMEDY)
        cursor.execute(compose("add_tcp_twin", STATEMENTS), twin | {"partner": access.timing_partner_id})
        wrong = [
            f"{function} {'does not find' if scene.same else 'takes for a duplicate'} an event {scene.what}"
            for scene in _SCENES
            for function, found in zip(
                ("check_duplicate_chronotrack_event()", "find_duplicate_chronotrack_event()"),
                _found(cursor, access, scene, name, now),
                strict=True,
            )
            if found != scene.same
        ]
    with database.transaction() as cursor:
        if _found(cursor, access, _SCENES[0], name, now) != (False, False):
            return failed(
                f"The event of this check is still in ct_events, although it was rolled back: {name}.",
                "Delete it there, and let DATABASE_URL name PostgreSQL itself.",
            )
    if wrong:
        return failed(f"{'; '.join(wrong)}.", _REMEDY)
    known = sum(scene.same for scene in _SCENES)
    return passed(
        f"a TCP event is found in any case and up to 24 h apart ({known} times of {known}), and neither 25 h "
        f"apart nor under another name or partner ({len(_SCENES) - known} times); rolled back",
        scenes=[{"event": scene.what, "is_duplicate": scene.same} for scene in _SCENES],
    )


def _found(
    cursor: RealDictCursor, access: PartnerAccess, scene: _Scene, name: str, now: datetime
) -> tuple[bool, bool]:
    """Return what the specification's function says of a scene, and what an import goes by."""
    partner = _NOBODY if scene.of_nobody else access.timing_partner_id
    event = ProviderEvent(
        provider_event_id=str(uuid.uuid4()), name=scene.name(name), start_time=now + scene.apart
    )
    values = {
        "event_name": event.name,
        "start_time": database_time(event.start_time),
        "partner": partner,
    }
    cursor.execute(compose("is_duplicate", STATEMENTS), values)
    [row] = cursor.fetchall()
    # Similar names are a partner's own setting: here only the rule counts that all have.
    credentials = replace(access, timing_partner_id=partner).with_credentials("", "", {})
    return bool(row["is_duplicate"]), find_duplicate(cursor, credentials, event) is not None
