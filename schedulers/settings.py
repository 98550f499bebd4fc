"""The scheduler's settings: the specification's `results_config` and `event_config`, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from providers.errors import SettingsInvalid
from schedulers.windows import WindowSettings

# What any setting may be, in its own unit: nothing that makes a window without length or without end.
_SMALLEST, _LARGEST = 0.01, 100_000


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in the specification, its default, and what it means."""

    name: str
    default: float
    help: str

    @property
    def variable(self) -> str:
        """Return the environment variable that sets it."""
        return f"CHRONOTRACK_LIVE_{self.name.upper()}"


SETTINGS = (
    Setting("initial_delay_minutes", 5, "first collection so long after a start"),
    Setting("intensive_interval_seconds", 90, "then one collection in so many seconds"),
    Setting("intensive_duration_hours", 5, "for so long"),
    Setting("standard_interval_hours", 1, "then one collection in so many hours"),
    Setting("max_collection_hours", 72, "until so long after the last start"),
    Setting("discovery_interval_hours", 6, "look for new events, and test the credentials, so often"),
    Setting("sync_participants_interval_hours", 24, "read an entry list so often before the event"),
    Setting("stop_after_finish_hours", 1, "stop reading entry lists so long after the event's end"),
    Setting("max_concurrent_events", 10, "collect so many events of a partner side by side"),
)


@dataclass(frozen=True, slots=True)
class SchedulerSettings:
    """What the scheduler goes by."""

    windows: WindowSettings
    discovery_interval: timedelta
    max_concurrent_events: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> SchedulerSettings:
        """Read the settings from their environment variables.

        Raises:
            SettingsInvalid: a value is no positive number, or two do not fit together.
        """
        value = {setting.name: _read(setting, environ) for setting in SETTINGS}
        windows = WindowSettings(
            initial_delay=timedelta(minutes=value["initial_delay_minutes"]),
            intensive_interval=timedelta(seconds=value["intensive_interval_seconds"]),
            intensive_duration=timedelta(hours=value["intensive_duration_hours"]),
            standard_interval=timedelta(hours=value["standard_interval_hours"]),
            max_collection=timedelta(hours=value["max_collection_hours"]),
            participants_interval=timedelta(hours=value["sync_participants_interval_hours"]),
            stop_after_finish=timedelta(hours=value["stop_after_finish_hours"]),
        )
        if windows.initial_delay + windows.intensive_duration > windows.max_collection:
            raise SettingsInvalid(
                "CHRONOTRACK_LIVE_MAX_COLLECTION_HOURS ends before the intensive collection does: "
                "make it larger than the initial delay and the intensive duration together."
            )
        return cls(
            windows=windows,
            discovery_interval=timedelta(hours=value["discovery_interval_hours"]),
            max_concurrent_events=max(1, int(value["max_concurrent_events"])),
        )


def _read(setting: Setting, environ: Mapping[str, str]) -> float:
    text = environ.get(setting.variable, "")
    try:
        value = float(text) if text else setting.default
    except ValueError:
        value = 0.0
    if not _SMALLEST <= value <= _LARGEST:
        raise SettingsInvalid(
            f"{setting.variable} is {text!r}: set it to a positive number, {_SMALLEST:g} to {_LARGEST:,} "
            f"({setting.help})."
        )
    return value
