"""The simulator's results over HTTP agree with its truth, after the race and during it."""

from datetime import datetime

from tests.integration.simulator.conftest import HALFWAY


def seconds(text):
    if not text:
        return None
    hours, minutes, rest = text.split(":")
    return round(int(hours) * 3600 + int(minutes) * 60 + float(rest), 3)


def test_finishes_agree_with_the_ground_truth(finished, truth):
    path = f"event/{finished.event()}/results"

    def finishes(bracket):
        rows = finished.rows(path, interval="ALL", bracket=bracket)
        return {row["results_entry_id"]: row for row in rows if row["results_interval_full"] == "1"}

    overall, gender, division = finishes(""), finishes("SEX"), finishes("AGE")
    places = (overall, "overall_place"), (gender, "gender_place"), (division, "division_place")
    for entry_id, athlete in truth.items():
        row = overall.get(entry_id)
        assert (row is None) or row["results_bib"] == (athlete["bib"] or "")
        assert (seconds(row["results_time"]) if row else None) == athlete["chip_seconds"]
        assert (seconds(row["results_gun_time"]) if row else None) == athlete["gun_seconds"]
        for rows, place in places:
            rank = rows[entry_id]["results_rank"] if entry_id in rows else ""
            assert rank == str(athlete[place] or "")
        if row:
            assert division[entry_id]["results_bracket_name"] == athlete["division"]
            assert gender[entry_id]["results_bracket_name"] == {"F": "Female", "M": "Male"}[athlete["sex"]]


def test_splits_agree_with_the_ground_truth(finished, truth):
    rows = finished.rows(f"event/{finished.event()}/results", interval="ALL")
    served = {
        (row["results_entry_id"], row["results_interval_id"]): (
            seconds(row["results_time"]),
            seconds(row["results_gun_time"]),
            int(row["results_rank"]) if row["results_rank"] else None,
        )
        for row in rows
        if row["results_interval_full"] == "0"
    }
    assert served == {
        (entry_id, split["interval_id"]): (split["chip_seconds"], split["gun_seconds"], split["rank"])
        for entry_id, athlete in truth.items()
        for split in athlete["splits"]
    }


def test_statuses_agree_with_the_ground_truth(finished, truth):
    entries = finished.rows(f"event/{finished.event()}/entry", include_test_entries="false")
    codes = {None: "CONF", "finished": "CONF", "dnf": "DNF", "dq": "DQ"}
    assert {e["entry_id"]: e["entry_status"] for e in entries} == {
        entry_id: codes[athlete["status"]] for entry_id, athlete in truth.items()
    }
    assert {athlete["status"] for athlete in truth.values()} == set(codes)


def test_who_did_not_finish_may_have_a_full_row_without_time_and_rank(finished):
    rows = finished.rows(f"event/{finished.event()}/results", interval="Full Course")
    empty = [row for row in rows if not row["results_time"]]
    assert empty
    assert all(not row["results_rank"] and not row["results_end_chip_time"] for row in empty)


def test_halfway_only_what_is_published_is_there(running, truth):
    rows = running.rows(f"event/{running.event()}/results", interval="Full Course")
    served = {row["results_entry_id"] for row in rows if row["results_time"]}
    public = {
        entry_id
        for entry_id, athlete in truth.items()
        if athlete["published_at"] and datetime.fromisoformat(athlete["published_at"]) <= HALFWAY
    }
    assert served == public
    assert 0 < len(served) < len(truth) * 0.8


def test_halfway_nobody_is_ahead_of_their_final_rank_but_for_the_disqualified(running, truth):
    rows = running.rows(f"event/{running.event()}/results", interval="ALL")
    ranks = {(r["results_entry_id"], r["results_interval_id"]): r["results_rank"] for r in rows}
    disqualified = sum(athlete["status"] == "dq" for athlete in truth.values())
    for entry_id, athlete in truth.items():
        for split in athlete["splits"]:
            rank = ranks.get((entry_id, split["interval_id"]))
            if rank and split["rank"]:
                assert int(rank) <= split["rank"] + disqualified


def test_actual_times_of_a_race_come_when_they_are_reached(running, finished):
    during = running.rows(f"event/{running.event()}/race")[0]
    after = finished.rows(f"event/{finished.event()}/race")[0]
    assert during["race_actual_start_time"]
    assert not during["race_actual_end_time"]
    assert after["race_actual_end_time"]
