"""What the checks found: as a table with what to do below it, and as a JSON file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version

import orjson
from rich.text import Text

from operations.checks.verdict import Finding, Outcome
from operations.tables import console, table
from providers.report_file import ReportFile
from providers.terminal import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of the checks: when it began and ended (aware), how it was asked for, and how it ended."""

    began: datetime
    ended: datetime
    dry_run: bool
    simulator: bool
    exit_code: int


def show(findings: Sequence[Finding], *, dry_run: bool, verbose: bool) -> None:
    """Print the table on stdout, and below it in a line each what to do.

    Args:
        findings: in the order of the table.
        dry_run: whether nothing was written, which is said.
        verbose: also what was measured.
    """
    shown = console()
    rows = (
        (found.check, printable(found.partner or ""), found.verdict.outcome, printable(found.verdict.said))
        for found in findings
    )
    shown.print(table(("check", "partner", "outcome", "what was found"), rows))
    for found in findings:
        if found.verdict.remedy:
            what_to_do = f"{_about(found)} {found.verdict.outcome}: {found.verdict.remedy}"
            shown.print(Text(printable(what_to_do)), soft_wrap=True)
    if verbose:
        for found in findings:
            for name, value in found.verdict.facts.items():
                fact = f"{_about(found)}: {name} = {_json(value).decode()}"
                shown.print(Text(printable(fact)), soft_wrap=True)
    counts = Counter(found.verdict.outcome for found in findings)
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    shown.print(Text(f"{said}.{' Dry run: nothing was written.' if dry_run else ''}"))


def write(file: ReportFile, findings: Sequence[Finding], run: Run) -> None:
    """Write the report as JSON.

    Args:
        file: where it goes.
        findings: of the run.
        run: the run itself.

    Raises:
        SettingsInvalid: it cannot be written.
    """
    counts = Counter(found.verdict.outcome for found in findings)
    report = {
        "software_version": version("project88-chronotrack-live"),
        **asdict(run),
        "counts": {str(outcome): counts[outcome] for outcome in Outcome},
        "checks": [
            {
                "check": found.check,
                "timing_partner_id": found.timing_partner_id,
                "partner": found.partner,
                "outcome": found.verdict.outcome,
                "said": found.verdict.said,
                "remedy": found.verdict.remedy,
                "seconds": round(found.seconds, 3),
                "facts": dict(found.verdict.facts),
            }
            for found in findings
        ],
    }
    file.write(_json(report, orjson.OPT_INDENT_2))


def _about(found: Finding) -> str:
    return f"{found.check} of {found.partner}" if found.partner else str(found.check)


def _json(value: object, options: int = 0) -> bytes:
    return orjson.dumps(value, option=options | orjson.OPT_UTC_Z)
