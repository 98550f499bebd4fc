"""What organisers correct while and after a race: every correction ends up in the row of the athlete."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.integration.builders import FIELD, LATER, RUN, START, athlete, entry, naive, statuses

WALK = replace(RUN, provider_event_id="6", name="Harbour Walk")
ONE = "SELECT * FROM ct_results WHERE provider_result_id = '1'"


@pytest.fixture(params=["shape M", "shape C"])
def hub_with_event(request):
    """A hub with an event, in either shape of the host's tables."""
    return request.getfixturevalue("run" if request.param == "shape M" else "run_c")


def at(poll):
    """The instant of a poll, by its number."""
    return LATER + timedelta(seconds=90 * poll)


def test_a_corrected_time_and_the_places_that_follow_from_it_are_written(hub_with_event):
    hub = hub_with_event
    hub.save_results("5", *FIELD)
    winner = {"chip_time": timedelta(minutes=39, milliseconds=999), "gun_time": timedelta(minutes=41)}
    corrected = [athlete(40, overall_place=1, **winner)]
    corrected += [athlete(number, overall_place=number + 1) for number in range(1, 40)]

    report = hub.save_results("5", *corrected, at=at(0))

    rows = hub.query("SELECT * FROM ct_results ORDER BY overall_place")
    assert report.written == 40
    assert [int(row["provider_result_id"]) for row in rows] == [40, *range(1, 40)]
    assert [row["results_rank"] for row in rows] == [row["overall_place"] for row in rows] == [*range(1, 41)]
    assert rows[0]["chip_time"] == winner["chip_time"]
    assert rows[0]["results_time"] in (winner["chip_time"], "00:39:00.999")
    assert rows[0]["results_gun_time"] in (winner["gun_time"], "00:41:00.000")


def test_a_time_and_a_place_that_are_taken_back_go(hub_with_event):
    hub = hub_with_event
    hub.save_results("5", athlete(1, gender_place=1, division_place=1))

    hub.save_results(
        "5", athlete(1, status="started", chip_time=None, overall_place=None, finish_time=None), at=at(0)
    )

    [row] = hub.query(ONE)
    gone = ("results_time", "chip_time", "results_rank", "overall_place", "gender_place", "finish_time")
    assert [row[name] for name in gone] == [None] * len(gone)
    assert row["result_status"] == "started"


def test_an_athlete_is_disqualified_and_reinstated(hub_with_event):
    hub = hub_with_event
    finished = athlete(1, gender_place=1)
    disqualified = finished._replace(status="dq", overall_place=None, gender_place=None)
    seen = []

    for poll, result in enumerate([finished, disqualified, finished]):
        hub.save_results("5", result, athlete(2), at=at(poll))
        [row] = hub.query(ONE)
        seen.append((row["id"], row["result_status"], row["overall_place"], row["gender_place"]))

    row_id = seen[0][0]
    assert seen == [(row_id, "finished", 1, 1), (row_id, "dq", None, None), (row_id, "finished", 1, 1)]


def test_an_athlete_who_vanishes_and_reappears_has_the_same_row_with_what_is_said_now(hub_with_event):
    hub = hub_with_event
    hub.save_results("5", *FIELD)
    [before] = hub.query(ONE)
    for poll in range(2):
        hub.save_results("5", *FIELD[1:], at=at(poll))
    assert statuses(hub)[1] == "removed"

    report = hub.save_results("5", athlete(1, bib="7"), *FIELD[1:], at=at(2))

    [after] = hub.query(ONE)
    changed = {"results_bib": "7", "api_fetched_date": naive(at(2)), "updated_at": naive(at(2))}
    assert after == before | changed
    assert report.written == 1


def test_an_athlete_who_reappears_can_vanish_again(hub_with_event):
    hub = hub_with_event
    for poll, readings in enumerate([FIELD, FIELD[1:], FIELD[1:], FIELD, FIELD[1:]]):
        hub.save_results("5", *readings, at=at(poll))
    assert statuses(hub)[1] == "finished"

    hub.save_results("5", *FIELD[1:], at=at(5))

    assert statuses(hub)[1] == "removed"


