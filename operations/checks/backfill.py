"""Check 7: a dry look at one event of the past, by what the backfill itself would do."""

from __future__ import annotations

from backfill.options import Options, scope_of
from backfill.outcome import End
from backfill.partner import PastPartner
from operations.checks.bench import Bench
from operations.checks.verdict import Verdict, failed, not_run, passed
from providers.room import Room
from schedulers.partner import Partner

# Of the latest events of the past that are all left out (TCP has them, say) so many are looked at.
_LOOKS = 3


def check_backfill(partner: Partner, bench: Bench) -> Verdict:
    """Choose among the partner's events of the last 365 days, and ask what an import would bring.

    Raises:
        IntegrationError: its events cannot be listed.
    """
    noted: list[str] = []
    options = Options(dry_run=True)
    past = PastPartner(partner.adapter, bench.store, bench.clock, options, Room(), noted.append)
    # Again: one that is imported already shows as well that the way is free.
    scope = scope_of(bench.clock.now(), days=None, since=None, until=None, event_ids=(), again=True)
    plan, _ = past.plan(scope)
    facts: dict[str, object] = {"to_import": len(plan.chosen), "left_out": len(plan.left_out), "noted": noted}
    if not plan.chosen:
        return not_run(f"none of its {len(plan.left_out):,} events is of the past year", **facts)
    seen = []
    for event in plan.chosen[:_LOOKS]:
        outcome = past.do(event, again=True)
        if outcome.end is End.FAILED:
            return failed(outcome.line, outcome.advice or "", **facts)
        seen.append(outcome.line)
        if outcome.end is End.EXPECTED:
            return passed(f"of {len(plan.chosen):,} on offer: {outcome.line}", **facts)
    left_out = "; ".join(seen)
    return passed(f"of {len(plan.chosen):,} on offer: {left_out}", **facts)
