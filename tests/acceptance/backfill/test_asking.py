"""What the command asks of the operator, and what it refuses before anything is done."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from providers.chronotrack_live.simulator.archive import Archive
from tests.acceptance.conftest import ROOT


@pytest.fixture(autouse=True)
def _partners(open_archive, add_partners):
    add_partners(open_archive(Archive(3, 42)), 3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--days", 10, "--since", "2026-01-01"), "--days goes with neither --since nor --until"),
        (("--days", 10, "--until", "2026-01-01"), "--days goes with neither --since nor --until"),
        (("--since", "2026-02-01", "--until", "2026-01-01"), "No event can start from 2026-02-01"),
        (("--since", "tomorrow"), "write 2026-04-20 or 2026-04-20T14:00, in UTC, not 'tomorrow'"),
        (("--since", "0001-01-01T00:00+14:00"), "write 2026-04-20 or 2026-04-20T14:00"),
        (("--until", "9999-12-31T23:59-14:00"), "write 2026-04-20 or 2026-04-20T14:00"),
        (("--share", "nan"), "nan is no number to reckon with"),
        (("--api-delay", "nan"), "nan is no number to reckon with"),
        (("--api-delay", "inf"), "inf is not in the range"),
        (("--timing-partner-id", 0), "0 is not in the range"),
        (("--timing-partner-id", 2**31), "2147483648 is not in the range"),
        (("--event", ""), "name an event by its API id"),
        (("--event", "ctlive:7:91649"), "write --event 91649 --timing-partner-id 7"),
        (("--record", ""), "'' is no name"),
        (("--json", "-"), "'-' is no name"),
        (("--days", 2), "the last 72 hours are the scheduler's"),
        (("--share", 0), "0.0 is not in the range"),
        (("--limit-events", 0), "0 is not in the range"),
        (("--json", "nowhere/report.json"), "cannot be written"),
        (("--timing-partner-id", 99), "None of the timing partners [99] has credentials"),
        (("--timing-partner-id", 1, "--timing-partner-id", 99), "Without credentials: timing partner 99"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_what_cannot_go_well_is_refused_before_anything_is_done(run, everything, arguments, said):
    before = everything()

    done = run("backfill", "--yes", *arguments)

    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert everything() == before


def test_a_report_to_the_standard_output_stands_at_its_end(run):
    done = run("backfill", "--limit-events", 1, "--api-delay", 0, "--json", "/dev/stdout")

    assert done.returncode == 0
    assert '"exit_code": 0' in done.stdout
    assert done.stdout.rstrip().endswith("}")
    assert Path("/dev/stdout").is_symlink()


@pytest.mark.parametrize("reader", ["gone", "full"])
def test_a_run_goes_on_when_nobody_reads_what_it_says(environment, tmp_path, query, reader):
    if reader == "full":
        ours = os.open("/dev/full", os.O_WRONLY)
    else:
        theirs, ours = os.pipe()
        os.close(theirs)
    script = ROOT / "backfill" / "chronotrack_live_backfill.py"

    done = subprocess.run(
        [sys.executable, script, "--limit-events", "12", "--api-delay", "0", "--json", "report.json"],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=ours,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(ours)

    assert done.returncode == 0
    assert done.stderr.count("stdout cannot be written any more") == 1
    assert done.stderr.count("\n") == 1
    assert '"exit_code": 0' in (tmp_path / "report.json").read_text(encoding="utf-8")
    assert query("SELECT count(*) AS n FROM ct_events") == [{"n": 12}]


def test_in_a_pipe_a_run_over_everything_wants_to_be_told_yes(run, everything):
    before = everything()

    done = run("backfill")

    assert done.returncode == 2
    assert "add --yes" in done.stderr
    assert everything() == before


@pytest.mark.parametrize("bound", [("--limit-events", 1), ("--dry-run", "--limit-events", 1)])
def test_a_run_with_a_bound_asks_nothing(run, bound):
    done = run("backfill", *bound, "--verbose", "--api-delay", 0)

    assert done.returncode == 0


@pytest.fixture
def on_terminal(environment):
    """Runs a backfill by path on a terminal of its own; returns the exit code and all that is shown."""

    def run_there(*arguments, answer=b""):
        ours, theirs = pty.openpty()
        script = ROOT / "backfill" / "chronotrack_live_backfill.py"
        process = subprocess.Popen(
            [sys.executable, str(script), *map(str, arguments)],
            env=environment | {"TERM": "xterm", "COLUMNS": "150", "LINES": "40"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            close_fds=True,
        )
        os.close(theirs)
        os.write(ours, answer)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # its end
                break
        os.close(ours)
        return process.wait(60), shown.decode()

    return run_there


def test_on_a_terminal_it_asks_and_shows_how_far_it_is(on_terminal, query):
    code, shown = on_terminal(
        "--api-delay",
        0.01,
        *("--timing-partner-id", 1, "--timing-partner-id", 2, "--timing-partner-id", 3),
        answer=b"y\n",
    )

    assert code == 0
    assert "Import all events of timing partner 1, 2, 3 from" in shown
    for heading in ("partners", "events", "athletes", "rows/s", "requests left", "errors", "to go"):
        assert heading in shown
    assert "│ all" in shown
    assert query("SELECT count(*) > 15 AS many FROM ct_events") == [{"many": True}]


def test_whoever_answers_no_gets_nothing(on_terminal, everything):
    before = everything()

    code, shown = on_terminal(answer=b"n\n")

    assert code == 2
    assert "Nothing was imported." in shown
    assert everything() == before


def test_a_report_is_written_whole_or_not_at_all(run, tmp_path):
    (tmp_path / "taken").mkdir()
    refused = run("backfill", "--yes", "--json", tmp_path / "taken")

    assert refused.returncode == 2
    done = run("backfill", "--limit-events", 1, "--api-delay", 0, "--json", "report.json")
    assert done.returncode == 0
    assert [path.name for path in Path(tmp_path).glob("*report.json*")] == ["report.json"]
