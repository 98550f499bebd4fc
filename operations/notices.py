"""What people are to be told of the health of the integration."""

from __future__ import annotations

from operations.finding import Finding
from operations.health import Health
from operations.health_partners import SET_ASIDE, SHOWN_TWICE
from schedulers.notices.concern import Concern, Look

# They go on for weeks, and a partner that is collected again is well all the same.
_ASIDE = (SET_ASIDE, SHOWN_TWICE)


def look_of(health: Health) -> Look:
    """Return the findings as concerns, and what was judged: nobody who was not asked for, or could not be."""
    return Look(health.reading.at, [_concern(finding) for finding in health.findings], _judged(health))


def _concern(finding: Finding) -> Concern:
    about, kind = finding.about, finding.kind
    subject = _aside(about, kind) if kind in _ASIDE else about
    return Concern(subject, kind, about, finding.what, finding.remedy)


def _judged(health: Health) -> set[str]:
    reading, judged = health.reading, {"database"}
    if reading.away is not None:
        return judged
    judged.add("migrations")
    if reading.not_migrated:
        return judged
    # What is due, and when there was a sign of life, only the hub knows.
    judged |= {"service", "partners"}
    for partner in reading.partners:
        judged |= {partner.label, *(_aside(partner.label, kind) for kind in _ASIDE)}
    return judged | {event.key for event in reading.events if event.is_judged}


def _aside(about: str, kind: str) -> str:
    return f"{about}: {kind}"
