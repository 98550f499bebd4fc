"""What a record becomes in the host's columns."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.host_tables import EVENTS, PARTICIPANTS, RESULTS, Owner, database_time, duration_text
from database.row_maker import RowMaker
from providers.records import Credentials, ProviderEvent, ProviderParticipant, ProviderResult, Split

CREDENTIALS = Credentials(
    credentials_id=1,
    timing_partner_id=7,
    partner_name="Harbour Timing",
    provider_id=1,
    principal="demo",
    secret="demo",
    data_source="chronotrack_live",
)


def row_of(table, record, credentials=CREDENTIALS, **host):
    """The row of a record for a host that has the named columns, with their lengths."""
    maker = RowMaker(table, host)
    [line] = maker.lines([record], Owner(credentials, "55"))
    return dict(zip(maker.columns, cells_of(line), strict=True))


def cells_of(line):
    """The cells of a line as COPY reads them: None for an empty one."""
    meant = {"|": "\0", "\\n": "\n", "\\r": "\r"}
    parted = re.sub(r"\\.|\|", lambda mark: meant.get(mark[0], mark[0][-1]), line)
    return [cell or None for cell in parted.split("\0")]


def result(**fields):
    return ProviderResult(**({"provider_result_id": "9", "status": "finished"} | fields))


def test_a_row_has_the_columns_that_the_host_has_and_no_other():
    assert row_of(RESULTS, result(bib="12"), results_bib=20, unknown_column=None) == {"results_bib": "12"}


def test_live_keys_name_the_partner_and_the_api_id():
    assert row_of(EVENTS, ProviderEvent(provider_event_id="55", name="Run"), event_id=100) == {
        "event_id": "ctlive:7:55"
    }
    row = row_of(RESULTS, result(provider_participant_id="9"), event_id=100, entry_id=100, participant_id=100)
    assert row == {"event_id": "ctlive:7:55", "entry_id": "ctlive:7:9", "participant_id": "ctlive:7:9"}


@pytest.mark.parametrize(
    ("table", "record"),
    [
        (EVENTS, ProviderEvent(provider_event_id="55", name="Run")),
        (PARTICIPANTS, ProviderParticipant(provider_participant_id="9")),
        (RESULTS, result()),
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_every_row_names_its_provider_and_partner_in_key_and_column(table, record):
    host = {"event_id": 100, "timing_partner_id": None, "data_source": 50}

    assert row_of(table, record, **host) == {
        "event_id": "ctlive:7:55",
        "timing_partner_id": "7",
        "data_source": "chronotrack_live",
    }
    assert row_of(table, record, replace(CREDENTIALS, data_source="sundial_timing"), **host) == {
        "event_id": "sundial_timing:7:55",
        "timing_partner_id": "7",
        "data_source": "sundial_timing",
    }


def test_a_result_without_an_entry_has_no_participant():
    assert row_of(RESULTS, result(), entry_id=100, participant_id=100) == {
        "entry_id": None,
        "participant_id": None,
    }


def test_instants_are_kept_as_utc_without_a_zone():
    noon_in_denver = datetime(2025, 6, 1, 12, tzinfo=timezone(timedelta(hours=-6)))

    assert database_time(noon_in_denver) == datetime(2025, 6, 1, 18)  # noqa: DTZ001 - that is the point
    assert database_time(None) is None


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (timedelta(0), "00:00:00.000"),
        (timedelta(minutes=45), "00:45:00.000"),
        (timedelta(hours=1, minutes=2, seconds=3, milliseconds=45), "01:02:03.045"),
        (timedelta(microseconds=1), "00:00:00.000001"),
        (timedelta(days=1, hours=2, seconds=3), "26:00:03.000"),
        (timedelta(hours=123), "123:00:00.000"),
        (timedelta(milliseconds=-1), "-00:00:00.001"),
        (None, None),
    ],
)
def test_durations_are_written_as_the_api_writes_them(time, text):
    assert duration_text(time) == text


@given(st.integers(min_value=0, max_value=400 * 3_600_000))
def test_a_split_keeps_its_times_to_the_millisecond(milliseconds):
    time = timedelta(milliseconds=milliseconds)
    split = Split(interval_id="1", name="10 km", chip_time=time, gun_time=None, rank=3)

    row = row_of(RESULTS, result(splits=(split,)), split_times=None)

    [kept] = json.loads(row["split_times"])
    assert kept == {
        "interval_id": "1",
        "name": "10 km",
        "chip_seconds": milliseconds / 1000,
        "gun_seconds": None,
        "rank": 3,
    }
    assert round(kept["chip_seconds"] * 1000) == milliseconds


def test_splits_stay_in_the_order_of_the_course():
    splits = tuple(
        Split(interval_id=name, name=name, chip_time=None, gun_time=None, rank=None) for name in "cab"
    )

    row = row_of(RESULTS, result(splits=splits), split_times=None)

    assert [split["interval_id"] for split in json.loads(row["split_times"])] == ["c", "a", "b"]


def test_an_athlete_without_splits_has_an_empty_list_of_them():
    assert row_of(RESULTS, result(), split_times=None) == {"split_times": "[]"}


def test_a_text_that_is_too_long_keeps_its_beginning_and_the_whole_stands_beside_it():
    row = row_of(
        RESULTS,
        result(bib="123456789", sex="Female", additional_data=MappingProxyType({"wave": "A"})),
        results_bib=5,
        results_sex=6,
        additional_data=None,
    )

    assert row["results_bib"] == "12345"
    assert row["results_sex"] == "Female"
    assert json.loads(row["additional_data"]) == {"wave": "A", "too_long": {"results_bib": "123456789"}}


def test_a_long_text_of_an_event_is_kept_whole_as_well():
    row = row_of(
        EVENTS, ProviderEvent(provider_event_id="55", name="abcdef"), event_name=3, additional_data=None
    )

    assert row["event_name"] == "abc"
    assert json.loads(row["additional_data"]) == {
        "race_starts": [],
        "too_long": {"event_name": "abcdef"},
    }


def test_what_fits_leaves_no_additional_data():
    assert row_of(RESULTS, result(bib="1"), results_bib=1, additional_data=None)["additional_data"] is None


def test_ids_that_are_too_long_stay_different_though_they_begin_alike():
    ids = [
        row_of(RESULTS, result(provider_result_id="x" * 100 + end), provider_result_id=100)[
            "provider_result_id"
        ]
        for end in "ab"
    ]

    assert ids[0] != ids[1]
    assert [len(text) for text in ids] == [100, 100]


def test_absent_and_empty_places_are_null():
    row = row_of(PARTICIPANTS, ProviderParticipant(provider_participant_id="1"), location=None, entry_bib=20)

    assert row == {"location": None, "entry_bib": None}


def test_finish_times_are_utc_too():
    at = datetime(2025, 6, 1, 12, tzinfo=UTC)

    assert row_of(RESULTS, result(finish_time=at), finish_time=None) == {"finish_time": "2025-06-01 12:00:00"}
