"""A recording served again: a fault that was met once is met here as often as a test wants."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from werkzeug import Response

from providers.chronotrack_live.simulator.command import command
from providers.chronotrack_live_adapter import ChronoTrackLiveAdapter
from providers.clock import Clock
from providers.errors import AnswerUnusable
from providers.rate_limit import Limit, RequestBudget
from providers.recording import Recording
from providers.records import Credentials
from tests.recorded_answers import answer

ADDRESS = "ChronoTrack Live simulator at "
CREDENTIALS = ("client_id", "user_id", "user_pass")
HTML = b"<html>Down for maintenance</html>"


def simulate(*options):
    return subprocess.Popen(
        [sys.executable, "-m", "providers.chronotrack_live.simulator", "--port", "0", *map(str, options)],
        cwd=Path(__file__).resolve().parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def replayed(folder):
    """The base URL at which a process serves a recording."""
    with simulate("--replay", folder) as process:
        line = process.stdout.readline()
        try:
            assert line.startswith(ADDRESS), process.communicate(timeout=10)[1]
            yield line.removeprefix(ADDRESS).strip()
        finally:
            process.terminate()
            _, said = process.communicate(timeout=10)
        assert (process.returncode, said) == (0, "")


def record(folder, *answers):
    recording = Recording(folder, [])
    for one in answers:
        recording.keep(one)


def ask(base_url, path, **query):
    return requests.get(f"{base_url}/{path}", params=query, timeout=30)


def test_each_request_has_its_answers_in_order_and_the_last_one_again(tmp_path):
    record(
        tmp_path,
        answer("event", b"first", query={"page": "1", "size": "9"}),
        answer("event", b"page 2", query={"page": "2", "size": "9"}),
        answer("event", b"second", query={"size": "9", "page": "1"}),
        answer("event", b"third", query={"page": "1", "size": "9"}),
        answer("event/1", b"another"),
    )
    with replayed(tmp_path) as url:
        firsts = [ask(url, "event", size=9, page=1).content for _ in range(5)]
        assert firsts == [b"first", b"second", b"third", b"third", b"third"]
        assert ask(url, "event", page=2, size=9).content == b"page 2"
        assert [ask(url, "event/1").content for _ in range(2)] == [b"another", b"another"]


def test_an_answer_comes_as_it_was_recorded(tmp_path):
    page = json.dumps({"event_results": [{"results_bib": "1", "results_name": "Zoë"}]}).encode()
    recorded = [
        answer("json", page, headers={"Content-Type": "application/json", "X-Ctlive-Row-Count": "1"}),
        answer("bytes", bytes(range(256)), headers={"Content-Type": "text/html; charset=latin-1"}),
        answer("bare", b"{}", headers={}),
        answer(
            "busy", b"later", status=503, headers={"Retry-After": "7", "Date": "Sun, 03 May 2026 13:00 GMT"}
        ),
        answer("odd", b"?", status=599, headers={"Cache-Control": "no-store"}),
        answer("nothing", b""),
        answer("gone", b"", status=204, headers={}),
        answer("elsewhere", b"", status=302, headers={"X-Served-By": "proxy, 2"}),
    ]
    record(tmp_path, *recorded)
    with replayed(tmp_path) as url:
        for one in recorded:
            came = requests.get(f"{url}/{one.path}", timeout=30, allow_redirects=False)
            of_transport = {"Content-Length", "Connection"}
            headers = {name: value for name, value in came.headers.items() if name not in of_transport}
            assert (came.status_code, headers, came.content) == (one.status, one.headers, one.body)


def test_any_credentials_are_right_and_tell_requests_not_apart(tmp_path):
    record(tmp_path, answer("event", b"1", query={"page": "1"}), answer("event", b"2", query={"page": "1"}))
    with replayed(tmp_path) as url:
        granted = requests.post(
            url.removesuffix("/api") + "/oauth2/token", auth=("a", "b"), timeout=30
        ).json()
        assert granted == requests.get(url.removesuffix("/api") + "/oauth2/token", timeout=30).json() | {
            name: granted[name] for name in ("access_token", "refresh_token")
        }
        bearer = {"Authorization": f"Bearer {granted['access_token']}"}
        first = requests.get(f"{url}/event?client_id=x&page=1", headers=bearer, timeout=30)
        second = ask(url, "event", user_id="any", user_pass="any", page=1)
        assert (first.content, second.content) == (b"1", b"2")


def test_escapes_and_empty_values_of_a_request_are_told_as_they_were_recorded(tmp_path):
    record(
        tmp_path,
        answer("event/a%2Fb%20c/results", b"escaped", query={"bracket": "M 40-44 & Ü", "search": ""}),
        answer("event/a%2Fb%20c/results", b"plain"),
    )
    with replayed(tmp_path) as url:
        path = "event/a%2Fb%20c/results"
        assert ask(url, path, search="", bracket="M 40-44 & Ü").content == b"escaped"
        assert ask(url, path).content == b"plain"


def test_an_unknown_request_is_answered_with_its_path_and_query_but_no_credentials(tmp_path):
    record(tmp_path, answer("event", query={"page": "1"}))
    with replayed(tmp_path) as url:
        secret = dict.fromkeys(CREDENTIALS, "open-sesame")
        unknown = ask(url, "event/7/results", page="1", interval="ALL", **secret)
        bare = ask(url, "event", **secret)
    assert (unknown.status_code, bare.status_code) == (404, 404)
    assert unknown.json() == {
        "error": "This recording holds no answer to event/7/results?interval=ALL&page=1."
    }
    assert bare.json() == {"error": "This recording holds no answer to event."}


def test_where_no_answer_came_the_connection_is_closed_without_one(tmp_path):
    record(
        tmp_path,
        answer("event", b"", status=None, headers={}, failure="no answer in time"),
        answer("event", b"{}"),
        answer("event/1", b"{}"),
    )
    with replayed(tmp_path) as url, requests.Session() as session:
        session.get(f"{url}/event/1", timeout=30)
        with pytest.raises(requests.ConnectionError, match="closed connection without response"):
            session.get(f"{url}/event", timeout=30)
        assert session.get(f"{url}/event", timeout=30).content == b"{}"


def test_the_only_recording_in_a_folder_is_taken(tmp_path):
    record(tmp_path / "partner-7", answer("event", b"seven"))
    (tmp_path / "notes").mkdir()
    with replayed(tmp_path) as url:
        assert ask(url, "event").content == b"seven"


def test_of_several_recordings_one_must_be_chosen(tmp_path):
    record(tmp_path / "partner-7")
    record(tmp_path / "partner-8")

    with simulate("--replay", tmp_path) as process:
        out, said = process.communicate(timeout=30)

    assert (process.returncode, out) == (2, "")
    assert "Traceback" not in said
    assert f"several recordings, give one of them: {tmp_path}/partner-7, {tmp_path}/partner-8." in said


def refused(*options):
    """What the command says when it does not even start to serve."""
    done = CliRunner().invoke(command, list(map(str, options)))
    assert (done.exit_code, type(done.exception)) == (2, SystemExit)
    return done.output


def test_what_cannot_be_replayed_is_said(tmp_path):
    assert "does not exist" in refused("--replay", tmp_path / "missing")
    assert "holds no recording" in refused("--replay", tmp_path)
    (tmp_path / "answers.jsonl").write_text("nonsense\n")
    assert "Line 1 of" in refused("--replay", tmp_path)


@pytest.mark.parametrize(
    "option",
    [
        ("--race-start", "now"),
        ("--athletes", "7"),
        ("--seed", "2013"),
        ("--variant", "empty=null"),
        ("--fault", "html"),
    ],
)
def test_a_replay_builds_no_world(tmp_path, option):
    record(tmp_path)

    assert f"--replay builds no world: leave out {option[0]}." in refused("--replay", tmp_path, *option)


def test_a_replay_ends_when_its_port_is_taken(tmp_path):
    record(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with simulate("--replay", tmp_path, "--port", port) as process:
            _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "address already in use" in said


@contextmanager
def adapter_at(base_url, folder):
    credentials = Credentials(
        credentials_id=1,
        timing_partner_id=7,
        partner_name="Harbour Timing",
        provider_id=1,
        data_source="chronotrack_live",
        principal="demo@chronotrack.test",
        secret="demo-password",
        additional_config={"base_url": base_url},
    )
    opened = ChronoTrackLiveAdapter(credentials, RequestBudget(folder, "test", Limit(), Clock()))
    yield opened
    opened.close()


def two_collections(adapter, event_id):
    """What the adapter makes of an event whose first answer is a page of HTML, and of the next answers."""
    with pytest.raises(AnswerUnusable) as unusable:
        adapter.get_results(event_id)
    snapshot = adapter.get_results(event_id)
    return str(unusable.value), list(snapshot.records), snapshot.complete, snapshot.unsure


def test_the_adapter_meets_in_the_replay_what_it_met_at_the_partner(tmp_path, httpserver, finished):
    recording = Recording(tmp_path / "recording", [])

    def partner(request):
        """Answer as the simulator does, but with a page of HTML at first; record what was answered."""
        path = request.path.removeprefix("/api/")
        query = {name: value for name, value in request.args.items() if name not in CREDENTIALS}
        status, headers, body = 200, {"Content-Type": "text/html"}, HTML
        if httpserver.log:
            came = finished.ask(path, **query)
            status, headers, body = came.status_code, came.headers, came.content
        recording.keep(answer(path, body, query=query, status=status, headers=headers))
        needed = {name: headers[name] for name in headers if name.startswith(("X-", "Content-Type"))}
        return Response(body, status, needed)

    httpserver.expect_request(re.compile("/api/.*")).respond_with_handler(partner)
    event = finished.event()
    with adapter_at(httpserver.url_for("/api"), tmp_path) as adapter:
        met = two_collections(adapter, event)
    assert len(met[1]) > 250

    with replayed(tmp_path) as url, adapter_at(url, tmp_path) as adapter:
        assert two_collections(adapter, event) == met
