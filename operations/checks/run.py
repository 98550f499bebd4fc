"""The seven checks one after the other: the hub as a whole, and all partners side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import structlog

from database.credentials import CredentialsTable, PartnerAccess
from operations.checks.backfill import check_backfill
from operations.checks.bench import Bench
from operations.checks.duplicates import check_duplicates
from operations.checks.partner import check_api, check_authentication, check_credentials
from operations.checks.scheduler import check_scheduler
from operations.checks.schema import check_schema
from operations.checks.verdict import Check, Finding, Verdict, failed, not_run, of_error, set_credentials
from providers.errors import IntegrationError
from providers.registry import adapter_class
from schedulers.partner import PROVIDER, open_partner

# What is asked of the API, in this order: each wants that the one before went well.
_OF_API = (Check.AUTHENTICATION, Check.API, Check.BACKFILL)

log = structlog.get_logger()


def run_checks(bench: Bench) -> list[Finding]:
    """Run the seven; return what each found, in their order. Whatever goes wrong is a finding."""
    order = list(Check)
    schema = _judged(Check.SCHEMA, None, lambda: check_schema(bench.database))
    if schema.failed:
        return [schema, *_left_out(order[1:], None, "the schema check failed")]
    try:
        known = CredentialsTable(bench.database, adapter_class(PROVIDER).provider_name).partners()
    except IntegrationError as error:
        credentials = Finding(check=Check.CREDENTIALS, verdict=of_error(error))
        return [schema, credentials, *_left_out(order[2:], None, "the partners cannot be read")]
    # The hub first: what the tests of credentials account for is not the scheduler's work.
    findings = [schema, *_of_hub(bench, known), *_of_partners(bench, known)]
    return sorted(findings, key=lambda finding: order.index(finding.check))


def _of_hub(bench: Bench, known: Sequence[PartnerAccess]) -> list[Finding]:
    """Run the checks that ask neither an API nor for credentials."""
    scheduler = _judged(Check.SCHEDULER, None, lambda: check_scheduler(bench))
    if not known:
        return [*_left_out([Check.DUPLICATES], None, "the hub has no timing partner"), scheduler]

    def duplicates() -> Verdict:
        # Any partner will do.
        return check_duplicates(bench.database, known[0], bench.clock.now())

    return [_judged(Check.DUPLICATES, None, duplicates), scheduler]


def _of_partners(bench: Bench, known: Sequence[PartnerAccess]) -> list[Finding]:
    """Run the checks of each partner that is asked for, without a word all that have credentials."""
    by_id = {access.timing_partner_id: access for access in known}
    chosen = [access for access in known if access.credentials is not None]
    if bench.only:
        chosen = [by_id[partner] for partner in dict.fromkeys(bench.only) if partner in by_id]
    findings = [
        Finding(
            check=Check.CREDENTIALS,
            timing_partner_id=partner,
            partner=f"partner {partner}",
            verdict=failed(
                "There is no such timing partner.",
                "See all that there are: chronotrack-live credentials list",
            ),
        )
        for partner in dict.fromkeys(bench.only)
        if partner not in by_id
    ]
    if not chosen and not findings:
        nobody = failed("No timing partner has credentials for ChronoTrack Live.", set_credentials("PARTNER"))
        findings.append(Finding(check=Check.CREDENTIALS, verdict=nobody))
    if not chosen:
        return [*findings, *_left_out(_OF_API, None, "there are no credentials")]
    with ThreadPoolExecutor(len(chosen), thread_name_prefix="check") as workers:
        for found in workers.map(lambda access: _of_partner(bench, access), chosen):
            findings += found
    return findings


def _of_partner(bench: Bench, access: PartnerAccess) -> list[Finding]:
    findings = [_judged(Check.CREDENTIALS, access, lambda: check_credentials(access, bench))]
    if access.credentials is None or findings[0].failed:
        return [*findings, *_left_out(_OF_API, access, "the credentials check failed")]
    partner = open_partner(access.credentials, bench.store, bench.state, bench.clock)
    asked: dict[Check, Callable[[], Verdict]] = {
        Check.AUTHENTICATION: lambda: check_authentication(partner),
        Check.API: lambda: check_api(partner.adapter, bench.clock),
        Check.BACKFILL: lambda: check_backfill(partner, bench),
    }
    with closing(partner.adapter):
        for number, check in enumerate(_OF_API):
            findings.append(_judged(check, access, asked[check]))
            if findings[-1].failed:
                return [*findings, *_left_out(_OF_API[number + 1 :], access, f"the {check} check failed")]
    return findings


def _judged(check: Check, access: PartnerAccess | None, ask: Callable[[], Verdict]) -> Finding:
    """Run a check; whatever goes wrong on the way is what it found."""
    began = time.monotonic()
    try:
        verdict = ask()
    except IntegrationError as error:
        verdict = of_error(error, None if access is None else access.timing_partner_id)
    except Exception as fault:
        # A fault of ours in one check must not keep the others from being run.
        log.exception("check.broke", check=str(check))
        verdict = failed(
            f"A fault of this software ({type(fault).__name__}).",
            "Run the check again with --verbose, and report the fault.",
        )
    return Finding(check=check, verdict=verdict, seconds=time.monotonic() - began, **_about(access))


def _left_out(checks: Iterable[Check], access: PartnerAccess | None, because: str) -> list[Finding]:
    return [Finding(check=check, verdict=not_run(because), **_about(access)) for check in checks]


def _about(access: PartnerAccess | None) -> dict[str, Any]:
    if access is None:
        return {}
    return {"timing_partner_id": access.timing_partner_id, "partner": access.label}
