"""Check 6: the scheduler's settings work, its plan can be made, and one has been seen lately."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from database.event_controls import EventControls, KnownEvent
from database.queries import compose
from operations.checks.bench import STATEMENTS, Bench
from operations.checks.verdict import Verdict, failed, passed, warning
from operations.thresholds import Thresholds
from providers.records import StoredEvent
from providers.registry import adapter_class
from schedulers.partner import PROVIDER, followed_since
from schedulers.plan import collections, entry_lists
from schedulers.settings import SchedulerSettings, metrics_address
from schedulers.windows import Phase, WindowSettings, phase

# How late its work may begin, and be written down, before nobody seems to be at it.
_GRACE = timedelta(minutes=10)
_START = (
    "Start it (systemctl start chronotrack-live-scheduler), and look at its log (journalctl -u "
    "chronotrack-live-scheduler)."
)


def check_scheduler(bench: Bench) -> Verdict:
    """Make the plan of an event that starts now and of those that are followed; look for work that was done.

    Raises:
        SettingsInvalid: a setting is impossible.
    """
    settings = SchedulerSettings.from_env(bench.environ)
    metrics_address(bench.environ)
    now, windows = bench.clock.now(), settings.windows
    controls = EventControls(bench.database, adapter_class(PROVIDER).provider_name)
    collected = {one.timing_partner_id for one in controls.partners() if not one.refused}
    followed = [
        event
        for event in controls.events(followed_since(now, windows.max_collection))
        if event.pause is None and event.stored.timing_partner_id in collected
    ]
    phases = Counter(phase(event.stored, now, windows) for event in followed)
    planned = sum(_planned(event, now, windows) for event in followed)
    said = f"settings valid; {planned:,} collections and entry lists planned for the next 24 hours"
    facts: dict[str, object] = {
        "settings": dict(settings.values),
        "of_an_event_that_starts_now": _plan_from(now, windows),
        "followed": {str(name): count for name, count in phases.items()},
        "planned": planned,
    }
    last = _last_work(bench)
    if last is None:
        return warning(f"{said}; no scheduler has done anything in this hub yet", _START, **facts)
    silence = max(now - last, timedelta(0))
    facts |= {"last_work": last, "silent_seconds": round(silence.total_seconds())}
    gone = f"{said}; no scheduler seems to run: the last work is {_age(silence)} ago"
    if collected and silence > settings.discovery_interval + Thresholds.from_env(bench.environ).silence:
        # It would have looked for events meanwhile, whatever else there was to do.
        return failed(gone, _START, **facts)
    if silence > _longest_silence(phases, settings):
        return warning(gone, _START, **facts)
    return passed(f"{said}; at work {_age(silence)} ago", **facts)


def _plan_from(now: datetime, windows: WindowSettings) -> list[dict[str, object]]:
    """Return how an event that starts now is collected: a rhythm after the other."""
    event = StoredEvent(
        event_id="check", timing_partner_id=0, provider_event_id="check", name="check", start_time=now
    )
    runs = collections(event, now, now + windows.max_collection, windows)
    return [{"phase": run.what, "first": run.first, "last": run.last, "times": run.count} for run in runs]


def _planned(event: KnownEvent, now: datetime, windows: WindowSettings) -> int:
    until = now + timedelta(days=1)
    runs = [*collections(event.stored, now, until, windows), *entry_lists(event.stored, now, until, windows)]
    return sum(run.count for run in runs)


def _last_work(bench: Bench) -> datetime | None:
    with bench.database.transaction() as cursor:
        provider = {"provider_name": adapter_class(PROVIDER).provider_name}
        cursor.execute(compose("last_work", STATEMENTS), provider)
        row = cursor.fetchone()
        return None if row is None else row["at"].replace(tzinfo=UTC)


def _longest_silence(phases: Counter[Phase], settings: SchedulerSettings) -> timedelta:
    """Return for how long a scheduler that runs may have nothing to do."""
    intervals = [settings.discovery_interval]
    if phases[Phase.INTENSIVE]:
        intervals.append(settings.windows.intensive_interval)
    if phases[Phase.STANDARD]:
        intervals.append(settings.windows.standard_interval)
    return min(intervals) + _GRACE


def _age(age: timedelta) -> str:
    return str(timedelta(seconds=round(age.total_seconds())))
