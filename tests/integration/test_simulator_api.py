"""The simulator over HTTP, in a process of its own, after the race and in the midst of it."""

import os
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path

import pytest
import requests

from providers.chronotrack_live.simulator.process import SimulatorError, SimulatorProcess
from providers.clock import Clock

START = datetime(2026, 5, 3, 13, 0, tzinfo=UTC)
HALFWAY = START + timedelta(hours=3, minutes=50)
STILL = 1e-9  # a race clock that all but stands

# What another process does: it uses a simulator until it is killed.
USER = """
import sys
from datetime import UTC, datetime
from providers.chronotrack_live.simulator.process import SimulatorProcess
with SimulatorProcess(race_start=datetime.now(UTC), athletes=20):
    print("in", flush=True)
    sys.stdin.readline()
"""


def simulator_at(instant):
    clock = Clock.running(datetime.now(UTC), (instant, STILL))
    return SimulatorProcess(race_start=START, athletes=300, seed=7, clock=clock)


class Client:
    """Asks as the first account, or as the second."""

    def __init__(self, simulator, user="demo", password="demo-password"):
        self.simulator = simulator
        self.session = requests.Session()
        self.session.auth = (f"{user}@chronotrack.test", password)

    def ask(self, path, **query):
        return self.session.get(f"{self.simulator.base_url}/{path}", params=query, timeout=30)

    def rows(self, path, **query):
        """All rows of a list, page by page."""
        found, page = [], 1
        while True:
            answer = self.ask(path, **{"size": "1000", **query}, page=page)
            (rows,) = answer.json().values()
            found += rows
            if page >= int(answer.headers["X-Ctlive-Page-Count"]):
                return found
            page += 1

    def event(self, name="Harbour City Marathon"):
        return next(e["event_id"] for e in self.rows("event") if e["event_name"] == name)


@pytest.fixture(scope="module")
def finished():
    with simulator_at(START + timedelta(days=2)) as simulator:
        client = Client(simulator)
        yield client
        client.session.close()


@pytest.fixture(scope="module")
def running():
    with simulator_at(HALFWAY) as simulator:
        client = Client(simulator)
        yield client
        client.session.close()


@pytest.fixture(scope="module")
def truth(finished):
    return {a["entry_id"]: a for a in finished.simulator.ground_truth(finished.event())["athletes"]}


def seconds(text):
    if not text:
        return None
    hours, minutes, rest = text.split(":")
    return round(int(hours) * 3600 + int(minutes) * 60 + float(rest), 3)


def test_every_list_has_its_wrapper_key_and_the_four_headers(finished):
    event = finished.event()
    race = finished.rows(f"event/{event}/race")[0]["race_id"]
    entry = finished.rows(f"race/{race}/entry")[0]["entry_id"]
    bracket = finished.rows(f"race/{race}/bracket")[0]["bracket_id"]
    interval = finished.rows(f"race/{race}/interval")[0]["interval_id"]
    lists = {"event": "event"}
    lists |= {
        f"event/{event}/{k}": f"event_{k}"
        for k in ("race", "entry", "results", "bracket", "interval", "wave")
    }
    lists |= {f"race/{race}/{k}": f"race_{k}" for k in ("entry", "results", "bracket", "interval", "wave")}
    lists |= {
        f"bracket/{bracket}/results": "bracket_results",
        f"interval/{interval}/results": "interval_results",
        f"entry/{entry}/results": "entry_results",
    }
    for path, key in lists.items():
        for answer in (
            finished.ask(path),
            finished.ask(path.replace("/", ".json/", 1)),
            finished.ask(path, format="json"),
        ):
            assert list(answer.json()) == [key]
            assert answer.json()[key]
            assert all(isinstance(value, str) for row in answer.json()[key] for value in row.values())
            for name in ("Row-Count", "Page-Count", "Page-Size", "Current-Page"):
                assert answer.headers[f"X-Ctlive-{name}"].isdecimal()


def test_every_single_resource_has_its_wrapper_key(finished):
    event = finished.event()
    ids = {"event": event}
    for kind in ("race", "entry", "bracket", "interval", "wave"):
        ids[kind] = finished.rows(f"event/{event}/{kind}")[0][f"{kind}_id"]
    for kind, number in ids.items():
        answer = finished.ask(f"{kind}/{number}")
        assert list(answer.json()) == [kind]
        assert answer.json()[kind][f"{kind}_id"] == number
        assert "X-Ctlive-Row-Count" not in answer.headers


