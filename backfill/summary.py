"""The end of a run: a table of what was done, what failed and what to do about it, and the same as JSON."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backfill.outcome import End, Outcome, Result
from providers.report_file import ReportFile
from providers.terminal import printable

# In a pipe nothing is folded, so that grep finds what it looks for.
_UNFOLDED = 10_000


def as_text(result: Result, labels: Mapping[int, str], *, dry_run: bool) -> str:
    """Return the summary as it is to be shown on stdout.

    Args:
        result: of the run.
        labels: by which a person knows the partners, by timing_partner_id.
        dry_run: whether the run only looked.
    """
    console = Console() if sys.stdout.isatty() else Console(width=_UNFOLDED)
    with console.capture() as captured:
        _print(console, result, labels, dry_run=dry_run)
    return captured.get()


def _print(console: Console, result: Result, labels: Mapping[int, str], *, dry_run: bool) -> None:
    done = "to import" if dry_run else "imported"
    results = "rows of results" if dry_run else "results"
    headings = ("partner", done, "in part", "entries", results, "set aside", "skipped", "failed")
    table = Table(title="Dry run: nothing was written" if dry_run else "Backfill", title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold", justify="left" if heading == "partner" else "right")
    for partner, label in labels.items():
        table.add_row(
            Text(printable(label)), *_row([one for one in result.outcomes if one.partner == partner])
        )
    table.add_row(Text("all"), *_row(result.outcomes), end_section=True)
    console.print(table)
    skips = Counter(str(one.skip) for one in result.outcomes if one.skip)
    if skips:
        console.print(Text("Skipped: " + ", ".join(f"{n:,} {skip}" for skip, n in skips.most_common()) + "."))
    in_part = sum(one.end is End.IN_PART for one in result.outcomes)
    if in_part:
        console.print(Text(f"{in_part:,} imported in part: the next run asks for them again."))
    if result.left:
        console.print(Text(f"{result.left:,} events are left for the next run."))
    for trouble in result.troubles:
        rest = f" {trouble.untried:,} events were not tried." if trouble.untried else ""
        said = f"{trouble.label}: {trouble.said}{rest} {trouble.advice}"
        console.print(Text(printable(said)), soft_wrap=True)
    for one in result.outcomes:
        if one.end is End.FAILED:
            said = f"{labels[one.partner]}: {one.name} ({one.event_id}) failed: {one.said} {one.advice}"
            console.print(Text(printable(said)), soft_wrap=True)
    if result.interrupted:
        console.print(Text("Interrupted: the next run goes on where this one was."))


@dataclass(frozen=True, slots=True)
class About:
    """What a report says of its run: when it began and ended (aware), and how."""

    began: datetime
    ended: datetime
    dry_run: bool
    exit_code: int


def write(file: ReportFile, result: Result, labels: Mapping[int, str], about: About) -> None:
    """Write the report as JSON.

    Args:
        file: where it goes.
        result: of the run.
        labels: by which a person knows the partners, also those whose settings do not work.
        about: the run itself.

    Raises:
        SettingsInvalid: it cannot be written.
    """
    report = {
        **asdict(about),
        "interrupted": result.interrupted,
        "left_for_next_run": result.left,
        "partners": [
            {"timing_partner_id": partner, "partner": label, **_counts(result, partner)}
            for partner, label in labels.items()
        ],
        "troubles": [asdict(trouble) for trouble in result.troubles],
        "events": [asdict(one) for one in result.outcomes],
    }
    file.write(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))


def _row(outcomes: list[Outcome]) -> list[str]:
    imported = [one for one in outcomes if one.end in (End.IMPORTED, End.IN_PART, End.EXPECTED)]
    in_part = sum(one.end is End.IN_PART for one in imported)
    numbers = (
        len(imported) - in_part,
        in_part,
        sum(one.entries for one in imported),
        sum(one.results for one in imported),
        sum(one.rejected for one in imported),
        sum(one.end is End.SKIPPED for one in outcomes),
        sum(one.end is End.FAILED for one in outcomes),
    )
    return [f"{number:,}" for number in numbers]


def _counts(result: Result, partner: int) -> dict[str, object]:
    outcomes = [one for one in result.outcomes if one.partner == partner]
    return {
        "ends": Counter(str(one.end) for one in outcomes),
        "skipped": Counter(str(one.skip) for one in outcomes if one.skip),
        "entries": sum(one.entries for one in outcomes),
        "results": sum(one.results for one in outcomes),
        "rows_written": sum(one.written for one in outcomes),
        "rows_set_aside": sum(one.rejected for one in outcomes),
        "requests": sum(one.requests for one in outcomes) + result.listing[partner],
        "listing_requests": result.listing[partner],
    }
