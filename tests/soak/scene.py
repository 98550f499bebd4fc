"""A scene: a fresh database, an API behind a proxy, our processes, and whether all is as promised."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Self

import psycopg2
from psycopg2.extensions import make_dsn
from psycopg2.extras import RealDictCursor

from providers.child_process import tied_to_us
from providers.chronotrack_live.simulator.archive import Archive
from providers.chronotrack_live.simulator.process import SimulatorProcess
from providers.clock import Clock
from tests.soak.api import Api, Expected, Race
from tests.soak.neighbours import Neighbours, move_in
from tests.soak.partners import add_partner
from tests.soak.promises import over_budget, tracebacks, unreasoned
from tests.soak.secrets import DATABASE_PASSWORD, forms_of, told
from tests.soak.trial import Trial
from tests.soak.truth import differences, doubles, key_of

_ROOT = Path(__file__).resolve().parents[2]
# The daemon's clock. An interval takes a second; the 5 minutes after which an entry list or a discovery that
# failed is tried again take ten.
SPEED = 30.0
_RHYTHM = {
    "CHRONOTRACK_LIVE_INITIAL_DELAY_MINUTES": "0",
    "CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS": "30",
    "CHRONOTRACK_LIVE_INTENSIVE_DURATION_HOURS": "24",
}
# On the real clock, on which a budget holds to the request, a poll may be as frequent.
IN_REAL_TIME = {"CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS": "2"}
# When the daemon starts, all races of the simulator's morning have begun by its clock, so that it collects
# them. The simulator has a clock of its own, on which that morning passes within seconds.
_BEGUN = timedelta(minutes=45)
_MORNING = timedelta(hours=9)
_COMING_UP = timedelta(seconds=1.5)
# How many run the largest race, and real seconds in which the morning passes.
_RACE, _SHORT_RACE = (200, 8.0), (60, 4.0)
# An API that does not answer is given up so soon, in seconds, and a statement, in milliseconds.
_TIMEOUT, _STATEMENT_TIMEOUT = 2.0, 5_000
_PER_MINUTE = 1500
# So many real seconds after nothing is broken any more the database is to equal the truth, and so many after
# it was told to, a process is to end.
PATIENCE, _FAREWELL = 150.0, 60.0
_LOOKS_EVERY = 0.2

# The partners that had an event's results collected after an entry of the history.
_POLLED_SINCE = """
    SELECT DISTINCT timing_partner_id FROM sync_history
    WHERE sync_history_id > %s AND sync_type = 'results' AND status IN ('completed', 'partial')
