"""What a check found: whether all is well, in which words, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from providers.errors import IntegrationError


class Check(StrEnum):
    """The seven, in the order in which they are shown."""

    SCHEMA = "schema"
    CREDENTIALS = "credentials"
    AUTHENTICATION = "authentication"
    API = "API and rate limit"
    DUPLICATES = "duplicate detection"
    SCHEDULER = "scheduler"
    BACKFILL = "backfill"


class Outcome(StrEnum):
    """How a check ended. Only what failed makes a run fail."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found.

    Attributes:
        outcome: how it ended.
        said: what was found, in words for a person.
        remedy: what to do, None where there is nothing to do.
        facts: what was measured, JSON-ready.
    """

    outcome: Outcome
    said: str
    remedy: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The verdict of one check, on one partner or on the hub as a whole (None).

    `partner` are the words by which a person knows the partner; `seconds` is what the check took.
    """

    check: Check
    timing_partner_id: int | None = None
    partner: str | None = None
    verdict: Verdict
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Return whether the check failed."""
        return self.verdict.outcome is Outcome.FAILED


def passed(said: str, **facts: object) -> Verdict:
    """Return that all is well."""
    return Verdict(Outcome.PASSED, said, None, facts)


def warning(said: str, remedy: str, **facts: object) -> Verdict:
    """Return that it works, and that something is to be known."""
    return Verdict(Outcome.WARNING, said, remedy, facts)


def failed(said: str, remedy: str, **facts: object) -> Verdict:
    """Return that something is wrong, and what to do about it."""
    return Verdict(Outcome.FAILED, said, remedy, facts)


def not_run(because: str, **facts: object) -> Verdict:
    """Return that there was nothing to be asked."""
    return Verdict(Outcome.NOT_RUN, f"because {because}", None, facts)


# What to do about an error, by its category; its own words say what is wrong.
_REMEDIES = {
    "unreachable": "Check base_url and the network, then run the check again.",
    "rate_limited": "Wait a minute and run the check again; if it goes on, lower rate_limit.",
    "server_error": "Run the check again later; if the API goes on failing, tell ChronoTrack.",
    "retry": "Run the check again; if it goes on, look after the state folder (CHRONOTRACK_LIVE_STATE).",
    "malformed": "Check base_url: what answers there is not ChronoTrack Live.",
    "database": "Run the check again when the database answers.",
    "database_refused": "Apply the extension again (chronotrack-live migrate --roles).",
    "settings": "Mend what is named there, then run the check again.",
    "schema": "Apply the extension: chronotrack-live migrate --roles.",
}
_OTHERWISE = "Run the check again with --verbose, and report the fault."


def set_credentials(timing_partner_id: int | str) -> str:
    """Return what to do where a partner has none."""
    return f"Give it some: chronotrack-live credentials set {timing_partner_id} --principal LOGIN"


def of_error(error: IntegrationError, timing_partner_id: int | None = None) -> Verdict:
    """Return that something is wrong, of the error that said so, and of the partner that it is about."""
    remedy = _REMEDIES.get(error.category, _OTHERWISE)
    if error.category == "refused":
        remedy = (
            f"Set them again (chronotrack-live credentials set {timing_partner_id} --principal LOGIN), then "
            f"ask the API (chronotrack-live credentials test {timing_partner_id})."
        )
    return failed(str(error), remedy, category=error.category)
