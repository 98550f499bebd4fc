"""Partners without a database, each with a request budget of its own, and what is reported of them."""

from __future__ import annotations

from datetime import UTC, datetime

from providers.accounts import SyncReport
from providers.records import Credentials
from schedulers.partner import Partner
from tests.integration.scripted_provider import ScriptedProvider


def make_partner(folder, clock, partner_id=7, name="Harbour Timing"):
    """Return a partner whose budget is kept in `folder`; its adapter is to be closed."""
    credentials = Credentials(
        credentials_id=1,
        timing_partner_id=partner_id,
        partner_name=name,
        provider_id=1,
        data_source="chronotrack_live",
        principal="geheimer-login",
        secret="geheimes-wort",
    )
    return Partner(ScriptedProvider(credentials, folder, clock), store=None, clock=clock)


def report(sync_type="results", status="completed", **facts):
    """Return the report of an operation of partner 7."""
    started = datetime(2025, 4, 21, 14, 5, tzinfo=UTC)
    return SyncReport(sync_type=sync_type, timing_partner_id=7, status=status, started=started, **facts)
