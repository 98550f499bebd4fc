"""This project, dlt and a bare reference side by side, and a race day.

    python -m tests.benchmarks.peers.bench [--rounds 3] [--minutes 5] [--report FILE]

`make bench` installs dlt beforehand; where it is missing, the others are compared.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import click
from rich.console import Console

from database.connection import driver_errors
from database.embedded import EmbeddedPostgres
from database.settings import DatabaseSettings
from database.state_folder import make_folder, state_folder
from providers.terminal import one_clear_line
from tests.benchmarks import race_day
from tests.benchmarks.host import rows
from tests.benchmarks.peers.contenders import DLT_PYTHON, ROOT, there
from tests.benchmarks.peers.measured import Found, Sizes
from tests.benchmarks.peers.report import markdown, plot
from tests.benchmarks.peers.side_by_side import SideBySide
from tests.benchmarks.race_day_report import Day
from tests.benchmarks.race_day_stage import only_benchmark

_REPORT = ROOT / "docs" / "benchmarks.md"
_PLOT = Path("benchmarks") / "side_by_side.svg"
_DAY = {"events": 100, "partners": 13, "athletes": 2000, "interval": 90.0}


@click.command(name="bench")
@click.option(
    "--rounds", type=click.IntRange(1, 20), default=3, show_default=True, help="Of loads and polls."
)
@click.option(
    "--scale",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of the sizes; a whole run only is a measurement.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, 240),
    default=5,
    show_default=True,
    help="Measured of the race day; 0 leaves it out.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_REPORT,
    help="Where the report goes; its plot goes into a folder beside it.  [default: docs/benchmarks.md]",
)
def command(*, rounds: int, scale: float, minutes: float, report: Path) -> None:
    """Measure this project beside what one would use instead; a goal that is missed is said in the report.

    Touches no database that is configured. Linux only.
    """
    console = Console(soft_wrap=True, highlight=False)
    with one_clear_line(), driver_errors():
        options = " ".join(sys.argv[1:])
        said = f"python -m tests.benchmarks.peers.bench {options}" if options else "make bench"
        found = Found(Sizes.of(scale, rounds), there(), said)
        begun = time.monotonic()
        _compare(console, found)
        if minutes:
            found.race_day = race_day.run(console, Day(**_DAY, seconds=minutes * 60))
        found.seconds = time.monotonic() - begun
        (report.parent / _PLOT).parent.mkdir(parents=True, exist_ok=True)
        (report.parent / _PLOT).write_text(plot(found), encoding="utf-8")
        report.write_text(markdown(found, _PLOT.as_posix()), encoding="utf-8")
        console.print(f"Report: {report}")


def _compare(console: Console, found: Found) -> None:
    source = DatabaseSettings.from_env(os.environ).postgres_source
    with only_benchmark(state_folder(os.environ)) as folder, EmbeddedPostgres(folder, source) as server:
        make_folder(folder / "side_by_side")
        [settings] = rows(server.dsn("postgres"), "server")
        found.server, found.versions = settings, _versions(found)
        comparison = SideBySide(console, server, folder / "side_by_side", found)
        comparison.first_loads()
        comparison.polls()
        comparison.many_events()


def _versions(found: Found) -> dict[str, str]:
    versions = {"this project": version("project88-chronotrack-live"), "Python": sys.version.split()[0]}
    if any(contender.is_dlt for contender in found.contenders):
        asked = [DLT_PYTHON, "-c", "from importlib.metadata import version; print(version('dlt'))"]
        versions["dlt"] = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    return versions


if __name__ == "__main__":
    command()
