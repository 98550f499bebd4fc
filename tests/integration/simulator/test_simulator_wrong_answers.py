"""What goes wrong with the simulated API's lists, fault by fault, and that it comes right after."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha1
from itertools import count

import pytest
import requests

from providers.chronotrack_live.simulator import __name__ as simulator_package
from providers.chronotrack_live.simulator.faults import IN_TURN, STANDING
from tests.integration.simulator.conftest import Client, small_simulator

PAUSE, SIP_PAUSE, MEGABYTES = 0.05, 0.001, 2.5
AMOUNTS = {"slow": PAUSE, "trickle": SIP_PAUSE, "huge": MEGABYTES}
AUTH = ("demo@chronotrack.test", "demo-password")
TURNS = [f"{name}={AMOUNTS[name]}" if name in AMOUNTS else name for name in IN_TURN]


@pytest.fixture(scope="module")
def failing():
    """A client of a simulator on which every fault that takes turns has its turn."""
    with small_simulator(faults=TURNS) as simulator:
        client = Client(simulator)
        yield client
        client.session.close()


@pytest.fixture(scope="module")
def standing():
    """A client of a simulator with every fault that holds always."""
    with small_simulator(faults=list(STANDING)) as simulator:
        client = Client(simulator)
        yield client
        client.session.close()


@pytest.fixture(scope="module")
def event(failing):
    """The marathon's id."""
    (event_id,) = (
        event_id
        for event_id in failing.simulator.event_ids()
        if failing.simulator.ground_truth(event_id)["event_name"] == "Harbour City Marathon"
    )
    return event_id


_marks = count()


def request_of(client, path, **query):
    """A request that nobody made before, to be made as often as one likes."""
    mark = str(next(_marks))
    return lambda **more: client.session.get(
        f"{client.simulator.base_url}/{path}", params={"mark": mark, **query}, timeout=30, **more
    )


def meet(client, fault, path, **query):
    """Ask until the fault has its turn; return its answer, or error, and the next answer."""
    ask = until(client, fault, path, **query)
    return try_to(ask), ask()


def until(client, fault, path, **query):
    """Ask until the fault has its turn next; return what asks once more."""
    ask = request_of(client, path, **{"size": "5", **query})
    for _ in range(2 * list(IN_TURN).index(fault)):
        try_to(ask)
    return ask


def try_to(ask):
    try:
        return ask()
    except requests.RequestException as error:
        return error


@pytest.mark.parametrize("fault", IN_TURN)
def test_after_a_wrong_answer_comes_the_right_one(failing, event, fault):
    _, right = meet(failing, fault, f"event/{event}/entry")
    assert right.status_code == 200
    assert len(right.json()["event_entry"]) == 5
    assert right.headers["X-Ctlive-Row-Count"] == "65"


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("server_error", 500, "text/html"),
        ("unavailable", 503, "application/json"),
        ("too_many", 429, "application/json"),
        ("too_many_seconds", 429, "application/json"),
        ("too_many_date", 429, "application/json"),
        ("html", 200, "text/html"),
        ("empty_body", 200, "application/json"),
        ("array", 200, "application/json"),
        ("error_object", 200, "application/json"),
    ],
)
def test_some_faults_answer_something_else(failing, event, fault, status, kind):
    wrong, _ = meet(failing, fault, f"event/{event}/entry")
    assert (wrong.status_code, wrong.headers["Content-Type"].partition(";")[0]) == (status, kind)


def test_what_is_not_the_list_is_html_nothing_an_array_or_an_error(failing):
    bodies = {
        fault: meet(failing, fault, "event")[0] for fault in ("html", "empty_body", "array", "error_object")
    }
    assert bodies["html"].text.startswith("<!DOCTYPE html>")
    assert bodies["empty_body"].content == b""
    assert bodies["array"].json() == []
    assert list(bodies["error_object"].json()) == ["error"]


def test_a_refusal_may_say_when_to_come_again(failing):
    asked = {f: meet(failing, f, "event")[0].headers for f in IN_TURN if f.startswith(("unav", "too_many"))}
    dated = parsedate_to_datetime(asked.pop("too_many_date")["Retry-After"])
    assert abs(datetime.now(UTC) - dated) < timedelta(seconds=30)
    assert {fault: headers.get("Retry-After") for fault, headers in asked.items()} == {
        "unavailable": "0",
        "too_many": None,
        "too_many_seconds": "0",
    }