def test_plural_paths_and_unknown_ids_are_not_found(finished):
    event = finished.event()
    for path in (
        "events",
        f"event/{event}/races",
        "event/1",
        "entry/x",
        f"entry/{event}",
        f"event/{event}/",
        "results",
    ):
        answer = finished.ask(path)
        assert answer.status_code == 404
        assert answer.json()["error"]


def test_pages_cover_every_row_once(finished):
    event = finished.event()
    for kind, key in (("entry", ("entry_id",)), ("results", ("results_entry_id", "results_interval_id"))):
        small = finished.rows(f"event/{event}/{kind}", size="37", interval="ALL")
        large = finished.rows(f"event/{event}/{kind}", interval="ALL")
        assert small == large
        assert len({tuple(row[name] for name in key) for row in small}) == len(small)


def test_headers_page_as_the_query_does(finished):
    path = f"{finished.simulator.base_url}/event/{finished.event()}/entry"
    headers = {"X-Ctlive-Page": "2", "X-Ctlive-Per-Page": "7"}
    answer = finished.session.get(path, headers=headers, timeout=30)
    assert answer.json() == finished.ask(f"event/{finished.event()}/entry", page=2, size=7).json()
    assert answer.headers["X-Ctlive-Current-Page"] == "2"
    assert answer.headers["X-Ctlive-Page-Size"] == "7"


def test_a_page_beyond_the_end_is_an_empty_list(finished):
    answer = finished.ask(f"event/{finished.event()}/results", page=999)
    assert answer.status_code == 200
    assert answer.json() == {"event_results": []}
    assert int(answer.headers["X-Ctlive-Row-Count"]) > 0


def test_columns_narrow_the_rows(finished):
    path = f"event/{finished.event()}/results"
    whole = finished.rows(path, bracket="SEX")
    for columns in (
        ["results_bib", "results_time"],
        ["results_rank"],
        ["results_bracket_name", "results_bib"],
        ["nothing"],
    ):
        narrow = finished.rows(path, bracket="SEX", columns=",".join(columns))
        assert narrow == [{name: row[name] for name in columns if name in row} for row in whole]


def test_test_entries_can_be_left_out(finished):
    path = f"event/{finished.event()}/entry"
    everyone, people = finished.rows(path), finished.rows(path, include_test_entries="false")
    assert len(everyone) == len(people) + 5 == 305
    assert finished.rows(path, include_test_entries="1") == everyone


def test_without_interval_the_full_course_and_the_leaderboard_splits_come(finished):
    path = f"event/{finished.event()}/results"
    names = {row["results_interval_name"] for row in finished.rows(path)}
    assert names == {"Half", "30K", "Full Course"}
    assert len({row["results_interval_name"] for row in finished.rows(path, interval="all")}) == 9
    by_name = finished.rows(path, interval="5K")
    assert {row["results_interval_name"] for row in by_name} == {"5K"}
    ids = {row["results_interval_id"] for row in by_name}
    by_path = [row for number in sorted(ids) for row in finished.rows(f"interval/{number}/results")]
    assert by_path == by_name


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


def test_brackets_by_name_by_id_and_by_path_are_the_same_list(finished):
    event = finished.event()
    race = finished.rows(f"event/{event}/race")[0]["race_id"]
    brackets = {b["bracket_name"]: b["bracket_id"] for b in finished.rows(f"race/{race}/bracket")}
    for name in ("Female", "M 40-44", "Female Locals"):
        by_path = finished.rows(f"bracket/{brackets[name]}/results")
        assert by_path
        assert by_path == finished.rows(f"race/{race}/results", bracket=name)
        assert by_path == finished.rows(f"race/{race}/results", bracket=brackets[name])
        assert {row["results_bracket_name"] for row in by_path} == {name}


def test_a_custom_sex_bracket_is_not_taken_for_the_plain_one(finished):
    rows = finished.rows(f"event/{finished.event()}/results", bracket="sex")
    assert {row["results_bracket_name"] for row in rows} == {"Female", "Male"}


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


