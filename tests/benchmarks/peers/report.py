"""The comparison's report, in Markdown, and its plot."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from tests.benchmarks.peers.bars import Bar, Panel, svg
from tests.benchmarks.peers.contenders import OURS
from tests.benchmarks.peers.gauge import Spent
from tests.benchmarks.peers.goals import COMMAND, DAEMON, faster, goals
from tests.benchmarks.peers.measured import FULL, PLAIN, SLOW, Case, Found, Medians
from tests.benchmarks.race_day_report import Measured as RaceDay
from tests.benchmarks.race_day_report import share

_COMPARED = """\
- *this project*: `chronotrack-live scheduler --once` as a command; within the daemon, its pipeline on one
  adapter and one store, as the daemon holds them. It authenticates, validates, keeps what it cannot store,
  counts its requests, and accounts for each operation. Its `rate_limit` is raised, so that the budget is
  kept but is not what is measured. A result is one row, with its three places and its splits.
- *bare reference*: threads, orjson, COPY into a temporary table, one upsert; no validation, no retries, no
  budget, no account. A row of the API is a row of a table, in text.
- *dlt, default*: its `rest_api_source`, merged into PostgreSQL; no setting touched but telemetry and the
  log's level.
- *dlt, tuned*: the same source with what its documentation recommends: parallel resources, a normalizer for
  each core, larger buffers, no compression, no nested tables, CSV by COPY, the `upsert` strategy that skips
  unchanged rows, pages counted by the API's headers.
