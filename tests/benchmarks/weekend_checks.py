"""Whether the account of a weekend is what the windows ask for: pure functions over the history's rows."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from schedulers.settings import SchedulerSettings
from schedulers.windows import next_participant_sync
from tests.benchmarks.weekend_clock import RaceClock
from tests.benchmarks.weekend_knowledge import FOLLOWED_WITHIN, Done, Known, due_instants

# The history keeps lateness in whole milliseconds.
ROUNDING = timedelta(milliseconds=1)
# A discovery begins no later than so many real seconds after it was to begin.
DISCOVERY_LATE = 2.0


@dataclass(slots=True)
class Check:
    """Something that was checked: how often, and a sentence for each time that it was not so."""

    what: str
    checked: int = 0
    faults: list[str] = field(default_factory=list)

    def that(self, holds: object, otherwise: str) -> None:
        """Count one more; `otherwise` is the fault when it does not hold."""
        self.checked += 1
        if not holds:
            self.faults.append(otherwise)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the checks go by; `latest_offset` is the longest that an event begins after its due instants."""

    settings: SchedulerSettings
    clock: RaceClock
    latest_offset: timedelta
    end: datetime

    def answers(self, due: datetime, planned: datetime) -> bool:
        """Tell whether what was to begin at `planned` is for a due instant."""
        return -ROUNDING <= planned - due <= self.latest_offset


class Collections:
    """The checks of collections, event by event."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.once = Check("Every due instant was collected exactly once")
        self.inside = Check("No collection was for anything else, or outside the event's window")
        self.order = Check("An event's collections came in the order of their due instants")
        self.late = Check("An event found after it began was collected at once")

    @property
    def checks(self) -> list[Check]:
        """All of them."""
        return [self.once, self.inside, self.order, self.late]

    def look_at(self, versions: Sequence[Known], rows: Sequence[Done]) -> None:
        """Check the collections of an event; `rows` as they were written, those at a due instant only."""
        grids = [due_instants(version.event, self._rules.settings.windows) for version in versions]
        answered = [[self._answered(grid, row) for row in rows] for grid in grids]
        for version, grid, due_of in zip(versions, grids, answered, strict=True):
            self._look_at_version(version, grid, due_of, is_first=version is versions[0])
        for number, row in enumerate(rows):
            # One that was missed before the event was known is made up for: its instant may lie before that.
            is_asked_for = any(
                due_of[number] is not None and version.first <= row.at and row.planned <= version.last
                for version, due_of in zip(versions, answered, strict=True)
            )
            self.inside.that(is_asked_for, f"{row} is for no due instant (planned at {row.planned}).")
        for before, after in pairwise(rows):
            in_order = before.planned < after.planned and before.at < after.at
            self.order.that(in_order, f"{after} was written after the one at {before.at}.")

    def _look_at_version(
        self, version: Known, grid: list[datetime], due_of: list[datetime | None], *, is_first: bool
    ) -> None:
        name, times = version.event.name, Counter(due_of)
        # What is due at last, but not begun, when the event is found changed, may be due no more.
        rules = self._rules
        margin = rules.latest_offset + timedelta(milliseconds=1)
        for due in grid:
            if version.sure_from < due and due < version.sure_until - margin:
                self.once.that(times[due] == 1, f"{name} was collected {times[due]} times for {due}.")
        if is_first and grid and grid[0] <= version.first:
            missed = grid[bisect_right(grid, version.first) - 1]
            at_once = [due for due in times if due is not None and missed <= due <= version.sure_from]
            self.late.that(at_once, f"{name} was not collected when it was found, for {missed}.")

    def _answered(self, grid: list[datetime], row: Done) -> datetime | None:
        place = bisect_right(grid, row.planned + ROUNDING) - 1
        return grid[place] if place >= 0 and self._rules.answers(grid[place], row.planned) else None


def check_entry_lists(check: Check, versions: Sequence[Known], rows: Sequence[Done], rules: Rules) -> None:
    """Check an event's entry lists: once when it was found, then each when the one before asks for it."""
    name, windows = versions[0].event.name, rules.settings.windows
    if not rows:
        check.that(False, f"The entry list of {name} was never read.")
        return
    found = versions[0].first <= rows[0].planned <= versions[0].sure_from
    check.that(found, f"{rows[0]} was not read when the event was found, at {versions[0].first}.")
    for before, after in pairwise(rows):
        due = [
            next_participant_sync(version.event, before.at, before.at, windows)
            for version in versions
            if version.first <= after.at and before.at <= version.last
        ]
        is_due = any(instant is not None and rules.answers(instant, after.planned) for instant in due)
        check.that(is_due, f"{after} (planned at {after.planned}) was due at {due}.")
    following = next_participant_sync(versions[-1].event, rows[-1].at, rows[-1].at, windows)
    over = following is None or following > rules.end
    check.that(over, f"The entry list of {name} was not read at {following}.")


def check_rhythm(check: Check, rows: Sequence[Done], begin: datetime, rules: Rules) -> None:
    """Check that a partner's discoveries, or tests, came an interval after the end of the one before.

    A test and the discovery after it are one job: it plans the next one when it ends.
    """
    interval, clock = rules.settings.discovery_interval, rules.clock
    at_start = rows and rows[0].at <= clock.after(begin, DISCOVERY_LATE)
    check.that(at_start, f"None came at the start, {begin}.")
    for before, after in pairwise(rows):
        # The job's other half, and the seconds that the history has rounded.
        latest = clock.after(before.at, before.seconds + FOLLOWED_WITHIN) + interval
        in_time = before.at + interval <= after.at and clock.real_seconds(latest, after.at) <= DISCOVERY_LATE
        check.that(in_time, f"{after} came after one at {before.at}.")
    last = rows[-1] if rows else None
    in_time = last and clock.after(last.at, last.seconds + FOLLOWED_WITHIN + DISCOVERY_LATE) + interval
    check.that(in_time and in_time > rules.end, f"None came after {last}.")
