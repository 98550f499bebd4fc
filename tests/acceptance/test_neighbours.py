"""What looks for rows that were touched, added to somebody else or are there twice finds them."""

from __future__ import annotations

import pytest

from tests.soak.neighbours import Neighbours, move_in
from tests.soak.truth import doubles


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ct_events SET event_name = event_name",
        "UPDATE ct_events SET event_name = 'Run'",
        "DELETE FROM ct_events",
    ],
)
def test_a_row_of_a_neighbour_that_is_written_again_changed_or_gone_counts_as_touched(query, statement):
    query("INSERT INTO ct_events (event_id, event_name) VALUES ('1', 'Mile')")
    neighbours = Neighbours(query)
    assert touched(neighbours) == []

    query(f"{statement} WHERE event_id = '1'")

    assert "ct_events: 1 rows that were there before are changed or gone" in touched(neighbours)


OF_OURS = (
    "INSERT INTO ct_events (event_id, timing_partner_id, data_source)"
    " VALUES ('ctlive:1:5', 1, 'chronotrack_live')",
    "INSERT INTO ct_races (race_id, event_id, timing_partner_id) VALUES ('1', 'ctlive:1:5', 1)",
    "INSERT INTO ct_participants (entry_id, event_id, timing_partner_id, data_source)"
    " VALUES ('ctlive:1:7', 'ctlive:1:5', 1, 'chronotrack_live')",
    "INSERT INTO ct_results (entry_id, event_id, timing_partner_id, data_source)"
    " VALUES ('ctlive:1:7', 'ctlive:1:5', 1, 'chronotrack_live')",
    "INSERT INTO sync_history (timing_partner_id, provider_id) VALUES (1, 1)",
)


def touched(neighbours):
    return neighbours.touched(["ctlive:1:5"], [1])


@pytest.fixture
def neighbours(hub, query):
    """What was in a database to which rows of our own came since; somebody else has the same ids."""
    assert hub.partner.timing_partner_id == 1
    query("INSERT INTO timing_partners (company_name) VALUES ('Neighbour Timing')")
    for event_id in ("61612", "ctlive:2:5"):
        query("INSERT INTO ct_events (event_id, timing_partner_id) VALUES (%s, 2)", event_id)
    before = Neighbours(query)
    for statement in OF_OURS:
        query(statement)
    return before


def test_rows_of_the_events_that_are_to_be_there_are_nobody_elses(neighbours):
    assert touched(neighbours) == []


@pytest.mark.parametrize(
    ("of_ours", "told"),
    [
        (OF_OURS[0].replace("ctlive:1:5", "ctlive:1:6"), "ct_events"),
        (OF_OURS[1].replace("ctlive:1:5", "ctlive:2:5"), "ct_races"),
        (OF_OURS[1].replace("'1', ", "'2', ").replace(", 1)", ", 2)"), "ct_races"),
        (OF_OURS[2].replace("ctlive:1:", "ctlive:2:"), "ct_participants"),
        (OF_OURS[2].replace("ctlive:1:7", "8"), "ct_participants"),
        (OF_OURS[3].replace("ctlive:1:5", "61612"), "ct_results"),
        (OF_OURS[3].replace(", 1, 'chronotrack_live'", ", 2, 'chronotrack_live'"), "ct_results"),
        (OF_OURS[3].replace("'chronotrack_live'", "'tcp_hardware'"), "ct_results"),
        (OF_OURS[3].replace("'ctlive:1:5'", "NULL"), "ct_results"),
        (OF_OURS[4].replace("(1, 1)", "(2, 1)"), "sync_history"),
        ("INSERT INTO timing_partners (company_name) VALUES ('Nobody')", "timing_partners"),
    ],
)
def test_a_row_that_is_added_to_somebody_else_counts_as_touched(neighbours, query, of_ours, told):
    query(of_ours)

    assert touched(neighbours) == [f"{told}: 1 rows are there that are nobody's to add"]


def test_an_athlete_under_two_events_of_one_partner_stands_there_twice(hub, query):
    # The database forbids it; a check that relied on that would see nothing once it does not.
    query("DROP INDEX ct_results_provider_result")
    for event_id in ("ctlive:1:5", "ctlive:1:6"):
        query("INSERT INTO ct_events (event_id, timing_partner_id) VALUES (%s, 1)", event_id)
        query(
            "INSERT INTO ct_results (event_id, provider_result_id, timing_partner_id, data_source)"
            " VALUES (%s, '7', 1, 'chronotrack_live')",
            event_id,
        )

    assert doubles(query) == ["ct_results: 7 of partner 1 stands there 2 times"]


def test_neighbours_have_a_row_in_every_table_of_events(hub, query):
    athlete = {"entry_id": "7", "race_id": "1", "bib": "7", "first_name": "A", "last_name": "B"}
    truth = {"event_id": "5", "event_name": "Run", "start_time": "2026-09-21T14:00:00+00:00"}
    truth |= {"athletes": [athlete | {"chip_seconds": 60.0}]}

    move_in(query, truth, tcp=truth)

    for table in ("ct_events", "ct_races", "ct_participants", "ct_results"):
        assert query(f"SELECT count(*) FROM {table}") == [{"count": 3}]