def test_two_athletes_who_swap_bibs_keep_their_rows_as_results_and_as_entries(hub_with_event):
    hub = hub_with_event
    hub.save_participants("5", entry(1, bib="11"), entry(2, bib="12"))
    hub.save_results("5", athlete(1, bib="11"), athlete(2, bib="12"))
    before = hub.query("SELECT id, provider_result_id FROM ct_results ORDER BY id")

    reports = [
        hub.save_participants("5", entry(1, bib="12"), entry(2, bib="11"), at=at(0)),
        hub.save_results("5", athlete(1, bib="12"), athlete(2, bib="11"), at=at(0)),
    ]

    assert [report.written for report in reports] == [2, 2]
    assert hub.query("SELECT id, provider_result_id FROM ct_results ORDER BY id") == before
    assert [row["results_bib"] for row in hub.query("SELECT results_bib FROM ct_results ORDER BY id")] == [
        "12",
        "11",
    ]
    assert hub.query(
        "SELECT provider_participant_id AS id, entry_bib AS bib FROM ct_participants ORDER BY 1"
    ) == [
        {"id": "1", "bib": "12"},
        {"id": "2", "bib": "11"},
    ]


def test_a_bib_that_goes_to_a_newcomer_leaves_the_one_who_had_it(hub_with_event):
    hub = hub_with_event
    hub.save_results("5", athlete(1, bib="11"))

    hub.save_results("5", athlete(1, bib=None), athlete(2, bib="11"), at=at(0))

    rows = hub.query("SELECT provider_result_id, results_bib FROM ct_results ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [("1", None), ("2", "11")]


def test_an_athlete_who_changes_race_keeps_the_row_with_the_race_where_the_host_has_one(hub_with_event):
    hub = hub_with_event
    hub.save_participants("5", entry(1, provider_race_id="77"))
    hub.save_results("5", athlete(1, division="M30", division_place=2))

    hub.save_participants("5", entry(1, provider_race_id="78"), at=at(0))
    hub.save_results("5", athlete(1, provider_race_id="78", division="Open", division_place=1), at=at(0))

    [row] = hub.query("SELECT * FROM ct_results")
    assert row.get("race_id", "78") == "78"
    assert (row["division"], row["division_place"]) == ("Open", 1)
    assert hub.query("SELECT race_id FROM ct_participants") == [{"race_id": "78"}]


@pytest.mark.parametrize("order", ["the old event is read first", "the new event is read first"])
def test_an_entry_that_moves_to_another_event_takes_its_rows_along(hub_with_event, order):
    hub = hub_with_event
    hub.save_events(RUN, WALK)
    hub.save_participants("5", entry(1), entry(2))
    hub.save_results("5", *FIELD)
    [before] = hub.query(ONE)
    readings = [("5", FIELD[1:], [entry(2)]), ("6", [athlete(1, overall_place=1)], [entry(1)])]
    if order.startswith("the new"):
        readings.reverse()

    for poll in range(3):
        for event, results, entries in readings:
            hub.save_results(event, *results, at=at(poll))
            hub.save_participants(event, *entries, at=at(poll))

    rows = hub.query("SELECT event_id, result_status, count(*) FROM ct_results GROUP BY 1, 2 ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [
        (hub.key("5"), "finished", 39),
        (hub.key("6"), "finished", 1),
    ]
    [after] = hub.query(ONE)
    assert (after["id"], after["provider_event_id"], after["event_id"]) == (before["id"], "6", hub.key("6"))
    assert hub.query("SELECT event_id FROM ct_participants ORDER BY entry_id") == [
        {"event_id": hub.key("6")},
        {"event_id": hub.key("5")},
    ]


def test_splits_that_are_corrected_are_replaced_whole(hub_with_event):
    hub = hub_with_event
    first = athlete(1)
    [split] = first.splits
    hub.save_results("5", first)

    hub.save_results(
        "5",
        first._replace(splits=(split._replace(rank=2), split._replace(interval_id="2", name="8 km"))),
        at=at(0),
    )

    [row] = hub.query("SELECT split_times FROM ct_results")
    assert [(mark["interval_id"], mark["rank"]) for mark in row["split_times"]] == [("1", 2), ("2", 1)]


def test_an_event_that_is_put_off_and_renamed_keeps_its_row(hub_with_event):
    hub = hub_with_event
    later = START + timedelta(days=7)

    hub.save_events(replace(RUN, name="Harbour Night Run", start_time=later, end_time=None), at=at(0))

    assert hub.query("SELECT event_id, event_name, start_date, end_date FROM ct_events") == [
        {
            "event_id": hub.key("5"),
            "event_name": "Harbour Night Run",
            "start_date": naive(later),
            "end_date": None,
        }
    ]
