"""A bench: a hub with the daemon's privileges, and an API that is simulated."""

from __future__ import annotations

import pytest

from operations.checks.bench import AccountlessStore, Bench
from operations.checks.run import run_checks


@pytest.fixture
def check(daemon_database, clock, tmp_path):
    """Runs the checks; returns what was found by check, and by partner where there are several."""

    def run(*only, database=None, environ=None):
        hub = database or daemon_database
        bench = Bench(hub, AccountlessStore(hub), clock, tmp_path / "state", environ or {}, only)
        return Found(run_checks(bench))

    return run


class Found(list):
    """The findings of a run."""

    def one(self, check, partner=None):
        """Return the verdict of a check, of a partner where it is of partners."""
        [finding] = [one for one in self if one.check == check and one.timing_partner_id == partner]
        return finding.verdict

    def outcomes(self, partner=None):
        """Return the outcomes of the checks of a partner, or of the hub as a whole, by check."""
        return {str(one.check): str(one.verdict.outcome) for one in self if one.timing_partner_id == partner}
