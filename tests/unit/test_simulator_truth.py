"""The ground truth: what it says of those whose race was not like the others'."""

from datetime import UTC, datetime

import pytest

from providers.chronotrack_live.simulator.build import build_world
from providers.chronotrack_live.simulator.truth import ground_truth

START = datetime(2026, 5, 3, 13, 0, tzinfo=UTC)
EVENT = build_world(START, 150, 7).event("Harbour City Marathon")
ENTRIES = {entry.entry_id: entry for race in EVENT.races for entry in race.entries}
ATHLETES = ground_truth(EVENT)["athletes"]
PLACES = "overall_place", "gender_place", "division_place"


def of_status(status):
    found = [athlete for athlete in ATHLETES if athlete["status"] == status]
    assert found
    return found


def test_it_knows_every_athlete_but_no_test_entry():
    assert {athlete["entry_id"] for athlete in ATHLETES} == {
        entry_id for entry_id, entry in ENTRIES.items() if not entry.is_test
    }


def test_finishers_have_times_places_and_an_instant():
    for athlete in of_status("finished"):
        assert athlete["chip_seconds"] <= athlete["gun_seconds"]
        assert all(athlete[place] >= 1 for place in PLACES)
        assert datetime.fromisoformat(athlete["published_at"]) > START


@pytest.mark.parametrize("race", EVENT.races, ids=lambda race: race.name)
def test_places_count_up_without_gaps_within_race_sex_and_division(race):
    finishers = [a for a in of_status("finished") if a["race_id"] == race.race_id]
    groups = {
        "overall_place": lambda athlete: "",
        "gender_place": lambda athlete: athlete["sex"],
        "division_place": lambda athlete: athlete["division"],
    }
    for place, group in groups.items():
        for name in {group(athlete) for athlete in finishers}:
            members = sorted((a for a in finishers if group(a) == name), key=lambda a: a["chip_seconds"])
            assert [athlete[place] for athlete in members] == list(range(1, len(members) + 1))


def test_who_did_not_finish_has_ranked_splits_and_nothing_else():
    for athlete in of_status("dnf"):
        assert athlete["chip_seconds"] is athlete["gun_seconds"] is athlete["published_at"] is None
        assert all(athlete[place] is None for place in PLACES)
        assert athlete["splits"]
        assert all(split["rank"] >= 1 for split in athlete["splits"])


def test_the_disqualified_keep_their_times_and_lose_every_rank():
    for athlete in of_status("dq"):
        assert athlete["chip_seconds"]
        assert all(athlete[place] is None for place in PLACES)
        assert all(split["rank"] is None and split["chip_seconds"] for split in athlete["splits"])


def test_who_was_never_seen_has_no_status_and_no_splits():
    for athlete in of_status(None):
        assert athlete["splits"] == []
        assert athlete["chip_seconds"] is None


def test_splits_stand_in_course_order():
    for athlete in ATHLETES:
        times = [split["gun_seconds"] for split in athlete["splits"]]
        assert times == sorted(times)
