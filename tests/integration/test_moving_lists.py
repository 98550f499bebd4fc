"""Lists that move while they are read: what one poll misses is not taken for gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers import sync
from tests.integration.result_lists import START, epoch, finish


@pytest.fixture
def poll(adapter, store, clock, database):
    """Polls the event's results and returns what is kept of them, by entry."""
    sync.discover_events(adapter, store, clock)
    event = store.live_events(adapter.credentials, START - timedelta(hours=1))[0]

    def collect():
        sync.collect_results(adapter, store, clock, event)
        with database.transaction() as cursor:
            cursor.execute("SELECT * FROM ct_results")
            return {row["provider_result_id"]: row for row in cursor.fetchall()}

    return collect


def test_a_place_that_a_moved_bracket_list_missed_stays_as_it_was(api, poll):
    poll()
    api.lists["SEX"], api.announced["SEX"] = [finish(1, 1)], 2
    api.lists["AGE"], api.announced["AGE"] = [finish(1, 1)], 2

    kept = poll()

    assert (kept["2"]["gender_place"], kept["2"]["division_place"]) == (1, 1)


def test_a_place_that_a_whole_bracket_list_does_not_have_goes(api, poll):
    poll()
    api.lists["SEX"] = [finish(1, 1)]

    assert poll()["2"]["gender_place"] is None


def test_a_disqualified_athlete_loses_the_places_even_while_the_lists_move(api, poll):
    poll()
    api.lists["entry"][1]["entry_status"] = "DQ"
    api.lists["ALL"][1]["results_rank"] = ""
    api.lists["SEX"], api.announced["SEX"] = [finish(1, 1), finish(2, "")], 3

    kept = poll()

    assert (kept["2"]["result_status"], kept["2"]["overall_place"], kept["2"]["gender_place"]) == (
        "dq",
        None,
        None,
    )


def test_each_place_is_kept_for_its_own_list_only(api, poll):
    poll()
    api.lists["SEX"], api.announced["SEX"] = [finish(1, 1)], 2
    api.lists["AGE"] = [finish(1, 1)]

    kept = poll()

    assert (kept["2"]["gender_place"], kept["2"]["division_place"]) == (1, None)


@pytest.mark.parametrize("name", ["SEX", "AGE", "entry"])
@pytest.mark.parametrize("status", [400, 404])
def test_a_further_list_that_fails_costs_no_result(api, poll, database, name, status):
    api.failing |= {name: status, "bracket": status}

    kept = poll()

    assert {row["overall_place"] for row in kept.values()} == {1, 2}
    with database.transaction() as cursor:
        cursor.execute("SELECT status FROM sync_history WHERE sync_type = 'results'")
        assert cursor.fetchone()["status"] == "partial"


def test_a_disqualified_athlete_stays_so_while_the_entry_list_is_not_whole(api, poll):
    api.lists["entry"][1]["entry_status"] = "DQ"
    poll()
    api.lists["entry"].pop()
    api.announced["entry"] = 2

    assert poll()["2"]["result_status"] == "dq"


def test_a_disqualification_that_is_taken_back_is_taken_back_by_a_whole_list(api, poll):
    api.lists["entry"][1]["entry_status"] = "DQ"
    poll()
    api.lists["entry"][1]["entry_status"] = "CONF"

    assert poll()["2"]["result_status"] == "finished"


def test_an_entry_list_that_moved_is_read_once_more(api, poll):
    api.announced["entry"] = 3

    poll()

    assert api.asked.count("entry") == 2


def test_an_athlete_whom_an_incomplete_list_missed_is_not_removed(api, poll):
    poll()
    api.lists["ALL"], api.announced["ALL"] = [finish(1, 1)], 2

    assert poll()["2"]["result_status"] == "finished"


@pytest.mark.parametrize(
    "end", [{}, {"event_end_time": epoch(START - timedelta(days=4))}], ids=["none", "passed"]
)
def test_an_event_is_found_as_long_as_its_last_race_is_whatever_end_it_has(api, adapter, end):
    api.lists["event"][0] |= {"event_start_time": epoch(START - timedelta(days=5)), **end}
    since = START - timedelta(days=1)
    api.lists["race"] = [{"race_id": "7", "race_planned_start_time": epoch(START)}]

    found = list(adapter.get_events(since, None).records)
    api.lists["race"][0]["race_planned_start_time"] = epoch(START - timedelta(days=4))
    past = list(adapter.get_events(since, None).records)

    assert [event.provider_event_id for event in found] == ["5"]
    assert past == []


def test_an_athlete_whose_main_division_is_a_custom_bracket_has_the_place_in_it(api, poll, httpserver):
    api.lists["ALL"] = [finish(1, 1), finish(2, 2, results_primary_bracket_name="Clydesdale")]
    api.lists["AGE"] = [finish(1, 1), finish(2, 2)]
    api.lists["bracket"] = [
        {"bracket_id": "8", "bracket_name": "Overall", "bracket_type": "OTHER"},
        {"bracket_id": "9", "bracket_name": "Clydesdale", "bracket_type": "OTHER"},
    ]
    api.lists["Clydesdale"] = [finish(2, 1)]
    httpserver.expect_request("/api/bracket/9/results").respond_with_handler(
        api.answer("Clydesdale", "bracket_results")
    )

    kept = poll()

    assert {entry: (row["division"], row["division_place"]) for entry, row in kept.items()} == {
        "1": ("Bracket of AGE", 1),
        "2": ("Clydesdale", 1),
    }


def test_a_division_that_the_keyword_knows_needs_no_list_of_brackets(api, poll):
    api.lists["ALL"] = [finish(1, 1, results_primary_bracket_name="Bracket of AGE"), finish(2, 2)]

    poll()

    assert "bracket" not in api.asked


@pytest.fixture
def impatient(adapter):
    """The adapter without waits between tries."""
    adapter.first_wait = 0.0
    return adapter


def serve_bracket(api, httpserver, number, kind, *rows):
    name = f"{kind} {number}"
    api.lists["bracket"].append({"bracket_id": str(number), "bracket_name": name, "bracket_type": kind})
    api.lists[name] = list(rows)
    httpserver.expect_request(f"/api/bracket/{number}/results").respond_with_handler(
        api.answer(name, "bracket_results")
    )


def test_a_keyword_that_fails_again_leaves_the_places_to_the_brackets(api, poll, impatient, httpserver):
    serve_bracket(api, httpserver, 8, "SEX", finish(1, 1), finish(2, 2))
    api.failing["SEX"] = 500

    first, second = poll(), poll()

    assert {row["gender_place"] for row in first.values()} == {None}
    assert {entry: row["gender_place"] for entry, row in second.items()} == {"1": 1, "2": 2}


def test_a_bracket_that_cannot_be_read_costs_only_its_own_places(api, poll, impatient, httpserver):
    serve_bracket(api, httpserver, 7, "AGE", finish(1, 1))
    serve_bracket(api, httpserver, 8, "AGE", finish(2, 1))
    api.failing |= {"AGE": 400, "AGE 7": 500}

    assert {entry: row["division_place"] for entry, row in poll().items()} == {"1": None, "2": 1}


def test_a_refused_keyword_without_any_bracket_keeps_the_places_that_are_known(api, poll):
    poll()
    api.failing["AGE"] = 400

    assert {row["division_place"] for row in poll().values()} == {1}
