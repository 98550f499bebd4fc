"""Values that are too long for the host's columns, each of them in both shapes: nothing of them is lost."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from typing import get_type_hints

import pytest

from tests.integration.builders import LATER, RUN, athlete, entry, naive

LONG = "Längste Zeile " * 40
# What is no text of the API's: our own words, and shape C's texts of durations.
NEVER_LONG = {"data_source", "api_credentials_used", "credentials_used", "event_type"} | {
    "results_time",
    "results_gun_time",
}
# What tells which row it is stays as short as ever.
OWN_IDS = {"event_id", "entry_id", "participant_id", "duplicate_of"} | {
    f"provider_{kind}_id" for kind in ("event", "participant", "result")
}


@pytest.fixture(params=["run", "run_c"])
def shaped(request):
    """A hub with an event, in either shape of the host's tables."""
    return request.getfixturevalue(request.param)


def lengthened(record, **kept):
    """The record with every text that it may have too long, but for those of `kept`."""
    types = get_type_hints(type(record)) | get_type_hints(type(record).__base__)
    texts = [name for name, kind in types.items() if kind in (str, str | None) and name not in kept]
    changed = dict.fromkeys(texts, LONG) | kept
    return replace(record, **changed) if is_dataclass(record) else record._replace(**changed)


CASES = {
    "ct_events": (
        RUN,
        {"provider_event_id": "5"},
        lambda hub, record: hub.save_events(record, at=LATER),
    ),
    "ct_participants": (
        entry(1),
        {"provider_participant_id": "1"},
        lambda hub, record: hub.save_participants("5", record, at=LATER),
    ),
    "ct_results": (
        athlete(1),
        {"provider_result_id": "1", "provider_participant_id": "1"},
        lambda hub, record: hub.save_results("5", record, at=LATER),
    ),
}


@pytest.mark.parametrize("table", CASES)
def test_every_bounded_column_keeps_the_beginning_and_the_whole_stands_beside_it(shaped, table):
    record, ids, save = CASES[table]
    bounded = {
        row["column_name"]: row["character_maximum_length"]
        for row in shaped.query(
            "SELECT column_name, character_maximum_length FROM information_schema.columns"
            " WHERE table_name = %s AND character_maximum_length IS NOT NULL",
            table,
        )
        if row["column_name"] not in NEVER_LONG | OWN_IDS
    }
    assert bounded

    save(shaped, lengthened(record, **ids))

    [row] = shaped.query(f"SELECT * FROM {table}")
    assert row["additional_data"]["too_long"] == dict.fromkeys(bounded, LONG)
    for column, length in bounded.items():
        assert len(row[column]) == length
        # Ids that only begin alike stay different: they end in a digest.
        told = length - 17 if column.endswith("_id") else length
        assert row[column][:told] == LONG[:told]

    assert save(shaped, lengthened(record, **ids)).written == 0


@pytest.mark.parametrize("table", CASES)
def test_when_the_values_fit_again_nothing_is_left_beside_them(shaped, table):
    record, ids, save = CASES[table]
    save(shaped, record)
    [before] = shaped.query(f"SELECT * FROM {table}")
    dates = dict.fromkeys(("updated_at", "api_fetched_date"), naive(LATER))
    save(shaped, lengthened(record, **ids))

    save(shaped, record)

    assert shaped.query(f"SELECT * FROM {table}") == [before | dates]
    assert "too_long" not in (before["additional_data"] or {})


def test_a_row_that_is_too_long_stops_none_of_its_neighbours(shaped):
    ids = {"provider_result_id": "2", "provider_participant_id": "2"}

    report = shaped.save_results("5", athlete(1), lengthened(athlete(2), **ids), athlete(3))

    assert (report.status, report.written) == ("completed", 3)
    assert shaped.query("SELECT results_bib FROM ct_results ORDER BY provider_result_id") == [
        {"results_bib": "101"},
        {"results_bib": LONG[:20]},
        {"results_bib": "103"},
    ]
