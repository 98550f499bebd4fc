"""Ask PyPI whether a package that is installed here has a known vulnerability; `make lint` does.

Exit status 1 when one has. When PyPI does not say, one line tells that nobody was asked, and all is well: a
mirror without vulnerabilities, or no network, is no fault of the code.
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
# Seconds: for one answer, and for all of them.
_PATIENCE, _PATIENCE_FOR_ALL = "5", 90


@dataclass(frozen=True)
class Verdict:
    """What the audit says, in a sentence or a line a vulnerability, and whether that is well."""

    said: str
    is_well: bool


def main() -> int:
    """Audit what is installed beside this interpreter; return the exit status."""
    verdict = judge(_report(_installed()))
    click.echo(verdict.said, err=not verdict.is_well)
    return 0 if verdict.is_well else 1


def judge(report: str) -> Verdict:
    """Return what pip-audit's report says. One that is no JSON means that nobody was reached."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except ValueError:
        packages = []
    asked = [package for package in packages if "skip_reason" not in package]
    if not asked:
        return Verdict("pip-audit: skipped, PyPI's list of vulnerabilities could not be read", is_well=True)
    found = [_sentence(package, flaw) for package in asked for flaw in package["vulns"]]
    if found:
        return Verdict("\n".join(found), is_well=False)
    return Verdict(
        f"pip-audit: no known vulnerability in what PyPI knows, {len(asked)} of {len(packages)} packages",
        is_well=True,
    )


def _sentence(package: dict[str, Any], flaw: dict[str, Any]) -> str:
    mended = " or ".join(flaw["fix_versions"])
    advice = f"raise it to {mended}" if mended else "no version without it is known"
    return f"pip-audit: {package['name']} {package['version']} has {flaw['id']}; {advice}"


def _installed() -> list[str]:
    named = {package.metadata["Name"]: package.version for package in distributions()}
    return sorted(f"{name}=={version}" for name, version in named.items() if name not in _NOT_ASKED_FOR)


def _report(requirements: list[str]) -> str:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("\n".join(requirements), encoding="utf-8")
        audit = [sys.executable, "-m", "pip_audit", "--requirement", str(file), "--no-deps", "--disable-pip"]
        options = ["--format", "json", "--progress-spinner", "off", "--timeout", _PATIENCE]
        try:
            done = subprocess.run(
                [*audit, *options],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_PATIENCE_FOR_ALL,
                check=False,
                text=True,
            )
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout


if __name__ == "__main__":
    sys.exit(main())
