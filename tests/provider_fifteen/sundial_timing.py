"""Sundial Timing as a provider: a whole adapter in one module, to begin the next one from.

Sundial is invented. Its API takes HTTP Basic with the password as it is and gives each list whole, in one
answer. Instants are ISO 8601 in UTC, durations are seconds, what is not known is null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from requests.auth import HTTPBasicAuth

from providers import errors, records, statistics
from providers.base_adapter import BaseProviderAdapter, parsed
from providers.rate_limit import Limit, RequestBudget
from providers.readings import Snapshot

Row = Mapping[str, Any]
RecordT = TypeVar("RecordT")

_TIMEOUT = 30.0  # seconds for a connection and for each wait for bytes
_MISTAKES: Mapping[int, tuple[type[errors.IntegrationError], str]] = {
    401: (errors.CredentialsRefused, "Sundial refuses the login: check principal and secret"),
    404: (errors.NotFound, "Sundial does not know it, or does not show it to the login"),
    410: (errors.EventArchived, "Sundial has locked the meeting away"),
    429: (errors.TooManyRequests, "Sundial was asked too often"),
}
# Sundial's word for how it stands with an athlete -> ours. Any other is kept.
_STATUSES = {"home": "finished", "on course": "started", "gave up": "dnf", "struck out": "dq"}


class SundialAdapter(BaseProviderAdapter):
    """One timing partner's Sundial Timing."""

    provider_name = "Sundial Timing"

    def __init__(self, credentials: records.Credentials, budget: RequestBudget) -> None:
        super().__init__(credentials, budget)
        if not credentials.principal or not credentials.secret:
            raise errors.SettingsInvalid(f"principal or secret is missing for {credentials.label}: set both.")
        self._base_url = credentials.additional_config.get("base_url", "https://api.sundial.example/v1")
        self._session = requests.Session()
        # requests encodes text as Latin-1; logins and passwords may be any Unicode.
        self._session.auth = HTTPBasicAuth(credentials.principal.encode(), credentials.secret.encode())

    @staticmethod
    def limit(_: records.Credentials) -> Limit:
        """Return what Sundial allows every partner: 600 requests a minute."""
        return Limit(per_minute=600)

    def authenticate(self) -> None:
        """Ask for the one list that every login has."""
        self._rows("meetings")

    def get_events(self, since: datetime | None, until: datetime | None) -> Snapshot[records.ProviderEvent]:
        """List the meetings; each comes with its races."""
        found = _read("event", self._rows("meetings"), _event)
        events = [event for event in found.records if event.touches(since, until)]
        return Snapshot(events, found.complete, found.rejected)

    def get_participants(self, provider_event_id: str) -> Snapshot[records.ProviderParticipant]:
        """List a meeting's starters."""
        rows = self._rows("meetings", provider_event_id, "starters")
        return _read("participant", (row for row in rows if not row.get("trial")), _participant)

    def get_results(self, provider_event_id: str) -> Snapshot[records.ProviderResult]:
        """List a meeting's tallies: one an athlete, with status, places and splits."""
        return _read("result", self._rows("meetings", provider_event_id, "tallies"), _result)

    def close(self) -> None:
        """Close the connections and the budget's account."""
        self._session.close()
        super().close()

    def _rows(self, *path: str) -> list[Row]:
        """Return the list at a path, whose last word is its key in the answer."""
        where = "/".join(quote(word, safe="") for word in path)
        response = self.attempt(lambda: self._get(where))
        try:
            answer = response.json()
        except ValueError:
            answer = None
        rows = answer.get(path[-1]) if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise errors.AnswerUnusable(f"{where} answers without its list: check base_url.")
        statistics.current().count_rows(len(rows))
        # What is no object has no fields: it is set aside, whole.
        return [row if isinstance(row, dict) else {"row": row} for row in rows]

    def _get(self, where: str) -> requests.Response:
        """Make one request: the only place that touches the network, or looks at a status."""
        url = f"{self._base_url}/{where}"
        try:
            # A redirect would carry the credentials to wherever it points.
            response = self._session.get(url, timeout=_TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            raise errors.ApiUnreachable(f"{self._base_url} cannot be reached: check the network.") from error
        statistics.current().count_bytes(len(response.content))
        status, login = response.status_code, self.credentials.principal
        if status in _MISTAKES and (where, status) != ("meetings", 404):
            mistake, why = _MISTAKES[status]
            raise mistake(f"{where} for {login}: {why} (HTTP {status}).")
        if status >= 500:
            raise errors.ServerFailed(f"{where}: Sundial failed (HTTP {status}).")
        if status != 200:
            raise errors.AnswerUnusable(f"{where} is not Sundial's (HTTP {status}): check base_url.")
        return response


def _read(kind: str, rows: Iterable[Row], parse: Callable[[Row], RecordT]) -> Snapshot[RecordT]:
    """Read a whole list; a row that cannot be understood is set aside, its neighbours are kept."""

    def understood(row: Row) -> RecordT:
        try:
            return parse(row)
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            reason = f"a field is missing or cannot be read: {error}"
            api_id = str(row["ref"]) if "ref" in row else None
            raise errors.RowRejected(reason, kind=kind, payload=row, api_id=api_id) from error

    rejected: list[errors.RowRejected] = []
    return Snapshot(list(parsed(rows, understood, rejected)), complete=True, rejected=rejected)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _seconds(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)


def _event(row: Row) -> records.ProviderEvent:
    return records.ProviderEvent(
        provider_event_id=row["ref"],
        name=row["title"],
        start_time=_instant(row["opens"]),
        end_time=_instant(row["closes"]),
        races=tuple(
            records.ProviderRace(
                provider_race_id=course["ref"], name=course["title"], planned_start=_instant(course["gun"])
            )
            for course in row["courses"]
        ),
    )


def _participant(row: Row) -> records.ProviderParticipant:
    return records.ProviderParticipant(
        provider_participant_id=row["ref"],
        provider_race_id=row["course"],
        bib=row["bib"],
        first_name=row["given"],
        last_name=row["family"],
        additional_data={"club": row["club"]},
    )


def _result(row: Row) -> records.ProviderResult:
    return records.ProviderResult(
        provider_result_id=row["ref"],
        provider_participant_id=row["starter"],
        provider_race_id=row["course"],
        status=_STATUSES.get(row["state"], str(row["state"])),
        bib=row["bib"],
        chip_time=_seconds(row["net"]),
        gun_time=_seconds(row["gross"]),
        overall_place=row["place"],
        finish_time=_instant(row["crossed"]),
        splits=tuple(_split(mark) for mark in row["marks"]),
    )


def _split(row: Row) -> records.Split:
    return records.Split(
        interval_id=row["ref"],
        name=row["title"],
        chip_time=_seconds(row["net"]),
        gun_time=_seconds(row["gross"]),
        rank=row["place"],
    )
