"""What the monitor judges of the scheduler itself: its unit, its signs of life, its clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from operations.finding import Finding, State
from operations.health_events import owed_since, since_known
from operations.health_partners import credentials_changed, has_taken_over, lives
from operations.reading import AHEAD, Reading
from operations.service_unit import UNIT, ServiceUnit
from operations.thresholds import Thresholds
from schedulers.settings import SchedulerSettings

_NEVER = datetime.min.replace(tzinfo=UTC)
_LOOK = f"`systemctl status {UNIT}` says why"
# For so many seconds a unit may start, or stop.
_A_MINUTE = 60.0


def service_findings(
    reading: Reading, thresholds: Thresholds, settings: SchedulerSettings
) -> Iterator[Finding]:
    """Judge the scheduler by its unit, and by what it accounts for while something is owed."""
    owed = _owed_longest(reading, thresholds, settings)
    if reading.unit is not None:
        yield from _of_unit(reading.unit, is_owed=owed is not None)
    elif reading.systemd_away is not None:
        yield Finding(
            State.WARNING,
            "service",
            "systemd away",
            f"systemd does not say how it is: {reading.systemd_away}",
            f"Ask it yourself, as root: `systemctl status {UNIT}`.",
        )
    if owed is not None:
        yield from _of_silence(reading, *owed, thresholds)
    yield from _of_clock(reading)


def _of_unit(unit: ServiceUnit, *, is_owed: bool) -> Iterator[Finding]:
    start = f"{_LOOK}; `systemctl start {UNIT}` starts it."
    stands = f"systemd says {unit.active} ({unit.sub})"
    if unit.sub.startswith("auto-restart") or (unit.active == "activating" and unit.restarts):
        yield Finding(
            State.CRITICAL,
            "service",
            "restarting",
            f"it ends by itself and is started anew: {stands}, {unit.restarts:,} times so far",
            f"{_LOOK}; so does its log.",
        )
    elif unit.active in ("failed", "inactive"):
        state = State.CRITICAL if unit.active == "failed" or is_owed else State.WARNING
        yield Finding(state, "service", unit.active, stands, start)
    elif unit.active not in ("active", "reloading") and (unit.seconds is None or unit.seconds > _A_MINUTE):
        what = f"{stands}, and that for {'long' if unit.seconds is None else f'{unit.seconds:,.0f} s'}"
        yield Finding(State.WARNING, "service", "not running", what, f"{_LOOK}; so does its log.")


def _of_silence(reading: Reading, since: datetime, what: str, thresholds: Thresholds) -> Iterator[Finding]:
    if min(reading.at - since, reading.at - (reading.last_sign or _NEVER)) <= thresholds.silence:
        return
    silent = f"since {reading.last_sign:%Y-%m-%d %H:%M:%S} UTC" if reading.last_sign else "ever"
    yield Finding(
        State.CRITICAL,
        "service",
        "silent",
        f"no sign of life {silent}, while {what} is due",
        f"{_LOOK}; `systemctl start {UNIT}` starts it."
        if reading.unit is not None
        else "Start `chronotrack-live scheduler`, and see what it logs.",
    )


def _of_clock(reading: Reading) -> Iterator[Finding]:
    """Judge instants in the future, which nothing else here goes by."""
    instants = [reading.ahead] if reading.ahead else []
    for partner in reading.partners:
        written = [at for at in (partner.changed_at, partner.changed_local) if at is not None]
        instants += [min(written)] if written and min(written) > reading.at + AHEAD else []
    if instants:
        yield Finding(
            State.WARNING,
            "service",
            "clock",
            f"the hub has accounts of instants in the future, up to {max(instants):%Y-%m-%d %H:%M:%S} UTC",
            "Compare the clocks of this host, of the scheduler's and of the database's: one of them is, or "
            "was, set wrongly. What lies in the future is left out here.",
        )


def _owed_longest(
    reading: Reading, thresholds: Thresholds, settings: SchedulerSettings
) -> tuple[datetime, str] | None:
    """Return since when something is due that the scheduler is to do, and what; None when nothing is."""
    owed: list[tuple[datetime, str]] = []
    for event in (event for event in reading.events if event.is_judged):
        stored = event.standing.event.stored
        due = owed_since(stored, stored.last_tried, reading.at, settings.windows)
        owed += [(max(due, since_known(event, reading.at)), event.key)] if due is not None else []
    for partner in reading.partners:
        # Who is refused is a finding of his own, and so is whom a scheduler that lives passes by.
        if partner.refused or (
            not has_taken_over(partner, reading.at) and lives(reading, thresholds, settings)
        ):
            continue
        looked = [partner.discovered_at + settings.discovery_interval] if partner.discovered_at else []
        changed = credentials_changed(partner, reading.at)
        due = max([*looked, _NEVER if changed is None else changed[1]])
        owed.append((due, f"the discovery of {partner.label}"))
    return min(((since, what) for since, what in owed if since <= reading.at), default=None)
