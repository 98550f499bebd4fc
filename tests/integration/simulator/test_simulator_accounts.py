"""What an account may see of the simulator's events, and the ways in."""

from hashlib import sha1

import requests

from tests.integration.simulator.conftest import Client


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