"""


class Scene:
    """A context manager: inside, processes may be started; at its end they are killed.

    Attributes:
        folder: what our processes write goes here: logs, state.
        dsn: the database, as its owner reaches it.
        daemon_dsn: as our processes do.
        dice: the scene's own.
        wrong: a sentence for each thing that was not as promised.
        own: the keys of the events that are to be there in the end; all other rows are somebody else's.
    """

    def __init__(self, dsn: str, folder: Path, dice: Random, *, is_short: bool = False) -> None:
        self.folder = folder
        self.dsn = dsn
        self.daemon_dsn = make_dsn(
            dsn,
            user="chronotrack_live",
            password=DATABASE_PASSWORD,
            options=f"-c statement_timeout={_STATEMENT_TIMEOUT}",
        )
        self.dice = dice
        self.wrong: list[str] = []
        self.own: list[str] = []
        self._is_short = is_short
        self._began = time.monotonic()
        self._opened = ExitStack()
        self._api: Api | None = None
        self._partners: list[int] = []
        self._limit = _PER_MINUTE
        self._clock = Clock()
        self._neighbours: Neighbours | None = None
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        self._opened.close()

    # What there is ----------------------------------------------------------------------------------

    def query(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """Ask the database as its owner, past our own code; after a kill, until the server answers."""
        deadline = time.monotonic() + _FAREWELL
        while True:
            try:
                return self._asked(statement, values)
            except psycopg2.OperationalError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_LOOKS_EVERY)

    def _asked(self, statement: str, values: tuple[object, ...]) -> list[dict[str, Any]]:
        with closing(psycopg2.connect(self.dsn)) as connection:
            connection.autocommit = True
            with connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(statement, values or None)
                return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    def simulate(self, **how: Any) -> Race:
        """Start a simulated API whose races are run within seconds from now.

        `how` is as the simulator has it: variants, faults.
        """
        athletes, seconds = _SHORT_RACE if self._is_short else _RACE
        now = datetime.now(UTC)
        start = (now - _BEGUN).replace(microsecond=0)
        clock = Clock.running(now + _COMING_UP, (start, _MORNING.total_seconds() / seconds))

        def simulator(**how: Any) -> SimulatorProcess:
            made = SimulatorProcess(race_start=start, athletes=athletes, clock=clock, **how)
            return self._opened.enter_context(made)

        def healthy() -> SimulatorProcess:
            return simulator(**how | {"faults": ()})

        over = clock.wall(start + _MORNING)
        return self._opened.enter_context(Race(simulator(**how), 2, self.dice, over, healthy))

    def simulate_archive(self, archive: Archive, **how: Any) -> Race:
        """Start a simulated API with many events of the past."""
        now = datetime.now(UTC).replace(microsecond=0)
        simulator = SimulatorProcess(race_start=now - timedelta(hours=1), archive=archive, **how)
        self._opened.enter_context(simulator)
        race = Race(simulator, archive.partners, self.dice, over=now, healthy=lambda: simulator)
        return self._opened.enter_context(race)

    def lead_to(self, address: str, accounts: int = 2) -> Api:
        """Open the way to an API of another kind, as http://127.0.0.1:PORT/api."""
        return self._opened.enter_context(Api(address, accounts, self.dice))

    def add_partners(self, api: Api, auth: str = "basic", rate_limit: int = _PER_MINUTE) -> None:
        """Add a timing partner for each account of an API, from id 1 on, with credentials for it.

        Beside a race's partners live neighbours who have the same ids.

        Args:
            api: where they are sent.
            auth: how they prove themselves.
            rate_limit: how many requests each may make in 60 seconds.
        """
        self._api, self._limit = api, rate_limit
        self._partners = list(range(1, len(api.accounts) + 1))
        config = {"base_url": api.base_url, "timeout": _TIMEOUT, "rate_limit": rate_limit, "auth": auth}
        for account in api.accounts:
            add_partner(self.query, account, config)
        if isinstance(api, Race):
            move_in(self.query, api.shared, tcp=api.by_tcp)

    # Our processes ----------------------------------------------------------------------------------

    def start_daemon(self, clock: Clock | None = None, **settings: str) -> subprocess.Popen[bytes]:
        """Start the scheduler, in the scene's rhythm and on its fast clock unless it is told otherwise.

        What was in the database before the first process is from here on what nobody may touch.
        """
        now = datetime.now(UTC)
        self._clock = clock or (self._clock if str(self._clock) else Clock.running(now, (now, SPEED)))
        rhythm = _RHYTHM | {"CHRONOTRACK_LIVE_CLOCK": str(self._clock)}
        return self._started("schedulers/chronotrack_live_scheduler.py", ("--verbose",), rhythm | settings)

    def start_backfill(self, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a backfill, which asks nobody."""
        return self._started("backfill/chronotrack_live_backfill.py", ("--yes", *arguments), settings)

    def logs(self) -> str:
        """Return all that our processes have said until now."""
        files = sorted(self.folder.glob("*.log"))
        return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)

    def _started(
        self, script: str, arguments: tuple[str, ...], settings: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        if self._neighbours is None:
            self._neighbours = Neighbours(self.query)
        environ = {
            "DATABASE_URL": self.daemon_dsn,
            "CHRONOTRACK_LIVE_STATE": str(self.folder / "state"),
            "NO_PROXY": "127.0.0.1",
        }
        with (self.folder / f"{len(self._processes):03}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(_ROOT / script), *arguments],
                env=os.environ | environ | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=tied_to_us(signal.SIGKILL),
            )
        self._processes.append(process)
        return process

    # What is promised -------------------------------------------------------------------------------

    def wait_until(self, condition: Callable[[], object], patience: float = PATIENCE) -> bool:
        """Wait for something; return whether it came about in so many seconds."""
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOKS_EVERY)
        return True

    def go_on(self, api: Race, struck: Callable[[], int], enough: int) -> None:
        """Wait until a race is over and it has struck often enough; `trial` says when it never did."""
        self.wait_until(lambda: api.is_over() and struck() >= enough)

    def demand_waits(self) -> None:
        """Wait until a request had to wait for its partner's budget; else that was not tried."""
        if not self.wait_until(lambda: self.waits):
            self.wrong.append("the budget was never spent, so it was not tried")

    def settle(self, daemon: subprocess.Popen[bytes], api: Race) -> None:
        """Wait until the database equals the truth, by a daemon that goes on, end that, and compare again."""
        [begin] = self.query("SELECT coalesce(max(sync_history_id), 0) AS last FROM sync_history")

        def is_settled() -> bool:
            polled = self.query(_POLLED_SINCE, begin["last"])
            return len(polled) == len(api.accounts) and not self.differences(api.collected)

        self.wait_until(lambda: daemon.poll() is not None or is_settled())
        self.end(daemon)
        self.compare(api.collected)

    def end(self, daemon: subprocess.Popen[bytes]) -> None:
        """Look whether a daemon lives, and end it as systemd would."""
        if daemon.poll() is not None:
            self.wrong.append(f"the daemon had ended by itself, with exit code {daemon.returncode}")
            return
        daemon.send_signal(signal.SIGTERM)
        try:
            if daemon.wait(_FAREWELL) != 0:
                self.wrong.append(f"the daemon ended with exit code {daemon.returncode}")
        except subprocess.TimeoutExpired:
            self.wrong.append(f"the daemon did not end within {_FAREWELL:.0f} seconds")

    def compare(self, expected: Expected) -> None:
        """Compare the partners' live rows with what they are to be in the end."""
        self.own = [key_of(partner, truth["event_id"]) for partner, truth in expected]
        self.wrong += self.differences(expected)

    def differences(self, expected: Expected) -> list[str]:
        """Return a sentence for each difference between the partners' live rows and what they are to be."""
        return differences(self.query, self._partners, expected)

    @property
    def waits(self) -> int:
        """How often a request has waited for its partner's budget."""
        return self.logs().count("budget.waited")

    def trial(self, fault: str, struck: int, enough: int, *, of_rows: bool = False) -> Trial:
        """Look at what is promised of every scene, once its processes have ended, and return what came of it.

        That nothing is there twice, none of somebody else's rows touched or added, no budget exceeded, no
        secret told, nothing but a log's lines said, and that the fault struck often enough.
        """
        self.wrong += doubles(self.query)
        neighbours = self._neighbours
        self.wrong += neighbours.touched(self.own, self._partners) if neighbours else ["nothing was started"]
        if self._api:
            self.wrong += over_budget(self._api.log, self._limit, self._clock)
            forms = forms_of(self._api.accounts) | self._api.log.credentials
            self.wrong += told(self.folder, self.query, forms)
        self.wrong += tracebacks(self.logs())
        self.wrong += unreasoned(self.query)
        if struck < enough:
            self.wrong.append(f"it struck {struck:,} times, and was to strike {enough:,} times")
        [rejected] = self.query("SELECT count(*) FROM ct_live_rejected_rows")
        took = time.monotonic() - self._began
        return Trial(fault, struck, rejected["count"], tuple(self.wrong), took, self.waits, of_rows=of_rows)
