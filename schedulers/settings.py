"""The scheduler's settings: the specification's `results_config` and `event_config`, one row each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from providers.errors import SettingsInvalid
from schedulers.windows import WindowSettings


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in the specification, its default, what it may be, and what it means."""

    name: str
    default: float
    smallest: float
    largest: float
    help: str
    whole: bool = False

    @property
    def variable(self) -> str:
        """Return the environment variable that sets it."""
        return f"CHRONOTRACK_LIVE_{self.name.upper()}"

    @property
    def allowed(self) -> str:
        """Return the words for what it may be."""
        return f"{self.smallest:g} to {self.largest:,}"

    def read(self, environ: Mapping[str, str]) -> float:
        """Return its value, the default where the environment says nothing.

        Raises:
            SettingsInvalid: it is none that is allowed.
        """
        text = environ.get(self.variable, "")
        try:
            # 3_0 is 30 to Python, and a slip of the finger to everybody else.
            value = math.nan if "_" in text else float(text or self.default)
        except ValueError:
            value = math.nan
        if not self.smallest <= value <= self.largest or (self.whole and value != int(value)):
            number = "whole number" if self.whole else "number"
            raise SettingsInvalid(
                f"{self.variable} is {text!r}: set it to a {number}, {self.allowed}. It means: {self.help}."
            )
        return value


# No interval is so short that an operation would hardly be over when the next one is due, and no phase so
# long that nobody can have meant it.
SETTINGS = (
    Setting("initial_delay_minutes", 5, 0, 1_440, "minutes from a start to the first collection"),
    Setting("intensive_interval_seconds", 90, 1, 86_400, "seconds from one intensive collection to the next"),
    Setting("intensive_duration_hours", 5, 0.01, 168, "hours of intensive collection"),
    Setting(
        "standard_interval_hours", 1, 0.01, 168, "hours from one standard collection, after that, to the next"
    ),
    Setting("max_collection_hours", 72, 0.01, 720, "hours from the last start to the last collection"),
    Setting(
        "discovery_interval_hours",
        6,
        0.01,
        168,
        "hours between looks for new events and tests of credentials",
    ),
    Setting(
        "sync_participants_interval_hours",
        24,
        0.01,
        168,
        "hours between readings of an entry list before the event",
    ),
    Setting(
        "stop_after_finish_hours", 1, 0, 168, "hours for which entry lists are read after the event's end"
    ),
    Setting(
        "max_concurrent_events", 10, 1, 100, "events of a partner that are collected side by side", whole=True
    ),
)


@dataclass(frozen=True, slots=True)
class SchedulerSettings:
    """What the scheduler goes by.

    Attributes:
        values: each setting by its variable, as it was given or by default; the others follow from these.
        windows: how windows lie around a start.
        discovery_interval: from one discovery of a partner to the next.
        max_concurrent_events: of a partner.
    """

    values: Mapping[str, float]
    windows: WindowSettings
    discovery_interval: timedelta
    max_concurrent_events: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> SchedulerSettings:
        """Read the settings from their environment variables.

        Raises:
            SettingsInvalid: a value is none that is allowed, or two do not fit together.
        """
        value = {setting.name: setting.read(environ) for setting in SETTINGS}
        windows = WindowSettings(
            initial_delay=timedelta(minutes=value["initial_delay_minutes"]),
            intensive_interval=timedelta(seconds=value["intensive_interval_seconds"]),
            intensive_duration=timedelta(hours=value["intensive_duration_hours"]),
            standard_interval=timedelta(hours=value["standard_interval_hours"]),
            max_collection=timedelta(hours=value["max_collection_hours"]),
            participants_interval=timedelta(hours=value["sync_participants_interval_hours"]),
            stop_after_finish=timedelta(hours=value["stop_after_finish_hours"]),
        )
        _refuse_what_does_not_fit(windows)
        return cls(
            values={setting.variable: value[setting.name] for setting in SETTINGS},
            windows=windows,
            discovery_interval=timedelta(hours=value["discovery_interval_hours"]),
            max_concurrent_events=int(value["max_concurrent_events"]),
        )


def metrics_address(environ: Mapping[str, str]) -> tuple[str, int] | None:
    """Return where the metrics are to be served, host and port; None when they are not to be.

    Args:
        environ: CHRONOTRACK_LIVE_METRICS_PORT and CHRONOTRACK_LIVE_METRICS_HOST, 127.0.0.1 by default.

    Raises:
        SettingsInvalid: the port is none.
    """
    port = environ.get("CHRONOTRACK_LIVE_METRICS_PORT", "")
    if not port:
        return None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise SettingsInvalid(
            f"CHRONOTRACK_LIVE_METRICS_PORT is {port!r}: set it to a port from 1 to 65535, or not at all."
        )
    return environ.get("CHRONOTRACK_LIVE_METRICS_HOST") or "127.0.0.1", int(port)


def _refuse_what_does_not_fit(windows: WindowSettings) -> None:
    """Raise SettingsInvalid where a phase is shorter than its interval, or ends after the window does."""
    if windows.intensive_interval > windows.intensive_duration:
        raise SettingsInvalid(
            f"CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS ({windows.intensive_interval}) is longer than the "
            f"intensive phase, CHRONOTRACK_LIVE_INTENSIVE_DURATION_HOURS ({windows.intensive_duration}): "
            "shorten the interval, or lengthen the phase."
        )
    intensive = windows.initial_delay + windows.intensive_duration
    left = windows.max_collection - intensive
    if left < timedelta(0):
        raise SettingsInvalid(
            f"CHRONOTRACK_LIVE_MAX_COLLECTION_HOURS ({windows.max_collection}) ends before the intensive "
            f"phase does ({intensive} after the start): make it at least as long."
        )
    if timedelta(0) < left < windows.standard_interval:
        raise SettingsInvalid(
            f"CHRONOTRACK_LIVE_STANDARD_INTERVAL_HOURS ({windows.standard_interval}) is longer than the "
            f"standard phase ({left}), which is what the intensive one leaves of "
            "CHRONOTRACK_LIVE_MAX_COLLECTION_HOURS: shorten the interval, or lengthen the window."
        )
