"""The database at production size: who waits for the migration, and what each question takes after it.

    python -m tests.benchmarks.production_size [--scale 0.01] [--report FILE]

12,900 events, 2.4 million participants and 7.6 million results of TCP are built on a private PostgreSQL.
While others write and read there, the schema extension is applied; seven months of live rows come in; every
statement of the scheduler and every view is asked; and while others write, all is taken out again.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from filelock import FileLock, Timeout
from rich.console import Console

from database import migrate
from database.connection import Database, driver_errors
from database.embedded import EmbeddedPostgres
from database.settings import DatabaseSettings
from database.state_folder import make_folder, state_folder
from providers.errors import SettingsInvalid
from providers.exit_codes import SOMETHING_FAILED
from providers.terminal import one_clear_line
from tests.benchmarks.asking import ask_all
from tests.benchmarks.host import Host, add_live_rows, build, copied, is_built, rows
from tests.benchmarks.report import Measured, markdown
from tests.benchmarks.traffic import Observed, observe

_ROOT = Path(__file__).resolve().parents[2]
_REPORT = _ROOT / "docs" / "benchmarks" / "database.md"
_ROLLBACK = migrate.EXTENSION.with_name("chronotrack_live_rollback.sql")
# Production has five providers before this one: id 1 is RunSignUp's.
_PROVIDER_ID = 14
# How long the traffic is watched with nothing else going on, at production's size.
_QUIET_SECONDS = 30.0


@click.command(name="production_size")
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True, max=1),
    default=1.0,
    show_default=True,
    help="The share of production's size.",
)
@click.option(
    "--shape", type=click.Choice(["M", "C"]), default="M", show_default=True, help="The host's tables."
)
@click.option("--bare", is_flag=True, help="A host without indexes on event_id.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_REPORT,
    help="Where the report goes.  [default: docs/benchmarks/database.md]",
)
def command(*, scale: float, shape: str, bare: bool, report: Path) -> None:
    """Measure the integration's SQL on a database of production's size; exit 1 when a writer had to wait.

    No writer's statement may take longer than a second. Touches no database that is configured.
    """
    console = Console(soft_wrap=True, highlight=False)
    with one_clear_line(), driver_errors():
        measured = run(console, Host(shape, bare, scale))
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(markdown(measured), encoding="utf-8")
        faults = measured.faults()
        for answer in measured.slow():
            console.print(f"{answer.question.statement} takes {answer.median * 1000:,.0f} ms")
        for fault in faults:
            console.print(fault, style="bold red", markup=False)
        console.print(f"Report: {report}")
        sys.exit(SOMETHING_FAILED if faults else 0)


def run(console: Console, host: Host) -> Measured:
    """Build the hub unless an earlier run has, and measure a copy of it.

    Raises:
        SettingsInvalid: another benchmark runs on this state folder, or no PostgreSQL is to be had.
    """
    source = DatabaseSettings.from_env(os.environ).postgres_source
    with _only_benchmark(state_folder(os.environ)) as folder, EmbeddedPostgres(folder, source) as server:
        console.print(
            f"Private PostgreSQL in {folder}. The hub that is built there stays for the next run; "
            "remove that folder to have its disk space back."
        )
        if not is_built(server, host):
            with _step(
                console, f"Building the hub: shape {host.shape}, {host.scale:g} times production's size"
            ):
                build(server, host)
        with copied(server, host) as dsn:
            return _measure(console, host, dsn)


def _measure(console: Console, host: Host, dsn: str) -> Measured:
    before = rows(dsn, "row_counts")
    quiet = max(1.0, _QUIET_SECONDS * host.scale)
    observed = [_observe(console, dsn, "quiet hours", lambda: time.sleep(quiet))]
    observed.append(_observe(console, dsn, "the migration", lambda: _apply(dsn, migrate.EXTENSION)))
    with _step(console, "Seven months of live rows"):
        add_live_rows(dsn, host)
    after, server = rows(dsn, "row_counts"), rows(dsn, "server")[0]
    with _step(console, "Questions"):
        answers = ask_all(dsn)
    observed.append(_observe(console, dsn, "the rollback", lambda: _apply(dsn, _ROLLBACK)))
    command = f"python -m tests.benchmarks.production_size {' '.join(sys.argv[1:])}".strip()
    return Measured(host, command, server, before, after, observed, answers)


def _apply(dsn: str, script: Path) -> None:
    migrate.apply(Database(dsn), script, _PROVIDER_ID)


def _observe(console: Console, dsn: str, what: str, happening: Callable[[], None]) -> Observed:
    with _step(console, f"Others at work during {what}"):
        return observe(dsn, what, happening)


@contextmanager
def _step(console: Console, doing: str) -> Iterator[None]:
    """Show what is being done, and say how long it took."""
    begun = time.monotonic()
    if not console.is_terminal:
        console.print(f"{doing} ...")
    with console.status(f"{doing} ..."):
        yield
    console.print(f"{doing}: {time.monotonic() - begun:.1f} s")


@contextmanager
def _only_benchmark(state: Path) -> Iterator[Path]:
    """Hold the benchmark's own folder against a second one, whose work would be measured as well."""
    folder = state / "benchmark"
    make_folder(folder)
    try:
        with FileLock(state / "benchmark.lock", timeout=0):
            yield folder
    except Timeout:
        raise SettingsInvalid(
            f"Another benchmark is running on {state}: wait for it, or set another CHRONOTRACK_LIVE_STATE."
        ) from None


if __name__ == "__main__":
    command()
