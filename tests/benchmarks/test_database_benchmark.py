"""The benchmark of the database at production size, very small: that it runs and says what it has to."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from database.queries import all_queries
from tests.acceptance.conftest import ROOT
from tests.benchmarks.questions import QUESTIONS

# Where there are many rows, and so a plan that matters.
LARGE = re.compile(r"\b(ct_events|ct_participants|ct_results|ct_live_\w+|sync_history)\b")


def test_the_benchmark_ends_well_and_reports_every_question(benchmark_state, tmp_path):
    report = tmp_path / "report.md"
    command = [sys.executable, "-m", "tests.benchmarks.production_size"]

    done = subprocess.run(
        [*command, "--scale", "0.002", "--report", str(report)],
        env=os.environ | {"CHRONOTRACK_LIVE_STATE": str(benchmark_state)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout
    text = report.read_text(encoding="utf-8")
    for happening in ("Quiet hours", "The migration", "The rollback"):
        assert f"### {happening}: " in text
    for question in QUESTIONS:
        assert f"| {question.asker} | `{question.statement}` |" in text
        assert f"<summary>{question.asker}: {question.statement}, " in text


def test_every_query_that_reads_a_large_table_is_a_question_of_the_benchmark():
    queries = all_queries().items()
    reads = {name for name, text in queries if text.startswith(("SELECT", "WITH")) and LARGE.search(text)}

    assert "live_events" in reads
    assert reads - {question.statement for question in QUESTIONS} == set()