def test_a_truncated_answer_claims_to_be_whole(failing, event):
    wrong, right = meet(failing, "truncated", f"event/{event}/results")
    assert wrong.status_code == 200
    assert wrong.content == right.content[: len(right.content) // 2]
    assert wrong.headers["Content-Length"] == str(len(wrong.content))
    assert wrong.headers["X-Ctlive-Row-Count"] == right.headers["X-Ctlive-Row-Count"]


def test_a_broken_off_answer_ends_before_its_announced_length(failing, event):
    ask = until(failing, "broken_off", f"event/{event}/results")
    received = bytearray()
    with ask(stream=True) as wrong:
        arriving = map(received.extend, wrong.iter_content(1))
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            list(arriving)
    right = ask()
    assert wrong.status_code == 200
    assert wrong.headers["Content-Length"] == str(len(right.content))
    assert received == right.content[: len(right.content) // 2]


def test_a_reset_connection_gives_no_answer(failing):
    wrong, _ = meet(failing, "reset", "event")
    assert isinstance(wrong, requests.ConnectionError)


def test_a_slow_answer_is_right_in_the_end(failing, event):
    wrong, right = meet(failing, "slow", f"event/{event}/entry")
    assert wrong.elapsed >= timedelta(seconds=PAUSE)
    assert wrong.content == right.content


def test_a_trickling_answer_takes_its_time_and_is_right_in_the_end(failing, event):
    ask = until(failing, "trickle", f"event/{event}/entry")
    begun = time.monotonic()
    wrong = ask()
    assert time.monotonic() - begun >= len(wrong.content) // 16 * SIP_PAUSE
    assert wrong.content == ask().content


def test_a_huge_answer_is_right_behind_its_blanks(failing, event):
    wrong, right = meet(failing, "huge", f"event/{event}/entry")
    assert len(wrong.content) == len(right.content) + 2_500_000
    assert wrong.json() == right.json()
    assert "Content-Length" not in wrong.headers
    assert wrong.headers["X-Ctlive-Row-Count"] == right.headers["X-Ctlive-Row-Count"]


def test_it_says_nothing_of_those_who_hang_up_in_the_midst():
    with subprocess.Popen(
        [sys.executable, "-m", simulator_package, "--port=0", "--athletes=20", "--fault=huge=50"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as simulator:
        url = f"{simulator.stdout.readline().split()[-1]}/event"
        with requests.get(url, auth=AUTH, stream=True, timeout=30) as wrong:
            assert wrong.raw.read(1) == b"{"
        assert requests.get(url, auth=AUTH, timeout=30).ok
        simulator.terminate()
        assert simulator.communicate(timeout=30) == ("", "")
        assert simulator.returncode == 0


def test_a_moving_list_loses_a_row_between_its_pages(failing, event):
    path = f"event/{event}/entry"
    pages = (meet(failing, "moving", path, size="20", page=page) for page in (1, 2, 3, 4))
    odd, even = zip(*pages, strict=True)
    lost, whole = (
        [e["entry_id"] for page in pages for e in page.json()["event_entry"]] for pages in (odd, even)
    )
    assert lost == whole[:20] + whole[21:]
    assert len(whole) == 65
    assert {page.headers["X-Ctlive-Row-Count"] for page in odd} == {"65"}


def test_several_faults_take_turns_in_their_order(failing):
    ask = request_of(failing, "event", size="1")
    answers = [try_to(ask) for _ in range(2 * len(IN_TURN) + 1)]
    assert [getattr(answer, "status_code", None) for answer in answers[:10:2]] == [500, 503, 429, 429, 429]
    assert all(answer.ok for answer in answers[1::2])
    assert answers[-1].status_code == 500


def test_credentials_make_no_difference_between_requests(failing):
    ask = request_of(failing, "event")
    simple = {
        "client_id": "demo0001",
        "user_id": "demo@chronotrack.test",
        "user_pass": sha1(b"demo-password").hexdigest(),
    }
    url = ask().url
    assert requests.get(url, params=simple, timeout=30).status_code == 200


def test_what_is_no_list_never_fails(failing, event):
    assert request_of(failing, f"event/{event}")().json()["event"]["event_id"] == event
    assert failing.simulator.ground_truth(event)["athletes"]
    grant = {"grant_type": "password", "username": "demo@chronotrack.test", "password": "demo-password"}
    url = f"{failing.simulator.root_url}/oauth2/token"
    auth = ("demo0001", sha1(b"demo0001").hexdigest())
    assert requests.get(url, params=grant, auth=auth, timeout=30).json()["access_token"]


def test_pages_can_overlap_and_the_last_repeat_the_first(standing):
    path = f"event/{standing.event()}/entry"
    pages = [standing.page(path, size=20, page=number) for number in range(1, 6)]
    first, second, third, last, beyond = ([entry["entry_id"] for entry in page] for page in pages)
    assert second[:3] == first[-3:]
    assert third[:3] == second[-3:]
    assert last[:3] == third[-3:]
    assert last[-20:] == first
    assert [len(page) for page in (first, second, third, last, beyond)] == [20, 23, 23, 28, 0]
    rows = [*first, *second[3:], *third[3:], *last[3:-20]]
    assert len(set(rows)) == len(rows) == 65


def test_a_token_can_expire_after_five_requests(standing):
    url = f"{standing.simulator.root_url}/oauth2/token"
    grant = {"grant_type": "password", "username": "demo@chronotrack.test", "password": "demo-password"}
    auth = ("demo0001", sha1(b"demo0001").hexdigest())
    event = standing.event()
    for _ in range(2):
        token = requests.get(url, params=grant, auth=auth, timeout=30).json()["access_token"]
        asked = [
            requests.get(
                f"{standing.simulator.base_url}/{path}",
                params={"client_id": "demo0001"},
                headers={"Authorization": f"Bearer {token}"},
                timeout=30,
            ).status_code
            for path in ("event", f"event/{event}", f"event/{event}/entry", *["event"] * 4)
        ]
        assert asked == [200] * 5 + [401] * 2
