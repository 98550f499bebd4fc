"""The public client of the real API, as published on PyPI, works against the simulator."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from chronotrack import Chronotrack

from providers.chronotrack_live.simulator.process import SimulatorProcess


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    log = str(tmp_path_factory.mktemp("client") / "client")
    start = datetime.now(UTC) - timedelta(days=2)
    root, before = logging.getLogger(), set(logging.getLogger().handlers)
    level = root.level
    with SimulatorProcess(race_start=start, athletes=300, seed=7) as simulator:
        client = Chronotrack("demo0001", "demo@chronotrack.test", "demo-password", log_filepath=log)
        client.endpoint = simulator.base_url
        yield client
    # it sets up logging for the whole process, to a file that it never closes
    root.setLevel(level)
    for handler in set(root.handlers) - before:
        if isinstance(handler, logging.FileHandler):
            root.removeHandler(handler)
            handler.close()


@pytest.fixture(scope="module")
def event_id(client):
    return next(e["event_id"] for e in client.events()["data"] if e["event_name"] == "Harbour City Marathon")


def paged(call, **query):
    """All rows of a list in pages of a hundred, and the row count that the first page announced."""
    first = call(page=1, size=100, **query)
    rows = list(first["data"])
    for page in range(2, first["meta"]["page_count"] + 1):
        rows += call(page=page, size=100, **query)["data"]
    return rows, first["meta"]["total_count"]


def test_it_lists_and_reads_events(client, event_id):
    listed = client.events()
    assert listed["meta"]["total_count"] == len(listed["data"]) == 8
    assert client.event(event_id)["data"]["event_name"] == "Harbour City Marathon"
    assert [race["race_name"] for race in client.races(event_id)["data"]] == [
        "Marathon",
        "Wheelchair Marathon",
    ]


def test_it_pages_through_entries(client, event_id):
    entries, total = paged(client.entries, event_id=event_id)
    assert len({entry["entry_id"] for entry in entries}) == total == 305
    assert client.entry(entries[0]["entry_id"])["data"] == entries[0]


def test_it_pages_through_results(client, event_id):
    rows, total = paged(client.results, event_id=event_id, interval_id="ALL")
    assert len({(row["results_entry_id"], row["results_interval_id"]) for row in rows}) == total
    race_id = client.races(event_id)["data"][0]["race_id"]
    of_race, total = paged(client.results, race_id=race_id, interval_id="ALL")
    assert of_race == [row for row in rows if row["results_race_id"] == race_id]
    assert len(of_race) == total


def test_it_reads_brackets_and_their_results(client, event_id):
    race_id = client.races(event_id)["data"][0]["race_id"]
    brackets = {b["bracket_name"]: b["bracket_id"] for b in client.brackets(race_id=race_id)["data"]}
    rows, total = paged(client.results, bracket_id=brackets["Female"])
    assert len(rows) == total
    assert {row["results_sex"] for row in rows} == {"F"}


def test_its_bracket_list_of_a_whole_event_stops_at_the_default_page_size(client, event_id):
    answer = client.brackets(event_id=event_id)
    assert len(answer["data"]) == 50 < answer["meta"]["total_count"]


def test_it_reads_intervals_and_waves(client, event_id):
    intervals = client.intervals(event_id=event_id)["data"]
    assert sum(interval["interval_is_full"] == "1" for interval in intervals) == 2
    assert client.interval(intervals[0]["interval_id"])["data"] == intervals[0]
    assert [wave["wave_name"] for wave in client.waves(event_id=event_id)["data"]][:3] == [
        "Wave 1",
        "Wave 2",
        "Wave 3",
    ]


def test_wrong_credentials_come_back_as_a_status(client):
    client.user_pass_sha1, right = "0" * 40, client.user_pass_sha1
    try:
        assert client.request("event")["error"] == {"status": 401}
    finally:
        client.user_pass_sha1 = right
