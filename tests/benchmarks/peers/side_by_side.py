"""Runs the contenders side by side: every round has each of them once, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from rich.console import Console

from database.embedded import EmbeddedPostgres
from tests.benchmarks.peers.contenders import OURS, Contender, Kept
from tests.benchmarks.peers.gauge import Gauge, Spent
from tests.benchmarks.peers.hubs import Hubs
from tests.benchmarks.peers.measured import FULL, PLAIN, SLOW, Case, Found
from tests.benchmarks.prepared_server import served_api

# So long ago every event has begun: well within its intensive phase.
_BEGUN = timedelta(minutes=30)
_LATENCY = 0.2


class SideBySide:
    """One run of the comparison on a private PostgreSQL."""

    def __init__(self, console: Console, server: EmbeddedPostgres, folder: Path, found: Found) -> None:
        """Prepare it; what is found goes to `found`, whose sizes and contenders are those of the run."""
        self._console = console
        self._server = server
        self._folder = folder
        self._found = found

    def first_loads(self) -> None:
        """Measure the first load, as it is and at 200 ms a request."""
        sizes, found = self._found.sizes, self._found
        with self._hubs(sizes.events, sizes.athletes, sizes.athletes, splits=False) as (hubs, gauge):
            for number in range(sizes.rounds):
                for contender in self._turn(number):
                    self._load(hubs, gauge, contender, f"first load, round {number + 1}", found.loads)
                    hubs.compare(contender, sizes.events)
        with self._hubs(sizes.slow_events, sizes.athletes, sizes.athletes, splits=False) as (hubs, gauge):
            hubs.api.set(latency=_LATENCY)
            for contender in self._turn(0):
                self._load(hubs, gauge, contender, f"first load, {SLOW}", found.slow_loads)
                hubs.compare(contender, sizes.slow_events)

    def polls(self) -> None:
        """Measure polls of one event: as it is, at 200 ms a request, and among a million other results."""
        sizes = self._found.sizes
        with self._hubs(1, sizes.field, sizes.field // 2, splits=True) as (hubs, gauge):
            self._finishers = sizes.field // 2
            for contender in self._found.contenders:
                hubs.fresh(contender)
                contender.run(hubs.environment(contender), hubs.log(contender))
                hubs.settle(contender)
            self._by_commands(hubs, gauge, PLAIN, sizes.rounds)
            with self._kept(hubs) as kept:
                self._by_processes(hubs, gauge, kept, PLAIN, sizes.rounds)
                hubs.api.set(latency=_LATENCY)
                self._by_processes(hubs, gauge, kept, SLOW, 1)
            self._by_commands(hubs, gauge, SLOW, 1)
            hubs.api.set(latency=0)
            for contender in self._found.contenders:
                hubs.compare(contender, 1)
                self._say(contender, "other events come in")
                hubs.add_other_events(contender, sizes.others)
            self._by_commands(hubs, gauge, FULL, 1)
            with self._kept(hubs) as kept:
                self._by_processes(hubs, gauge, kept, FULL, 1)

    def many_events(self) -> None:
        """Measure the memory that this project's first load of many events takes."""
        sizes = self._found.sizes
        with self._hubs(sizes.many_events, sizes.athletes, sizes.athletes, splits=False) as (hubs, gauge):
            loads: dict[str, list[Spent]] = {}
            self._load(hubs, gauge, OURS, f"{sizes.many_events * sizes.athletes:,} results", loads)
            hubs.compare(OURS, sizes.many_events)
            self._found.memory = loads[OURS.key][0].memory

    def _load(
        self, hubs: Hubs, gauge: Gauge, contender: Contender, what: str, to: dict[str, list[Spent]]
    ) -> None:
        hubs.fresh(contender)
        spent = gauge.command(contender)
        to.setdefault(contender.key, []).append(spent)
        self._say(contender, what, spent)

    def _by_commands(self, hubs: Hubs, gauge: Gauge, setting: str, rounds: int) -> None:
        for number in range(rounds):
            for changes in (False, True):
                case = Case(setting, is_command=True, changes=changes)
                self._change(hubs, case)
                for contender in self._turn(number):
                    self._keep(case, contender, gauge.command(contender))

    def _by_processes(
        self, hubs: Hubs, gauge: Gauge, kept: Mapping[str, Kept], setting: str, rounds: int
    ) -> None:
        for number in range(rounds):
            for changes in (False, True):
                case = Case(setting, is_command=False, changes=changes)
                self._change(hubs, case)
                for contender in self._turn(number):
                    poll = partial(kept[contender.key].ask, "poll")
                    self._keep(case, contender, gauge.process(contender, poll))

    def _change(self, hubs: Hubs, case: Case) -> None:
        if case.changes:
            self._finishers += self._found.sizes.percent
            hubs.api.set(finishers=self._finishers)

    def _keep(self, case: Case, contender: Contender, spent: Spent) -> None:
        self._found.polls.setdefault(case, {}).setdefault(contender.key, []).append(spent)
        what = "1 % changed" if case.changes else "nothing changed"
        how = "as a command" if case.is_command else "in a process"
        self._say(contender, f"poll, {what}, {how}, {case.setting}", spent)

    @contextmanager
    def _kept(self, hubs: Hubs) -> Iterator[dict[str, Kept]]:
        """Lend a process of each contender that has found everything out and has polled since."""
        with ExitStack() as opened:
            kept = {}
            for contender in self._found.contenders:
                process = contender.kept(hubs.environment(contender), hubs.log(contender))
                kept[contender.key] = opened.enter_context(process)
                for word in ("load", "poll"):
                    kept[contender.key].ask(word)
                self._say(contender, "its process is warm")
            yield kept

    @contextmanager
    def _hubs(
        self, events: int, athletes: int, finishers: int, *, splits: bool
    ) -> Iterator[tuple[Hubs, Gauge]]:
        """Lend hubs for an API of that size, and their gauge; the databases go at the end."""
        start = datetime.now(UTC).replace(microsecond=0) - _BEGUN
        with served_api(start, events=events, athletes=athletes, finishers=finishers, splits=splits) as api:
            hubs = Hubs(self._server, self._folder, api)
            try:
                hubs.fresh(OURS)
                yield hubs, Gauge(hubs, OURS)
            finally:
                for contender in self._found.contenders:
                    hubs.drop(contender)

    def _turn(self, number: int) -> list[Contender]:
        """Return the contenders of a round, who take turns at being the first."""
        first = number % len(self._found.contenders)
        return [*self._found.contenders[first:], *self._found.contenders[:first]]

    def _say(self, contender: Contender, what: str, spent: Spent | None = None) -> None:
        took = f": {spent.wall:.2f} s, {spent.cpu:.2f} s of CPU" if spent else ""
        self._console.print(f"{contender.name}, {what}{took}", markup=False)
