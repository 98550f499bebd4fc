"""What the rows of events, participants and results hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.integration.builders import LATER, RUN, START, athlete, entry, naive


def test_a_result_fills_the_hosts_columns_and_ours(run):
    run.save_results("5", athlete(1, gun_time=timedelta(minutes=41), gender_place=2, division_place=3))

    [row] = run.query("SELECT * FROM ct_results")
    assert (row["event_id"], row["entry_id"]) == (run.key("5"), run.key("1"))
    assert row["participant_id"] == run.key("1")
    assert row["results_time"] == row["chip_time"] == timedelta(minutes=40, milliseconds=1)
    assert row["results_gun_time"] == row["gun_time"] == timedelta(minutes=41)
    assert (row["overall_place"], row["gender_place"], row["division_place"]) == (1, 2, 3)
    assert row["finish_time"] == naive(START) + timedelta(hours=2)
    assert row["split_times"] == [
        {"interval_id": "1", "name": "5 km", "chip_seconds": 1200.125, "gun_seconds": None, "rank": 1}
    ]
    assert row["additional_data"] == {"odd": "x"}
    assert (row["data_source"], row["provider_event_id"]) == ("chronotrack_live", "5")
    assert row["api_credentials_used"] == f"partner_provider_credentials:{run.partner.credentials_id}"


def test_in_shape_c_times_are_texts_as_the_api_writes_them(run_c):
    run_c.save_results("5", athlete(1, chip_time=timedelta(hours=26, milliseconds=7), gun_time=None))

    assert run_c.query("SELECT results_time, results_gun_time, chip_time::text FROM ct_results") == [
        {"results_time": "26:00:00.007", "results_gun_time": None, "chip_time": "26:00:00.007"}
    ]


@pytest.mark.parametrize("shape", ["run", "run_c"])
def test_a_text_that_is_too_long_for_its_column_is_kept_whole_beside_it(request, shape):
    hub = request.getfixturevalue(shape)
    long = "1234567890" * 30

    hub.save_results("5", athlete(1, bib=long, first_name="Ada", last_name=long))
    hub.save_participants("5", entry(1, bib=long, sex=long, mobile_phone=long, status=long))
    hub.save_events(replace(RUN, name=long), at=LATER)

    [row] = hub.query("SELECT * FROM ct_results")
    assert (row["results_bib"], row["results_last_name"]) == (long[:20], long[:100])
    assert row["additional_data"] == {
        "odd": "x",
        "too_long": {"results_bib": long, "results_last_name": long},
    }
    [row] = hub.query("SELECT * FROM ct_participants")
    assert (row["entry_bib"], row["athlete_mobile_phone"], row["entry_status"]) == (
        long[:20],
        long[:20],
        long[:50],
    )
    assert row["additional_data"]["too_long"].keys() == {
        "entry_bib",
        "athlete_sex",
        "athlete_mobile_phone",
        "entry_status",
        "registration_status",
    }
    [row] = hub.query("SELECT * FROM ct_events")
    assert row["event_name"] == long[:255]
    assert row["additional_data"]["too_long"] == {"event_name": long}


def test_an_event_keeps_what_the_api_says_beyond_our_fields(run):
    assert run.query("SELECT location, additional_data, event_timezone FROM ct_events") == [
        {
            "location": {"city": "Hamburg"},
            "additional_data": {"event_notes": "bring a bag", "race_starts": ["2025-06-01T08:00:00"]},
            "event_timezone": "Europe/Berlin",
        }
    ]


def test_start_and_end_are_there_in_both_shapes(run, run_c):
    for hub in (run, run_c):
        assert hub.query("SELECT start_date, end_date FROM ct_events") == [
            {"start_date": naive(START), "end_date": naive(START) + timedelta(hours=8)}
        ]


def test_live_keys_never_touch_a_tcp_row_whose_key_is_the_raw_api_id(run):
    run.query("INSERT INTO ct_events (event_id, event_name, timing_partner_id) VALUES ('5', 'Relay', 1)")
    run.query("INSERT INTO ct_participants (entry_id, event_id, entry_bib) VALUES ('1', '5', 'tcp')")
    run.query("INSERT INTO ct_results (event_id, entry_id, results_bib) VALUES ('5', '1', 'tcp')")
    tcp = [
        f"SELECT * FROM {table} WHERE data_source = 'tcp_hardware'" for table in ("ct_events", "ct_results")
    ]
    before = [run.query(statement) for statement in tcp]

    run.save_participants("5", entry(1))
    run.save_results("5", athlete(1))
    run.save_results("5", athlete(1, bib="7"), at=LATER)

    assert [run.query(statement) for statement in tcp] == before
    assert len(run.query("SELECT 1 FROM ct_results")) == len(run.query("SELECT 1 FROM ct_participants")) == 2
