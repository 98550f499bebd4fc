"""Everything that may break is broken, again and again, and what the database holds compared with the truth.

    python -m tests.soak [--seed SEED] [--only SCENARIO] [--report FILE]

Each scenario plays its faults one after the other, two scenarios side by side, each fault with a database, an
API and processes of its own; see `stage.py`. What is drawn follows from the seed. The report is
docs/reliability.md.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType

import click
from filelock import FileLock, Timeout
from rich.console import Console

from database.embedded import EmbeddedPostgres
from database.opening import drop_database
from database.settings import DatabaseSettings
from database.state_folder import make_folder, state_folder
from providers.errors import SettingsInvalid
from providers.exit_codes import SOMETHING_FAILED
from providers.terminal import one_clear_line
from tests.soak import (
    broken_api,
    broken_database,
    failing_api,
    full_disk,
    hostile_rows,
    killed_backfill,
    killed_daemon,
    killed_postgres,
)
from tests.soak.playing import Played, play
from tests.soak.report import markdown, verdict
from tests.soak.stage import Stage, migrated
from tests.soak.trial import Trial

# Each has a function `trials`; its name is the module's.
SCENARIOS: tuple[ModuleType, ...] = (
    broken_api,
    broken_database,
    failing_api,
    hostile_rows,
    killed_daemon,
    killed_backfill,
    killed_postgres,
    full_disk,
)
_NAMES = [scenario.__name__.rpartition(".")[2] for scenario in SCENARIOS]
_REPORT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
_OURS = ("PG", "CHRONOTRACK_LIVE_", "DATABASE_URL")
_TEMPLATE = "soak_template"
_SHOWN = 10
# Most of a scenario is waiting.
_SIDE_BY_SIDE = 2


@click.command(name="soak")
@click.option("--seed", type=int, help="Draw what was drawn with this seed.  [default: a new one]")
@click.option("--only", multiple=True, type=click.Choice(_NAMES), help="Play only this; may be repeated.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the report goes.  [default: docs/reliability.md when everything is played]",
)
def command(*, seed: int | None, only: tuple[str, ...], report: Path | None) -> None:
    """Break everything that may break; exit 1 when anything was not as promised.

    Touches no database that is configured.
    """
    console = Console(soft_wrap=True, highlight=False)
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    scenarios = [
        scenario for scenario, name in zip(SCENARIOS, _NAMES, strict=True) if name in (only or _NAMES)
    ]
    with one_clear_line():
        console.print(f"Seed {seed}")
        began = time.monotonic()
        played = _play(console, scenarios, seed)
        report = report or (None if only else _REPORT)
        if report:
            report.write_text(markdown(played, seed, time.monotonic() - began), encoding="utf-8")
            console.print(f"Report: {report}")
    trials = [trial for each in played for trial in each.trials]
    console.print(verdict(trials).replace("**", ""))
    sys.exit(SOMETHING_FAILED if any(trial.wrong for trial in trials) else 0)


def _play(console: Console, scenarios: list[ModuleType], seed: int) -> list[Played]:
    """Play scenarios, and say of each trial what came of it.

    Raises:
        SettingsInvalid: another soak runs on this state folder, or no PostgreSQL is to be had.
    """
    state = state_folder(os.environ)
    source = DatabaseSettings.from_env(os.environ).postgres_source
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        del os.environ[name]
    # A proxy that the environment names is not for the simulator.
    os.environ["NO_PROXY"] = "127.0.0.1"
    folder = state / "soak"
    make_folder(folder)
    try:
        lock = FileLock(state / "soak.lock", timeout=0).acquire()
    except Timeout:
        raise SettingsInvalid(
            f"Another soak is running on {state}: wait for it, or set another CHRONOTRACK_LIVE_STATE."
        ) from None
    with lock, EmbeddedPostgres(folder, source) as server:
        shutil.rmtree(folder / "scenes", ignore_errors=True)
        drop_database(server.dsn("postgres"), _TEMPLATE)
        migrated(server, _TEMPLATE)
        stage = Stage(server, _TEMPLATE, folder / "scenes", seed)
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as players:
            return list(
                players.map(lambda scenario: play(scenario, stage, partial(_tell, console)), scenarios)
            )


def _tell(console: Console, trial: Trial) -> None:
    if trial.not_tried:
        console.print(f"{trial.fault}: not tried: {trial.not_tried}")
        return
    console.print(
        f"{trial.fault}: struck {trial.struck:,} times, {len(trial.wrong)} wrong, {trial.seconds:.0f} s"
    )
    for sentence in trial.wrong[:_SHOWN]:
        console.print(f"  {sentence[:400]}", style="bold red", markup=False)


if __name__ == "__main__":
    command()