def test_an_archived_event_is_listed_but_not_entered(finished):
    event = finished.event("Founders Mile")
    assert finished.ask(f"event/{event}").status_code == 200
    for kind in ("entry", "results", "race", "bracket", "interval", "wave"):
        answer = finished.ask(f"event/{event}/{kind}")
        assert answer.status_code == 400
        assert answer.json() == {"error": "Event is archived."}


def test_an_upcoming_event_has_entries_and_no_results(finished):
    event = finished.event("Winter Trail Run")
    assert finished.rows(f"event/{event}/entry")
    assert finished.ask(f"event/{event}/results", interval="ALL").json() == {"event_results": []}


def test_an_account_sees_its_own_events_only(finished):
    second = Client(finished.simulator, "demo2", "demo-password-2")
    names = {e["event_name"] for e in finished.rows("event")}
    others = {e["event_name"] for e in second.rows("event")}
    assert names & others == {"Harbour City 5K"}
    assert others == {"Harbour City 5K", "Lakeside Half Marathon", "Lakeside Winter 10K"}
    event = second.event("Lakeside Half Marathon")
    assert finished.ask(f"event/{event}").status_code == 404
    assert finished.ask(f"event/{event}/results").status_code == 404
    second.session.close()


def test_all_three_ways_in_open_the_api(finished):
    root = finished.simulator.root_url
    client_id, user, password = "demo0001", "demo@chronotrack.test", "demo-password"
    secret = sha1(client_id.encode()).hexdigest()
    grant = {"grant_type": "password", "username": user, "password": password}
    by_query = requests.get(f"{root}/oauth2/token", params=grant, auth=(client_id, secret), timeout=30).json()
    by_form = requests.post(f"{root}/oauth2/token", data=grant, auth=(client_id, secret), timeout=30).json()
    assert by_query["access_token"] == by_form["access_token"]
    assert 259_000 < by_form["expires_in"] <= by_query["expires_in"] <= 259_199
    bearer = {"Authorization": f"Bearer {by_form['access_token']}"}
    simple = {"client_id": client_id, "user_id": user, "user_pass": sha1(password.encode()).hexdigest()}
    url = f"{root}/api/event"
    assert requests.get(url, params={"client_id": client_id}, headers=bearer, timeout=30).status_code == 200
    assert requests.get(url, params=simple, timeout=30).status_code == 200
    assert requests.get(url, auth=(user, password), timeout=30).status_code == 200


def test_no_and_wrong_credentials_are_refused(finished):
    url = f"{finished.simulator.base_url}/event"
    for auth in (None, ("demo@chronotrack.test", "wrong")):
        answer = requests.get(url, auth=auth, timeout=30)
        assert answer.status_code == 401
        assert answer.json()["error"]


def test_the_ground_truth_knows_every_event_of_every_account(finished):
    answer = requests.get(f"{finished.simulator.root_url}/ground-truth", timeout=30)
    assert len(answer.json()["event_ids"]) == 10
    for event_id in answer.json()["event_ids"]:
        assert finished.simulator.ground_truth(event_id)["event_id"] == event_id


def test_it_ends_quietly_when_it_is_told_to():
    with simulator_at(START) as simulator:
        os.kill(simulator.pid, signal.SIGTERM)
        assert simulator.wait() == 0


def test_a_simulator_that_cannot_start_says_why(finished):
    port = int(finished.simulator.root_url.rpartition(":")[2])
    with (
        pytest.raises(SimulatorError, match="address already in use"),
        SimulatorProcess(race_start=START, athletes=20, port=port),
    ):
        pass


def test_one_that_was_started_from_a_thread_outlives_the_thread():
    with ExitStack() as stack:
        with ThreadPoolExecutor() as threads:
            simulator = threads.submit(stack.enter_context, simulator_at(START)).result()
        with pytest.raises(subprocess.TimeoutExpired):
            simulator._process.wait(0.5)
        assert simulator.event_ids()


@pytest.mark.skipif(sys.platform != "linux", reason="there it does not, and this reads /proc")
def test_it_ends_with_a_user_that_is_killed():
    with subprocess.Popen(
        [sys.executable, "-c", USER],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as user:
        assert user.stdout.readline() == "in\n"
        children = Path(f"/proc/{user.pid}/task").glob("*/children")
        (pid,) = (pid for task in children for pid in task.read_text().split())
        simulator = os.pidfd_open(int(pid))
        user.kill()
    try:
        assert select.select([simulator], [], [], 20)[0]
    finally:
        os.close(simulator)
