"""What the monitor judges of a timing partner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from database.monitoring import PartnerAccount
from operations.finding import Finding, State
from operations.reading import AHEAD, Reading
from operations.thresholds import Thresholds
from schedulers.settings import SchedulerSettings

# Findings of a partner that say nothing of whether it is collected.
SET_ASIDE, SHOWN_TWICE = "set aside", "shown twice"

_NEVER = datetime.min.replace(tzinfo=UTC)


def partner_findings(
    partner: PartnerAccount, reading: Reading, thresholds: Thresholds, settings: SchedulerSettings
) -> Iterator[Finding]:
    """Judge a partner that has credentials."""
    number = partner.timing_partner_id
    test = f"`chronotrack-live credentials test {number}` asks the API now"
    if partner.refused:
        yield Finding(
            State.CRITICAL,
            partner.label,
            "refused",
            "the API refuses its credentials, so nothing of it is collected",
            f"{test}; `chronotrack-live credentials set {number}` changes them.",
        )
    elif is_passed_by(partner, reading, thresholds, settings):
        yield Finding(
            State.WARNING,
            partner.label,
            "not taken over",
            "its credentials are new, and the scheduler does not work with them",
            "Its log says why (partner.invalid, say); `systemctl reload chronotrack-live-scheduler` makes it "
            "read them at once.",
        )
    else:
        yield from _of_discovery(partner, reading, thresholds, settings)
        if partner.failures >= thresholds.failures:
            yield Finding(
                State.WARNING,
                partner.label,
                "discovery fails",
                f"{partner.failures} looks for events failed in a row: {partner.failure_reason}",
                f"{test}.",
            )
    yield from _of_rows(partner, reading, thresholds)


def credentials_changed(partner: PartnerAccount, now: datetime) -> tuple[datetime, datetime] | None:
    """Return between which instants the credentials were last written; None when nobody knows.

    Whoever writes the row by hand with now() writes the wall clock of some zone: the database's own, as a
    rule. So it is not known which of two instants is meant, but that it is not in the future; where that
    cannot be, nothing is known.
    """
    written = sorted(
        instant for instant in (partner.changed_at, partner.changed_local) if instant is not None
    )
    if not written or written[0] > now + AHEAD:
        return None
    return written[0], min(written[-1], now)


def has_taken_over(partner: PartnerAccount, at: datetime) -> bool:
    """Return whether the scheduler has worked with the credentials that there are, or may have.

    It looks for events at once, or its test failed. A test alone that went well may be an operator's.
    """
    changed = credentials_changed(partner, at)
    failed = partner.tested_at if partner.tested_status == "failed" else None
    return changed is None or max(partner.looked_at or _NEVER, failed or _NEVER) >= changed[0]


def lives(reading: Reading, thresholds: Thresholds, settings: SchedulerSettings) -> bool:
    """Return whether a scheduler has given a sign of life as lately as it has to."""
    longest = settings.discovery_interval + thresholds.silence
    return reading.last_sign is not None and reading.at - reading.last_sign <= longest


def is_passed_by(
    partner: PartnerAccount, reading: Reading, thresholds: Thresholds, settings: SchedulerSettings
) -> bool:
    """Return whether a scheduler that lives has had the time to work with new credentials, and has not."""
    changed = credentials_changed(partner, reading.at)
    return (
        changed is not None
        and reading.at - changed[1] > thresholds.silence
        and not has_taken_over(partner, reading.at)
        and lives(reading, thresholds, settings)
    )


def _of_discovery(
    partner: PartnerAccount, reading: Reading, thresholds: Thresholds, settings: SchedulerSettings
) -> Iterator[Finding]:
    changed = credentials_changed(partner, reading.at)
    since = max(partner.discovered_at or _NEVER, _NEVER if changed is None else changed[1])
    if reading.at - since > thresholds.missed_discoveries * settings.discovery_interval:
        last = f"since {partner.discovered_at:%Y-%m-%d %H:%M} UTC" if partner.discovered_at else "ever"
        yield Finding(
            State.WARNING,
            partner.label,
            "not discovered",
            f"no discovery {last}: new events are not known",
            "See that the scheduler runs and what its log says of this partner.",
        )


def _of_rows(partner: PartnerAccount, reading: Reading, thresholds: Thresholds) -> Iterator[Finding]:
    number = partner.timing_partner_id
    lately, twice = reading.set_aside_lately(number), reading.shown_twice(number)
    if lately >= thresholds.rejected_rows:
        yield Finding(
            State.WARNING,
            partner.label,
            SET_ASIDE,
            f"rows of the API that were set aside in the last 7 days: {lately:,}",
            f"ct_live_rejected_rows has them with the reasons, under timing_partner_id {number}.",
        )
    if len(twice) >= thresholds.duplicates:
        yield Finding(
            State.WARNING,
            partner.label,
            SHOWN_TWICE,
            f"events that are there twice, or seem to be, and are both shown: {len(twice)}",
            f"`chronotrack-live events duplicates --partner {number}` lists them.",
        )
