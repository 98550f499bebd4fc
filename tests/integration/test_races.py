"""An event's races: written with the live event's id, updated, and not missed in shape C."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from providers.records import ProviderRace
from tests.integration.builders import LATER, RUN, START, naive


def test_races_are_written_with_the_live_events_id(run):
    assert run.query("SELECT * FROM ct_races") == [
        {
            "race_id": "77",
            "event_id": run.key("5"),
            "race_tag": None,
            "race_name": "10 km",
            "race_type": None,
            "race_subtype": None,
            "race_course_distance": pytest.approx(10_000.5),
            "race_pref_distance_unit": None,
            "race_planned_start_time": naive(START) + timedelta(hours=1),
            "race_planned_end_time": None,
            "race_actual_start_time": None,
            "race_actual_end_time": None,
            "race_age_ref_time": None,
            "timing_partner_id": 1,
            "created_at": run.query("SELECT created_at FROM ct_races")[0]["created_at"],
        }
    ]


def test_a_race_that_starts_late_is_updated_and_a_new_one_is_added(run):
    late = replace(RUN.races[0], actual_start=START + timedelta(hours=1, minutes=5), name="x" * 300)

    report = run.save_events(replace(RUN, races=(late, ProviderRace(provider_race_id="78"))), at=LATER)

    # Both races, and the event, whose race starts have moved.
    assert report.written == 3
    rows = run.query("SELECT race_id, race_name, race_actual_start_time FROM ct_races ORDER BY race_id")
    assert [tuple(row.values()) for row in rows] == [
        ("77", "x" * 255, naive(START) + timedelta(hours=1, minutes=5)),
        ("78", None, None),
    ]


def test_in_shape_c_there_is_no_table_of_races_and_their_starts_are_known_all_the_same(run_c):
    assert run_c.query("SELECT to_regclass('ct_races') AS races") == [{"races": None}]
    assert run_c.store.live_events(run_c.partner, START)[0].race_starts == (START + timedelta(hours=1),)


def test_an_event_whose_races_could_not_be_read_keeps_the_starts_that_are_known(run):
    report = run.save_events(replace(RUN, races=None), at=LATER)

    assert report.written == 0
    assert run.store.live_events(run.partner, START)[0].race_starts == (START + timedelta(hours=1),)


def test_of_two_races_with_one_id_the_first_counts_at_every_reading(run):
    twice = replace(RUN, races=(RUN.races[0], replace(RUN.races[0], name="Half marathon")))

    run.save_events(twice, at=LATER)
    assert run.save_events(twice, at=LATER + timedelta(hours=6)).written == 0
    assert [row["race_name"] for row in run.query("SELECT race_name FROM ct_races")] == ["10 km"]
