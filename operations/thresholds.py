"""From when on the monitor warns, or calls for somebody: one setting each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from schedulers.settings import Setting

# What failed is tried again after 5 minutes: to be silent for less means nothing.
SETTINGS = (
    Setting(
        "monitor_missed_intervals",
        3,
        1,
        1_000,
        "intensive intervals without a collection of an event from which on it is critical",
    ),
    Setting(
        "monitor_failures",
        3,
        1,
        1_000,
        "failures in a row from which on it is critical for an event, a warning for a partner's discovery or "
        "an entry list",
        whole=True,
    ),
    Setting(
        "monitor_failed_percent",
        50,
        1,
        100,
        "percent of an event's collections of the last hour; that more of them fail is a warning",
    ),
    Setting(
        "monitor_partial_collections",
        10,
        1,
        10_000,
        "collections of an event in a row that are not whole from which on it is a warning",
        whole=True,
    ),
    Setting(
        "monitor_no_results_minutes",
        60,
        1,
        10_080,
        "minutes of intensive collection without any result of an event from which on it is a warning",
    ),
    Setting(
        "monitor_lateness_seconds", 45, 1, 86_400, "lateness of a collection from which on it is a warning"
    ),
    Setting(
        "monitor_missed_discoveries",
        2,
        1,
        1_000,
        "discovery intervals without one from which on it is a warning",
    ),
    Setting(
        "monitor_silence_minutes",
        10,
        6,
        10_080,
        "minutes without a sign of life, while something is due, from which on it is critical",
    ),
    Setting(
        "monitor_rejected_rows",
        1,
        1,
        1_000_000,
        "rows of a partner that are set aside from which on it is a warning",
        whole=True,
    ),
    Setting(
        "monitor_duplicates",
        1,
        1,
        1_000_000,
        "events of a partner that are shown twice from which on it is a warning",
        whole=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What the monitor judges by; see SETTINGS, which these follow in order."""

    missed_intervals: float = 3
    failures: int = 3
    failed_percent: float = 50
    partial_collections: int = 10
    no_results: timedelta = timedelta(minutes=60)
    lateness: timedelta = timedelta(seconds=45)
    missed_discoveries: float = 2
    silence: timedelta = timedelta(minutes=10)
    rejected_rows: int = 1
    duplicates: int = 1

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Thresholds:
        """Read them from their environment variables.

        Raises:
            SettingsInvalid: a value is none that is allowed.
        """
        value = {setting.name: setting.read(environ) for setting in SETTINGS}
        return cls(
            missed_intervals=value["monitor_missed_intervals"],
            failures=int(value["monitor_failures"]),
            failed_percent=value["monitor_failed_percent"],
            partial_collections=int(value["monitor_partial_collections"]),
            no_results=timedelta(minutes=value["monitor_no_results_minutes"]),
            lateness=timedelta(seconds=value["monitor_lateness_seconds"]),
            missed_discoveries=value["monitor_missed_discoveries"],
            silence=timedelta(minutes=value["monitor_silence_minutes"]),
            rejected_rows=int(value["monitor_rejected_rows"]),
            duplicates=int(value["monitor_duplicates"]),
        )
