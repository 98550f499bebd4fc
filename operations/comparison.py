"""Compares what the database keeps of an event with what every athlete should have ended up with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one athlete that is not as it should be."""

    event_name: str
    athlete: str
    field: str
    expected: object
    found: object

    def __str__(self) -> str:
        return (
            f"{self.event_name}, {self.athlete}: {self.field} is {self.found!r}, should be {self.expected!r}"
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared of one event, and what differed."""

    event_name: str
    athletes: int
    splits: int
    differences: tuple[Difference, ...]


def compare(truth: Mapping[str, Any], kept: Iterable[Mapping[str, Any]]) -> Comparison:
    """Compare an event athlete by athlete: name, bib, status, times, the three places, each split.

    Args:
        truth: the event's ground truth, as the simulator serves it.
        kept: its rows of ct_results.
    """
    rows = {row["provider_result_id"]: row for row in kept}
    event_name = truth["event_name"]
    differences: list[Difference] = []
    splits = 0
    for athlete in truth["athletes"]:
        row = rows.pop(athlete["entry_id"], None)
        label = f"entry {athlete['entry_id']} ({athlete['first_name']} {athlete['last_name']})"
        splits += len(athlete["splits"])
        if athlete["status"] is None or row is None:
            expected = "no row" if athlete["status"] is None else "a row"
            found = "no row" if row is None else "a row"
            if expected != found:
                differences.append(Difference(event_name, label, "result", expected, found))
            continue
        differences += (
            Difference(event_name, label, name, expected, found)
            for name, expected, found in _fields(athlete, row)
            if expected != found
        )
    differences += (
        Difference(event_name, f"entry {entry_id}", "result", "no row", "a row") for entry_id in sorted(rows)
    )
    return Comparison(event_name, len(truth["athletes"]), splits, tuple(differences))


def _fields(athlete: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
    """Yield each field's name, what it should be, and what it is."""
    for name, column in (
        ("bib", "results_bib"),
        ("first_name", "results_first_name"),
        ("last_name", "results_last_name"),
        ("status", "result_status"),
        ("overall_place", "overall_place"),
        ("gender_place", "gender_place"),
        ("division_place", "division_place"),
    ):
        yield name, athlete[name], row[column]
    yield "chip time", _milliseconds(athlete["chip_seconds"]), _exact(row["chip_time"])
    yield "gun time", _milliseconds(athlete["gun_seconds"]), _exact(row["gun_time"])
    yield "splits", [_split(split) for split in athlete["splits"]], [_split(s) for s in row["split_times"]]


def _split(split: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        split["interval_id"],
        split["name"],
        _milliseconds(split["chip_seconds"]),
        _milliseconds(split["gun_seconds"]),
        split["rank"],
    )


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else float(round(seconds * 1000))


def _exact(time: timedelta | None) -> float | None:
    return None if time is None else time / timedelta(milliseconds=1)
