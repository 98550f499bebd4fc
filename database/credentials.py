"""The credentials of timing partners for one provider: read with the state of their last test, and written.

Scheduler and backfill read those that are there through `database.store.Store`; this is for the operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from database.connection import Database
from database.host_tables import database_time, to_json
from database.queries import compose
from providers.errors import SchemaNotReady, SettingsInvalid
from providers.records import Credentials

# The host's columns for principal and secret.
_LONGEST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAuthentication:
    """The last time that the API was asked whether a partner's credentials work.

    `status` and `category` are those of the history row ("completed", or "failed" and, say, "refused"),
    `reason` is what went wrong; None when nothing did.
    """

    at: datetime
    status: str
    category: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAccess:
    """A timing partner and its access to a provider.

    `credentials` is None when it has none; `changed_at` (aware) is when they were last written, None when
    nobody noted that.
    """

    timing_partner_id: int
    company_name: str
    provider_id: int
    data_source: str
    credentials: Credentials | None = field(repr=False)
    changed_at: datetime | None
    last_authentication: LastAuthentication | None

    @property
    def label(self) -> str:
        """Return the words by which a person knows this partner, as `Credentials.label` does."""
        return f"partner {self.timing_partner_id} ({self.company_name})"

    def with_credentials(
        self, principal: str, secret: str, additional_config: Mapping[str, object]
    ) -> Credentials:
        """Return the credentials that this partner would have with these values; nothing is written."""
        return Credentials(
            credentials_id=0 if self.credentials is None else self.credentials.credentials_id,
            timing_partner_id=self.timing_partner_id,
            partner_name=self.company_name,
            provider_id=self.provider_id,
            data_source=self.data_source,
            principal=principal,
            secret=secret,
            additional_config=additional_config,
        )


class CredentialsTable:
    """The rows of `partner_provider_credentials` of one provider, known by its name."""

    def __init__(self, database: Database, provider_name: str) -> None:
        self._database = database
        self._provider_name = provider_name

    def partners(self) -> list[PartnerAccess]:
        """Return every timing partner, with credentials or without, by its id.

        Raises:
            SchemaNotReady: the database does not know the provider.
        """
        provider = {"provider_name": self._provider_name}
        with self._database.transaction() as cursor:
            cursor.execute(compose("provider_id"), provider)
            if cursor.fetchone() is None:
                raise SchemaNotReady(
                    f"The database does not know {self._provider_name}: run `chronotrack-live migrate`."
                )
            cursor.execute(compose("partner_access"), provider)
            return [_access(row) for row in cursor.fetchall()]

    def partner(self, timing_partner_id: int) -> PartnerAccess:
        """Return one timing partner, with credentials or without.

        Raises:
            SchemaNotReady: the database does not know the provider.
            SettingsInvalid: there is no such partner; the message names those that there are.
        """
        found = {partner.timing_partner_id: partner for partner in self.partners()}
        if timing_partner_id not in found:
            known = ", ".join(f"{p.timing_partner_id} ({p.company_name})" for p in found.values())
            raise SettingsInvalid(
                f"There is no timing partner {timing_partner_id}. Known: "
                f"{known or 'none; add a row to timing_partners first'}."
            )
        return found[timing_partner_id]

    def save(self, credentials: Credentials, at: datetime) -> bool:
        """Write a partner's credentials; return whether that changed anything.

        Args:
            credentials: what the row is to hold.
            at: the instant of the change (aware), which a row that is the same already does not take over.

        Raises:
            SettingsInvalid: principal or secret is longer than the host's columns.
        """
        for name, text in (("principal", credentials.principal), ("password", credentials.secret)):
            if text is not None and len(text) > _LONGEST:
                raise SettingsInvalid(
                    f"The {name} has more than {_LONGEST} characters, which is all the hub keeps."
                )
        values = _whose(credentials) | {
            "principal": credentials.principal,
            "secret": credentials.secret,
            "config": to_json(dict(credentials.additional_config)),
            "at": database_time(at),
        }
        with self._database.transaction() as cursor:
            cursor.execute(compose("add_credentials"), values)
            added = cursor.rowcount
            cursor.execute(compose("change_credentials"), values)
            return bool(added + cursor.rowcount)

    def remove(self, credentials: Credentials) -> None:
        """Remove a partner's credentials for this provider; whatever they brought in stays."""
        with self._database.transaction() as cursor:
            cursor.execute(compose("remove_credentials"), _whose(credentials))


def _whose(credentials: Credentials) -> dict[str, object]:
    return {"partner": credentials.timing_partner_id, "provider_id": credentials.provider_id}


def _access(row: Mapping[str, Any]) -> PartnerAccess:
    of_credentials = ("credentials_id", "partner_name", "principal", "secret", "additional_config")
    whose = {name: row[name] for name in ("timing_partner_id", "provider_id", "data_source")}
    credentials = {name: row[name] for name in of_credentials}
    return PartnerAccess(
        **whose,
        company_name=row["partner_name"],
        credentials=None if row["credentials_id"] is None else Credentials(**whose, **credentials),
        changed_at=row["changed_at"] and row["changed_at"].replace(tzinfo=UTC),
        last_authentication=None
        if row["tested_at"] is None
        else LastAuthentication(
            at=row["tested_at"].replace(tzinfo=UTC),
            status=row["status"],
            category=row["error_category"],
            reason=row["reason"],
        ),
    )
