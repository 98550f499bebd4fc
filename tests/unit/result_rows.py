"""Rows of results as the API sends them, and what they are assembled to."""

from __future__ import annotations

from providers.chronotrack_live.assembly import ResultAssembly
from providers.chronotrack_live.places import Places

START = 1_761_469_200


def full(entry="1", **fields):
    row = {
        "results_entry_id": entry,
        "results_bib": "12",
        "results_first_name": "Ada",
        "results_last_name": "Lovelace",
        "results_race_id": "51",
        "results_interval_id": "900",
        "results_interval_name": "Full Course",
        "results_interval_full": "1",
        "results_time": "00:45:00.250",
        "results_gun_time": "00:45:03.000",
        "results_end_chip_time": f"{START + 2703}.250",
        "results_rank": "3",
    }
    return row | {f"results_{name}": value for name, value in fields.items()}


def split(interval, at, /, entry="1", **fields):
    minutes, seconds = (int(part) for part in at.split(":"))
    return full(
        entry,
        **{
            "interval_id": interval,
            "interval_name": f"Split {interval}",
            "interval_full": "0",
            "time": f"00:{at}.000",
            "gun_time": f"00:{at}.000",
            "end_chip_time": str(START + minutes * 60 + seconds),
        }
        | fields,
    )


def places(*rows):
    made = Places()
    for row in rows:
        made.is_new(row)
    return made


def assembled(rows, statuses=None, genders=(), divisions=()):
    """Return the results of the rows by their id, and what was set aside."""
    assembly = ResultAssembly("5")
    for row in rows:
        assembly.is_new(row)
    for entry, status in (statuses or {}).items():
        assembly.set_status(entry, status)
    results = list(assembly.results(places(*genders), places(*divisions)))
    by_id = {result.provider_result_id: result for result in results}
    assert len(by_id) == len(results)
    return by_id, assembly.rejected


def only(rows, *args, **kwargs):
    results, rejected = assembled(rows, *args, **kwargs)
    assert rejected == []
    [result] = results.values()
    return result