- *dlt, with Arrow*: tuned, and a step of one's own that makes a pyarrow table of each page, which passes
  dlt's normalizer by; loaded as Parquet by ADBC. dlt then neither looks at values nor takes nested ones
  apart."""


def markdown(found: Found, plot: str) -> str:
    """Return the report.

    Args:
        found: by the run.
        plot: where the plot is, from the report.
    """
    loaded = found.sizes.api_rows(found.sizes.events)
    parts = [
        "# Faster than what one would use instead",
        *_introduction(found),
        f"![The first load and the polls, as bars]({plot})",
        "## Goals",
        _table(
            ("", "goal", "measured", ""),
            (
                (goal.what, goal.wanted, goal.measured, "met" if goal.is_met else "**missed**")
                for goal in goals(found)
            ),
        ),
        "Times are by the wall. A poll is judged beside dlt by default, and beside the fastest of the three.",
        *_absent(found),
        "## What is compared",
        _COMPARED,
        "## First load",
        f"{found.sizes.events} events of {found.sizes.athletes:,} athletes, all of whom have finished: "
        f"{loaded:,} rows of entries, results, and places by sex and by age, counted once, however often "
        "somebody asks for them. As a command into an empty database, from its start to its end.",
        _load_table(found, found.load(), found.sizes.events),
        f"At 200 ms a request, {found.sizes.slow_events} of the events, once:",
        _load_table(found, found.slow_load(), found.sizes.slow_events),
        *_polls(found),
        *_memory(found),
        *(_race_day(found.race_day) if found.race_day else ()),
    ]
    return "\n\n".join(parts) + "\n"


def plot(found: Found) -> str:
    """Return the plot, as SVG."""
    loaded = found.sizes.api_rows(found.sizes.events)
    panels = [
        Panel(
            "First load: API rows a second (more is better)",
            _bars(found, found.load(), lambda spent: loaded / spent.wall, "{:,.0f}"),
        )
    ]
    for is_command, how in ((False, DAEMON), (True, COMMAND)):
        for changes, what in ((False, "nothing changed"), (True, "1 % changed")):
            medians = found.poll(Case(PLAIN, is_command=is_command, changes=changes))
            title = f"Poll of {found.sizes.field:,} athletes, {what}, {how}: seconds (less is better)"
            panels.append(Panel(title, _bars(found, medians, lambda spent: spent.wall, "{:.2f} s")))
    return svg(panels)


def _introduction(found: Found) -> list[str]:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    return [
        f"Written by `{found.command}` on {datetime.now(UTC):%Y-%m-%d}, in {found.seconds / 60:.0f} "
        f"minutes: {os.cpu_count()} cores and {memory:.0f} GiB of memory, which contender, PostgreSQL "
        f"{found.server['version']} (shared_buffers {found.server['shared_buffers']}, fsync and "
        f"synchronous_commit on) and the API share; {versions}.",
        "Each contender has a database and a process of its own, and works alone; in each round all of "
        f"them have their turn. The numbers are medians of {found.sizes.rounds} rounds, and of one at 200 "
        "ms a request and among a million rows. The API is one of the benchmark's own with prepared pages. "
        "After each first load, and after the polls, a contender's tables are compared with the API: "
        "entries, finishers, their times and three places. This project's tables are there beforehand, as "
        "the hub's are; the others make theirs, which takes them a moment of their first load.",
        "Wall and CPU are seconds; CPU is that of the contender with its children, and beside it that of "
        "PostgreSQL. Before each poll there is a checkpoint, so that the write-ahead log has the whole "
        "pages: the worst case. What the idle server logs is taken off. Ratios are of the wall.",
    ]


def _absent(found: Found) -> Iterator[str]:
    if not any(contender.is_dlt for contender in found.contenders):
        yield "dlt was not installed, and so is not compared: `make bench` installs it."


def _load_table(found: Found, medians: Medians, events: int) -> str:
    heading = (
        "",
        "wall",
        "API rows a second",
        "CPU",
        "of PostgreSQL",
        "requests",
        "log, MB",
        "memory, MB",
        "ours",
    )
    return _table(
        heading,
        (
            (
                name,
                f"{spent.wall:.1f}",
                f"{found.sizes.api_rows(events) / spent.wall:,.0f}",
                f"{spent.cpu:.1f}",
                f"{spent.postgres:.1f}",
                f"{spent.requests:,.0f}",
                f"{spent.wal / 1e6:,.0f}",
                f"{spent.memory / 1e6:.0f}",
                times,
            )
            for name, spent, times in _lines(found, medians)
        ),
    )


def _polls(found: Found) -> Iterator[str]:
    yield "## Polls"
    yield (
        f"One event of {found.sizes.field:,} athletes with two splits, half of whom have finished. A poll "
        f"that changes something finds {found.sizes.percent:,} more finishers. *Rows* are inserted, updated "
        "or deleted in the tables that are the purpose, *aside* in staging tables and accounts, as far as "
        "these outlive the connection: temporary tables, which this project and the bare reference use, do "
        "not. What a command's own ones leave in PostgreSQL's catalogs, and so in its log, the connections "
        "of the daemon have left once. Both are counted of commands, whose connections have ended. dlt and "
        "the bare reference bring in the entry list with each poll; this project reads it for the athletes' "
        "statuses, and brings it in when it is due, every 6 hours during a race. Within the daemon it knows "
        "which athletes are as they were: for 15 minutes at a time, then one poll compares all of them with "
        "the hub, as a command always does."
    )
    for setting in (PLAIN, SLOW, FULL):
        for is_command, how in ((False, DAEMON), (True, COMMAND)):
            yield f"### {how.capitalize()}" + ("" if setting == PLAIN else f", {setting}")
            yield _poll_table(found, setting, is_command=is_command)
    yield (
        f"*A million rows*: {found.sizes.others:,} results of other events are in the table of results "
        "already, copies of the contender's own rows."
    )


def _poll_table(found: Found, setting: str, *, is_command: bool) -> str:
    rows = ("rows", "aside") if is_command else ()
    return _table(
        (
            "",
            "changed",
            "wall",
            "CPU",
            "of PostgreSQL",
            "log, bytes",
            *rows,
            "requests",
            "memory, MB",
            "ours",
        ),
        (
            (
                name,
                "1 %" if changes else "nothing",
                f"{spent.wall:.3f}",
                f"{spent.cpu:.3f}",
                f"{spent.postgres:.2f}",
                f"{spent.wal:,.0f}",
                *((f"{spent.rows:,.0f}", f"{spent.aside:,.0f}") if is_command else ()),
                f"{spent.requests:,.0f}",
                f"{spent.memory / 1e6:.0f}",
                times,
            )
            for changes in (False, True)
            for name, spent, times in _lines(
                found, found.poll(Case(setting, is_command=is_command, changes=changes))
            )
        ),
    )


def _memory(found: Found) -> Iterator[str]:
    few, sizes = found.load()[OURS.key], found.sizes
    yield "## Memory"
    yield (
        f"This project's largest resident memory during a first load: {few.memory / 1e6:.0f} MB with "
        f"{sizes.events * sizes.athletes:,} results, {found.memory / 1e6:.0f} MB with "
        f"{sizes.many_events * sizes.athletes:,}."
    )


def _race_day(measured: RaceDay) -> Iterator[str]:
    day, used = measured.day, measured.cpu
    yield "## Race day"
    yield (
        f"{day.events:,} live events of {day.athletes:,} athletes for {day.partners} partners, collected "
        f"every {day.interval:g} s by the daemon, measured for {measured.seconds:.0f} s; one athlete in a "
        "hundred finishes an interval. *Freshness* is the instant a finisher's row is visible in "
        "`ct_results` (PostgreSQL's commit timestamp) minus the instant the API could first serve it: the "
        f"interval alone makes {day.interval / 2:g} s of it on average and {day.interval:g} s at most."
    )
    yield _table(
        ("", "measured"),
        [
            *(
                (f"freshness, {name}, of {len(measured.freshness):,} finishers", f"{seconds:.1f} s")
                for name, seconds in _parts(measured.freshness)
            ),
            *(
                (f"lateness, {name}", f"{1000 * seconds:,.0f} ms")
                for name, seconds in _parts(measured.lateness)
            ),
            ("collections due, made", f"{measured.due:,}, {len(measured.lateness):,}"),
            *(
                (f"CPU, {who}", f"{100 * spent / measured.seconds:.0f} % of one core")
                for who, spent in used.items()
            ),
            ("requests a second", f"{measured.requests / measured.seconds:.1f}"),
            ("requests of a partner in 60 s, the start included", f"{measured.most_requests:,} of 1,500"),
            ("memory of the daemon", f"{measured.memory / 1e6:.0f} MB"),
        ],
    )
    yield from (f"**{fault}**" for fault in measured.faults())


def _parts(ordered: Sequence[float]) -> Iterator[tuple[str, float]]:
    if ordered:
        yield from (
            (name, share(ordered, part)) for name, part in (("p50", 50), ("p99", 99), ("maximum", 100))
        )


def _lines(found: Found, medians: Medians) -> Iterator[tuple[str, Spent, str]]:
    """Yield each contender's name, what it spent, and how many times as fast this project is."""
    for contender in found.contenders:
        if contender.key in medians:
            times = "" if contender is OURS else f"{faster(medians, contender):.2f} times"
            yield contender.name, medians[contender.key], times


def _bars(found: Found, medians: Medians, value: Callable[[Spent], float], form: str) -> list[Bar]:
    return [
        Bar(contender.name, value(spent), form.format(value(spent)), contender is OURS)
        for contender in found.contenders
        for spent in [medians[contender.key]]
    ]


def _table(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
