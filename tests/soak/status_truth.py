"""Which status an athlete's result is to have by the entry list, said as simply as can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.soak.hostile_lists import NAMES, Row, Sent
from tests.soak.value_truth import reading

# What an athlete goes by: the id of the entry, or else race, bib and names.
Key = tuple[str | None, ...]

_ENTRY_NAMES = ("race_id", "entry_bib", "athlete_first_name", "athlete_last_name")
# These say that the entry is a valid one, and nothing of the race.
_VALID = ("conf", "confirmed")


def statuses(entries: Iterable[Sent]) -> dict[Key, str]:
    """Return what entries say of their athletes, by each key that these may go by."""
    said: dict[Key, str] = {}
    for sent in entries:
        status, _ = reading(sent.row.get("entry_status"))
        if status and status.lower() not in _VALID:
            entry, _ = reading(sent.row.get("entry_id"))
            said |= {key: status.lower() for key in ((entry,), _names(sent.row, _ENTRY_NAMES)) if any(key)}
    return said


def status_of(result: Row, said: Mapping[Key, str], *, has_time: bool) -> str:
    """Return an athlete's status: what the entry says, else whether there is a time of the whole course."""
    entry, _ = reading(result.get("results_entry_id"))
    key = (entry,) if entry else _names(result, NAMES)
    return said.get(key, "finished" if has_time else "started")


def _names(row: Row, fields: Iterable[str]) -> Key:
    return tuple(reading(row.get(field))[0] for field in fields)
