"""The benchmark of the scheduler, with few events and an interval of seconds: that it says what it has to."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.acceptance.conftest import ROOT

# How a number looks, with what it may be a number of.
NUMBER = r"[\d,.]+( ms| s| %)?"


def test_the_benchmark_of_a_race_day_reports_every_number(benchmark_state, tmp_path):
    report = tmp_path / "report.md"
    command = [sys.executable, "-m", "tests.benchmarks.race_day", "--events", "20", "--partners", "2"]

    done = subprocess.run(
        [*command, "--interval", "5", "--minutes", "0.33", "--report", str(report)],
        env=os.environ | {"CHRONOTRACK_LIVE_STATE": str(benchmark_state)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )

    # 1 says that a promise was broken, which a busy machine may have brought about.
    assert done.returncode in (0, 1), done.stdout + done.stderr
    text = report.read_text(encoding="utf-8")
    instants = [f"{name}, {part}" for name in ("freshness", "lateness") for part in ("p50", "p99", "maximum")]
    connections = ("connections", "connections to the API", "connections to the database", "threads")
    for name in (*instants, "requests of a partner in 60 s", *connections):
        assert re.search(rf"^\| {name} \|[^|]*\| {NUMBER} \|", text, re.MULTILINE), name
    for who in ("the daemon", "PostgreSQL", "the API", "everybody else on the machine"):
        assert re.search(rf"^\| {who} \| {NUMBER} \| {NUMBER} \|$", text, re.MULTILINE), who
    assert re.search(r"^\| results \| completed \| [1-9]", text, re.MULTILINE)
    for name in ("Collections due", "Failures", "Requests", "Rows written", "Load average at the end"):
        assert re.search(rf"{name}: {NUMBER}", text), name
    assert re.search(r"resident memory: [1-9]\d* MiB", text)
