"""The comparison with what one would use instead, very small: that it measures each, and says so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from xml.etree import ElementTree

from tests.acceptance.conftest import ROOT
from tests.benchmarks.peers.contenders import CONTENDERS, there

NUMBER = r"[\d,.]+"


def test_the_comparison_measures_everybody_who_is_there(benchmark_state, tmp_path):
    report = tmp_path / "benchmarks.md"
    command = [sys.executable, "-m", "tests.benchmarks.peers.bench"]

    done = subprocess.run(
        [*command, "--scale", "0.01", "--rounds", "1", "--minutes", "0", "--report", str(report)],
        env=os.environ | {"CHRONOTRACK_LIVE_STATE": str(benchmark_state)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    text = report.read_text(encoding="utf-8")
    drawn = "".join(ElementTree.parse(tmp_path / "benchmarks" / "side_by_side.svg").getroot().itertext())
    for contender in CONTENDERS:
        took_part = contender in there()
        # Two tables of the first load, and six of the polls with two lines each.
        lines = re.findall(rf"^\| {contender.name} \|(?: \w[\w %]* \|)? {NUMBER} \|", text, re.MULTILINE)
        assert len(lines) == (14 if took_part else 0), contender.name
        assert (contender.name in drawn) is took_part
    assert re.search(rf"^\| memory, the most of all cases \| < 150 MB \| {NUMBER} MB \|", text, re.MULTILINE)
    assert re.search(
        r"^\| poll, nothing changed, as a command: rows written \| 0 \| 0 \| met \|", text, re.MULTILINE
    )
    assert ("`make bench` installs it" in text) is (there() != list(CONTENDERS))
