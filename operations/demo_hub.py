"""The demo's hub: two timing partners and what TCP delivered before the race, and what is kept of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from database.connection import Database
from database.host_tables import database_time, to_json
from database.queries import compose

_STATEMENTS = Path(__file__).with_name("demo.sql")

Row = dict[str, Any]
Truths = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DemoPartner:
    """A timing partner of the demo, with its account at the simulator."""

    company_name: str
    client_id: str
    user: str
    password: str


# Their timing_partner_ids are 1 and 2, in this order.
PARTNERS = (
    DemoPartner("Harbour Timing", "demo0001", "demo@chronotrack.test", "demo-password"),
    DemoPartner("Lakeside Timing", "demo0002", "demo2@chronotrack.test", "demo-password-2"),
)
# What each partner collects: (timing_partner_id, event). Harbour Timing's 5K comes by TCP already.
COLLECTED = ((1, "Harbour City Marathon"), (2, "Harbour City 5K"), (2, "Lakeside Half Marathon"))
BY_TCP = (1, "Harbour City 5K")


def company_name(timing_partner_id: int) -> str:
    """Return the name of a demo partner."""
    return PARTNERS[timing_partner_id - 1].company_name


class DemoHub:
    """The demo's database. `truths` are the events' ground truths by name."""

    def __init__(self, database: Database, truths: Truths) -> None:
        self._database = database
        self._truths = truths

    def fill(self, base_url: str) -> None:
        """Insert the partners with their credentials for the API at `base_url`, and the TCP rows."""
        for partner in PARTNERS:
            self._rows(
                "add_partner",
                company_name=partner.company_name,
                principal=partner.user,
                secret=hashlib.sha256(partner.password.encode()).hexdigest(),
                config=to_json({"base_url": base_url, "client_id": partner.client_id}),
            )
        partner_id, name = BY_TCP
        start = datetime.fromisoformat(self._truths[name]["start_time"])
        self._add_tcp_event("61611", "Harbour Spring Relay", start - timedelta(days=90), partner_id)
        # Spelled otherwise and ten minutes off, as two systems do; and still the same race.
        self._add_tcp_event("61612", name.upper(), start + timedelta(minutes=10), partner_id)

    def tcp_fingerprint(self) -> str:
        """Return a fingerprint of every TCP row."""
        return str(self._rows("tcp_fingerprint")[0]["fingerprint"])

    def standings(self, at: datetime) -> list[Row]:
        """Return how the collected events that have begun stand: see `standing` in demo.sql."""
        rows = self._rows("standing", now=database_time(at))
        for row in rows:
            row["start_time"] = row["start_time"].replace(tzinfo=UTC)
            row["last_collection"] = row["last_collection"] and row["last_collection"].replace(tzinfo=UTC)
        return rows

    def leaders(self, event_id: str) -> tuple[str, ...]:
        """Return the first three of an event's largest race, ready to read."""
        return tuple(
            f"{row['first_name']} {row['last_name']} ({row['bib']}) {_clock_time(row['chip_time'])}"
            for row in self._rows("leaders", event_id=event_id)
        )

    def finishers_since(self, event_id: str, since: datetime) -> list[str]:
        """Return the entries of an event that are finished and whose row moved after `since`."""
        rows = self._rows("new_finishers", event_id=event_id, since=database_time(since))
        return [row["provider_result_id"] for row in rows]

    def spent(self) -> Row:
        """Return what the collection has cost so far: rows_written, requests, polls, failed."""
        return self._rows("spent")[0]

    def kept_results(self, partner_id: int, name: str) -> list[Row]:
        """Return every result that is kept of a partner's event."""
        event_id = self._truths[name]["event_id"]
        return self._rows("kept_results", partner=partner_id, provider_event_id=event_id)

    def is_kept(self, partner_id: int, name: str) -> bool:
        """Return whether a partner's event is kept as a live one."""
        event_id = self._truths[name]["event_id"]
        return bool(self._rows("live_event_of", partner=partner_id, provider_event_id=event_id))

    def _add_tcp_event(self, event_id: str, name: str, start: datetime, partner_id: int) -> None:
        values = {"event_id": event_id, "event_name": name, "partner": partner_id}
        athletes = to_json(self._truths[BY_TCP[1]]["athletes"])
        with self._database.transaction() as cursor:
            cursor.execute(
                compose("add_tcp_event", _STATEMENTS), values | {"start_time": database_time(start)}
            )
            cursor.execute(compose("add_tcp_results", _STATEMENTS), values | {"athletes": athletes})

    def _rows(self, name: str, **values: object) -> list[Row]:
        with self._database.transaction() as cursor:
            cursor.execute(compose(name, _STATEMENTS), values)
            return [dict(row) for row in cursor.fetchall()]


def _clock_time(time: timedelta | None) -> str:
    if time is None:
        return "-"
    seconds, milliseconds = divmod(round(time / timedelta(milliseconds=1)), 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"
