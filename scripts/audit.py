"""Ask PyPI whether a package that is installed here has a known vulnerability; `make lint` does.

Exit status 1 when one has. When PyPI does not say, one line tells that nobody was asked, and all is well: a
mirror without vulnerabilities, or no network, is no fault of the code. When pip-audit itself is at fault, the
exit status is 1 as well: else it would look like that for ever.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

# What came with the virtual environment or is audited by being worked on.
_NOT_ASKED_FOR = {"pip", "project88-chronotrack-live"}
# How the last line of a run begins in which PyPI, or the way to it, was at fault: Python's name of the
# error, or what pip-audit advises then.
_NOBODY_WAS_REACHED = (
    "requests.exceptions.",
    "urllib3.exceptions.",
    "pip_audit._service.interface.",
    "ERROR:pip_audit._cli:Tip: your network may be blocking this service",
)
# Seconds: for one answer, and for all of them.
_PATIENCE, _PATIENCE_FOR_ALL = "5", 90


@dataclass(frozen=True)
class Answer:
    """What a run of pip-audit left: its report, what it said beside that, and its exit status.

    The status is None for one that came to no end within our patience.
    """

    report: str = ""
    beside: str = ""
    status: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What the audit says, in a sentence or a line a vulnerability, and whether that is well."""

    said: str
    is_well: bool


_SKIPPED = Verdict("pip-audit: skipped, PyPI's list of vulnerabilities could not be read", is_well=True)


def main() -> int:
    """Audit what is installed beside this interpreter; return the exit status."""
    verdict = judge(_ask_about(_installed()))
    click.echo(verdict.said, err=not verdict.is_well)
    return 0 if verdict.is_well else 1


def judge(answer: Answer) -> Verdict:
    """Return what pip-audit's answer says."""
    try:
        packages: list[dict[str, Any]] = json.loads(answer.report)["dependencies"]
    except ValueError:
        return _without_a_report(answer)
    asked = [package for package in packages if "skip_reason" not in package]
    if not asked:
        return _SKIPPED
    found = [_sentence(package, flaw) for package in asked for flaw in package["vulns"]]
    if found:
        return Verdict("\n".join(found), is_well=False)
    return Verdict(
        f"pip-audit: no known vulnerability in what PyPI knows, {len(asked)} of {len(packages)} packages",
        is_well=True,
    )


def _without_a_report(answer: Answer) -> Verdict:
    last = (answer.beside.strip().splitlines() or ["it said nothing"])[-1]
    if answer.status is None or (answer.status != 0 and last.startswith(_NOBODY_WAS_REACHED)):
        return _SKIPPED
    return Verdict(
        f"pip-audit: nothing was asked, for it is broken (exit status {answer.status}): {last}\n"
        "If it or what it needs is damaged, `make clean setup` installs all anew.",
        is_well=False,
    )


def _sentence(package: dict[str, Any], flaw: dict[str, Any]) -> str:
    mended = " or ".join(flaw["fix_versions"])
    advice = f"raise it to {mended}" if mended else "no version without it is known"
    return f"pip-audit: {package['name']} {package['version']} has {flaw['id']}; {advice}"


def _installed() -> list[str]:
    named = {package.metadata["Name"]: package.version for package in distributions()}
    return sorted(f"{name}=={version}" for name, version in named.items() if name not in _NOT_ASKED_FOR)


def _ask_about(requirements: list[str]) -> Answer:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("\n".join(requirements), encoding="utf-8")
        audit = [sys.executable, "-m", "pip_audit", "--requirement", str(file), "--no-deps", "--disable-pip"]
        options = ["--format", "json", "--progress-spinner", "off", "--timeout", _PATIENCE]
        try:
            done = subprocess.run(
                [*audit, *options],
                capture_output=True,
                timeout=_PATIENCE_FOR_ALL,
                check=False,
                text=True,
            )
        except subprocess.TimeoutExpired:
            return Answer()
        return Answer(done.stdout, done.stderr, done.returncode)


if __name__ == "__main__":
    sys.exit(main())
