"""Checks 2, 3 and 4, of one partner: its credentials, whether the API takes them, and how it answers."""

from __future__ import annotations

from datetime import timedelta

from database.credentials import PartnerAccess
from operations.checks.bench import Bench
from operations.checks.verdict import Verdict, failed, passed, set_credentials, warning
from providers import statistics
from providers.base_adapter import BaseProviderAdapter
from providers.clock import Clock
from schedulers.partner import Partner, open_partner

_MINUTE = timedelta(minutes=1)


def check_credentials(access: PartnerAccess, bench: Bench) -> Verdict:
    """Read a partner's credentials row as the scheduler would.

    Raises:
        SettingsInvalid: it cannot work.
    """
    if access.credentials is None:
        remedy = set_credentials(access.timing_partner_id)
        return failed("It has no credentials for ChronoTrack Live.", remedy)
    open_partner(access.credentials, bench.store, bench.state, bench.clock).adapter.close()
    return passed(f"complete, for the login {access.credentials.principal}")


def check_authentication(partner: Partner) -> Verdict:
    """Ask the API whether it takes the credentials, with an account in the history but for a dry run.

    Raises:
        IntegrationError: it does not, or nobody can tell.
    """
    report = partner.authenticate()
    if report.error is not None:
        raise report.error
    return passed(f"accepted in {report.seconds:.1f} s", **report.statistics)


def check_api(adapter: BaseProviderAdapter, clock: Clock) -> Verdict:
    """Make the smallest request, and list the events, within the partner's budget.

    Raises:
        IntegrationError: the API does not answer well, or the budget's account cannot be used.
    """
    budget, began = adapter.budget, clock.now()
    before = budget.used()
    with statistics.measured() as smallest:
        adapter.authenticate()
    with statistics.measured() as listing:
        listed = adapter.list_events()
        events = sum(1 for _ in listed.records)
    used, limit, made = budget.used(), budget.limit, smallest.requests + listing.requests
    facts: dict[str, object] = {
        "requests_in_60_seconds_before": before,
        "requests_in_60_seconds": used,
        "requests_allowed_in_60_seconds": limit.per_minute,
        "requests_allowed_in_an_hour": limit.per_hour,
        "smallest_request": smallest.as_dict(),
        "event_list": listing.as_dict(),
        "events": events,
        "events_not_understood": len(listed.rejected),
        "row_counts_announced": listed.complete is not None,
    }
    said = (
        f"the smallest request was answered in {smallest.answering:.2f} s; events listed: {events:,}; "
        f"requests used in 60 seconds: {used:,} of {limit.per_minute:,}"
    )
    # What was made longer ago has left the account again.
    if used < made and clock.now() - began < _MINUTE:
        return failed(
            f"{said}, although {made} were made just now",
            "Look after the clock of this host, and after the state folder (CHRONOTRACK_LIVE_STATE): the "
            "account of the budget is not right.",
            **facts,
        )
    if repeated := sum((smallest.retries + listing.retries).values()):
        return warning(
            f"{said}; requests that had to be repeated: {repeated}",
            "The API or the way to it is not well: run the check again, with --verbose for the reasons.",
            **facts,
        )
    if listed.complete is None:
        return warning(
            f"{said}; the API announces no row counts (X-Ctlive-Row-Count)",
            "A result that ChronoTrack takes away again stays in the hub: nobody can tell that a reading was "
            "whole. Ask ChronoTrack why the headers are missing.",
            **facts,
        )
    return passed(said, **facts)
