"""What `make lint` makes of pip-audit's report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.audit import judge

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/audit.py"
FLAW = {"id": "PYSEC-2026-1", "fix_versions": ["2.0.1"], "aliases": [], "description": "It leaks."}
SOUND = {"name": "click", "version": "8.2.0", "vulns": []}
UNKNOWN = {"name": "made-here", "skip_reason": "Dependency not found on PyPI"}


def report(*packages):
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_known_vulnerability_fails_and_names_the_package_and_what_mends_it():
    flawed = {
        "name": "requests",
        "version": "2.0.0",
        "vulns": [FLAW, FLAW | {"id": "GHSA-x", "fix_versions": []}],
    }

    verdict = judge(report(SOUND, flawed, UNKNOWN))

    assert not verdict.is_well
    assert verdict.said.splitlines() == [
        "pip-audit: requests 2.0.0 has PYSEC-2026-1; raise it to 2.0.1",
        "pip-audit: requests 2.0.0 has GHSA-x; no version without it is known",
    ]


def test_what_was_asked_about_is_counted_and_what_pypi_does_not_know_is_not():
    verdict = judge(report(SOUND, UNKNOWN))

    assert (verdict.is_well, verdict.said) == (
        True,
        "pip-audit: no known vulnerability in what PyPI knows, 1 of 2 packages",
    )


@pytest.mark.parametrize("said", ["", "<html>", report(), report(UNKNOWN)])
def test_where_pypi_tells_nothing_one_line_says_that_nobody_was_asked(said):
    verdict = judge(said)

    assert verdict.is_well
    assert verdict.said == "pip-audit: skipped, PyPI's list of vulnerabilities could not be read"


def test_without_a_network_the_audit_is_skipped_and_all_is_well():
    nowhere = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    audit = subprocess.run(
        [sys.executable, SCRIPT],
        env={name: value for name, value in os.environ.items() if name.lower() != "no_proxy"} | nowhere,
        capture_output=True,
        text=True,
    )

    assert (audit.returncode, audit.stderr) == (0, "")
    assert audit.stdout == "pip-audit: skipped, PyPI's list of vulnerabilities could not be read\n"
