"""What `make lint` makes of pip-audit's report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.audit import Answer, judge

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/audit.py"
FLAW = {"id": "PYSEC-2026-1", "fix_versions": ["2.0.1"], "aliases": [], "description": "It leaks."}
SOUND = {"name": "click", "version": "8.2.0", "vulns": []}
UNKNOWN = {"name": "made-here", "skip_reason": "Dependency not found on PyPI"}


SKIPPED = "pip-audit: skipped, PyPI's list of vulnerabilities could not be read"


def report(*packages, status=0):
    return Answer(json.dumps({"dependencies": packages, "fixes": []}), status=status)


def traceback_of(error):
    return f'Traceback (most recent call last):\n  File "cli.py", line 1, in audit\n    raise\n{error}\n'


def test_a_known_vulnerability_fails_and_names_the_package_and_what_mends_it():
    flawed = {
        "name": "requests",
        "version": "2.0.0",
        "vulns": [FLAW, FLAW | {"id": "GHSA-x", "fix_versions": []}],
    }

    verdict = judge(report(SOUND, flawed, UNKNOWN, status=1))

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


@pytest.mark.parametrize("answer", [report(), report(UNKNOWN)])
def test_where_pypi_tells_nothing_one_line_says_that_nobody_was_asked(answer):
    verdict = judge(answer)

    assert (verdict.is_well, verdict.said) == (True, SKIPPED)


@pytest.mark.parametrize(
    "beside",
    [
        traceback_of("requests.exceptions.ProxyError: HTTPSConnectionPool(host='pypi.org', port=443)"),
        traceback_of("requests.exceptions.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        traceback_of("requests.exceptions.HTTPError: 503 Server Error")
        + "\nThe above exception was the direct cause of the following exception:\n\n"
        + traceback_of("pip_audit._service.interface.ServiceError"),
        "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed\n"
        "ERROR:pip_audit._cli:Tip: your network may be blocking this service. Try another service with"
        " `-s SERVICE`\n",
    ],
    ids=["no connection", "no JSON", "out of order", "blocked"],
)
def test_where_pypi_cannot_be_reached_or_is_out_of_order_the_same_line_says_so(beside):
    verdict = judge(Answer("", beside, 1))

    assert (verdict.is_well, verdict.said) == (True, SKIPPED)


def test_where_pypi_takes_for_ever_the_same_line_says_so():
    assert judge(Answer()).said == SKIPPED


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            Answer("", traceback_of("ModuleNotFoundError: No module named 'cyclonedx'"), 1),
            "(exit status 1): ModuleNotFoundError: No module named 'cyclonedx'",
        ),
        (
            Answer("", "usage: pip-audit [-h]\npip-audit: error: unrecognized arguments: --no-deps\n", 2),
            "(exit status 2): pip-audit: error: unrecognized arguments: --no-deps",
        ),
        (Answer("", "", -9), "(exit status -9): it said nothing"),
        (Answer("No known vulnerabilities found", "", 0), "(exit status 0): it said nothing"),
    ],
    ids=["what it needs is missing", "it has no such option", "killed", "no JSON"],
)
def test_where_pip_audit_is_broken_the_check_fails_and_names_the_fault(answer, told):
    verdict = judge(answer)

    assert not verdict.is_well
    assert verdict.said.splitlines() == [
        f"pip-audit: nothing was asked, for it is broken {told}",
        "If it or what it needs is damaged, `make clean setup` installs all anew.",
    ]


def test_without_a_network_the_audit_is_skipped_and_all_is_well():
    nowhere = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    audit = subprocess.run(
        [sys.executable, SCRIPT],
        env={name: value for name, value in os.environ.items() if name.lower() != "no_proxy"} | nowhere,
        capture_output=True,
        text=True,
    )

    assert (audit.returncode, audit.stderr) == (0, "")
    assert audit.stdout == f"{SKIPPED}\n"
