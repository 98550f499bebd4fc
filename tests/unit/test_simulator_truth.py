"""The ground truth: what it says of those whose race was not like the others'."""

from datetime import UTC, datetime

import pytest

from providers.chronotrack_live.simulator.build import build_world
from providers.chronotrack_live.simulator.truth import ground_truth

START = datetime(2026, 5, 3, 13, 0, tzinfo=UTC)
PLACES = "overall_place", "gender_place", "division_place"


@pytest.fixture(scope="module")
def marathon():
    return build_world(START, 150, 7).event("Harbour City Marathon")


@pytest.fixture(scope="module")
def athletes(marathon):
    return ground_truth(marathon)["athletes"]


def of_status(athletes, status):
    found = [athlete for athlete in athletes if athlete["status"] == status]
    assert found
    return found


def test_it_knows_every_athlete_but_no_test_entry(marathon, athletes):
    assert {athlete["entry_id"] for athlete in athletes} == {
        entry.entry_id for race in marathon.races for entry in race.entries if not entry.is_test
    }


def test_finishers_have_times_places_and_an_instant(athletes):
    for athlete in of_status(athletes, "finished"):
        assert athlete["chip_seconds"] <= athlete["gun_seconds"]
        assert all(athlete[place] >= 1 for place in PLACES)
        assert datetime.fromisoformat(athlete["published_at"]) > START


@pytest.mark.parametrize("name", ["Marathon", "Wheelchair Marathon"])
def test_places_count_up_without_gaps_within_race_sex_and_division(name, marathon, athletes):
    [race] = [race for race in marathon.races if race.name == name]
    finishers = [a for a in of_status(athletes, "finished") if a["race_id"] == race.race_id]
    groups = {
        "overall_place": lambda athlete: "",
        "gender_place": lambda athlete: athlete["sex"],
        "division_place": lambda athlete: athlete["division"],
    }
    for place, group in groups.items():
        for name in {group(athlete) for athlete in finishers}:
            members = sorted((a for a in finishers if group(a) == name), key=lambda a: a["chip_seconds"])
            assert [athlete[place] for athlete in members] == list(range(1, len(members) + 1))


def test_who_did_not_finish_has_ranked_splits_and_nothing_else(athletes):
    for athlete in of_status(athletes, "dnf"):
        assert athlete["chip_seconds"] is athlete["gun_seconds"] is athlete["published_at"] is None
        assert all(athlete[place] is None for place in PLACES)
        assert athlete["splits"]
        assert all(split["rank"] >= 1 for split in athlete["splits"])


def test_the_disqualified_keep_their_times_and_lose_every_rank(athletes):
    for athlete in of_status(athletes, "dq"):
        assert athlete["chip_seconds"]
        assert all(athlete[place] is None for place in PLACES)
        assert all(split["rank"] is None and split["chip_seconds"] for split in athlete["splits"])


def test_who_was_never_seen_has_no_status_and_no_splits(athletes):
    for athlete in of_status(athletes, None):
        assert athlete["splits"] == []
        assert athlete["chip_seconds"] is None


def test_splits_stand_in_course_order(athletes):
    for athlete in athletes:
        times = [split["gun_seconds"] for split in athlete["splits"]]
        assert times == sorted(times)
