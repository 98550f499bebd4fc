"""The client over real HTTP: what it sends, what it makes of every answer, and what it never tells."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import socket
import sqlite3
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog
from structlog.testing import capture_logs
from werkzeug import Response

from providers import statistics
from providers.chronotrack_live.client import ChronoTrackLiveClient
from providers.chronotrack_live.settings import ChronoTrackLiveSettings
from providers.chronotrack_live_adapter import ChronoTrackLiveAdapter
from providers.clock import Clock
from providers.errors import (
    AnswerUnusable,
    ApiUnreachable,
    CredentialsRefused,
    EventArchived,
    IntegrationError,
    NotFound,
    ServerFailed,
    TooManyRequests,
)
from providers.rate_limit import Limit, RequestBudget
from providers.records import Credentials

USER = "timing@harbour.example.test"
PASSWORD = "open sésame & more"
DIGEST = hashlib.sha256(PASSWORD.encode()).hexdigest()
ENTRIES = "/api/event/77/entry"


@pytest.fixture
def base_url(httpserver):
    return httpserver.url_for("/api")


@pytest.fixture
def open_client(base_url):
    """A maker of clients that try each request once."""
    opened = []

    def make(**settings):
        made = ChronoTrackLiveSettings(
            **{"base_url": base_url, "user": USER, "secret": PASSWORD, "timeout": 20, **settings}
        )
        opened.append(ChronoTrackLiveClient(made, lambda request: request()))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def adapter(base_url, tmp_path):
    """The real adapter, which repeats what may go well later."""
    credentials = Credentials(
        credentials_id=1,
        timing_partner_id=7,
        partner_name="Harbour Timing",
        provider_id=1,
        principal=USER,
        secret=PASSWORD,
        additional_config={"base_url": base_url},
    )
    opened = ChronoTrackLiveAdapter(credentials, RequestBudget(tmp_path, "test", Limit(), Clock()))
    yield opened
    opened.close()


def entries(client, is_new=lambda row: True, **parameters):
    return list(client.listing("event/77/entry", "event_entry", is_new, **parameters))


def page(rows, count=None, pages=1):
    count = len(rows) if count is None else count
    headers = {"X-Ctlive-Row-Count": str(count), "X-Ctlive-Page-Count": str(pages)}
    return Response(json.dumps({"event_entry": rows}), headers=headers, content_type="application/json")


# What is sent -------------------------------------------------------------------------------------


def test_a_request_asks_for_a_page_in_the_query_and_in_the_headers(httpserver, open_client):
    httpserver.expect_request(ENTRIES).respond_with_response(page([{"entry_id": "1"}]))
    assert entries(open_client(), include_test_entries="false") == [{"entry_id": "1"}]

    [(request, _)] = httpserver.log
    assert dict(request.args) == {
        "format": "json",
        "include_test_entries": "false",
        "page": "1",
        "size": "1000",
    }
    assert request.headers["X-Ctlive-Page"] == "1"
    assert request.headers["X-Ctlive-Per-Page"] == "1000"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Authorization"] == f"Basic {b64encode(f'{USER}:{DIGEST}'.encode()).decode()}"


def test_every_page_names_itself(httpserver, open_client):
    httpserver.expect_request(ENTRIES).respond_with_handler(
        lambda request: page([{"entry_id": request.args["page"]}], count=5, pages=5)
    )
    assert [row["entry_id"] for row in entries(open_client())] == ["1", "2", "3", "4", "5"]
    assert {request.headers["X-Ctlive-Page"] for request, _ in httpserver.log} == set("12345")


@pytest.mark.parametrize(("client_id", "sent"), [("abcd1234", {"client_id": "abcd1234"}), (None, {})])
def test_the_client_id_is_sent_when_there_is_one(httpserver, open_client, client_id, sent):
    httpserver.expect_request(ENTRIES).respond_with_response(page([]))
    entries(open_client(client_id=client_id))
    [(request, _)] = httpserver.log
    assert {name: value for name, value in request.args.items() if name == "client_id"} == sent


def test_simple_auth_puts_login_and_digest_into_the_query(httpserver, open_client):
    httpserver.expect_request(ENTRIES).respond_with_response(page([]))
    entries(open_client(auth="simple", client_id="abcd1234", password_digest="plain"))
    [(request, _)] = httpserver.log
    assert (request.args["user_id"], request.args["user_pass"]) == (USER, PASSWORD)
    assert "Authorization" not in request.headers


def test_the_probe_asks_for_one_event(httpserver, open_client):
    httpserver.expect_request("/api/event").respond_with_json({"event": []})
    open_client().probe()
    [(request, _)] = httpserver.log
    assert (request.args["page"], request.args["size"]) == ("1", "1")


def test_credentials_of_the_environment_are_not_added_to_a_request(
    httpserver, open_client, monkeypatch, tmp_path
):
    (tmp_path / "netrc").write_text("default login intruder password stolen")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    httpserver.expect_request(ENTRIES).respond_with_response(page([]))
    entries(open_client(auth="simple", client_id="abcd1234"))
    [(request, _)] = httpserver.log
    assert "Authorization" not in request.headers


def test_a_proxy_of_the_environment_is_used(httpserver, open_client, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    httpserver.expect_request(ENTRIES).respond_with_response(page([]))
    with pytest.raises(ApiUnreachable):
        entries(open_client())


# What is made of an answer ------------------------------------------------------------------------


def test_a_compressed_answer_is_read(httpserver, open_client):
    body = gzip.compress(json.dumps({"event_entry": [{"entry_id": "1"}]}).encode())
    headers = {"Content-Encoding": "gzip"}
    httpserver.expect_request(ENTRIES).respond_with_data(
        body, headers=headers, content_type="application/json"
    )
    assert entries(open_client()) == [{"entry_id": "1"}]


def test_an_answer_is_counted(httpserver, open_client):
    answer = page([{"entry_id": "1"}, {"entry_id": "2"}])
    httpserver.expect_request(ENTRIES).respond_with_response(answer)
    with statistics.measured() as counted:
        entries(open_client())
    assert (counted.requests, counted.rows_read) == (1, 2)
    assert counted.bytes_read == len(answer.get_data())


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (rb'{"event_entry": [{"entry_id": "1", "entry_name": "Jo\ud83d"}]}', [("1", "Jo\ud83d")]),
        (rb'{"event_entry": [{"entry_id": "1", "entry_name": "\ud83d\ude00"}]}', [("1", "\U0001f600")]),
        (rb'{"event_entry": [{"entry_id": "1", "entry_name": "Jo\u0000"}]}', [("1", "Jo\x00")]),
        (b'{"event_entry": [{"entry_id": "1", "entry_name": "Jos\xe9"}]}', [("1", "Jos\udce9")]),
        (b'\xef\xbb\xbf{"event_entry": [{"entry_id": "1", "entry_name": "Jo"}]}', [("1", "Jo")]),
        (b'{"event_entry": [{"entry_id": 1, "entry_name": NaN}]}', [(1, "NaN")]),
        (b'{"event_entry": [{"entry_id": 123456789012345678901, "entry_name": -Infinity}]}', None),
    ],
)
def test_a_text_that_is_not_quite_right_does_not_cost_the_page(httpserver, open_client, body, rows):
    httpserver.expect_request(ENTRIES).respond_with_data(body, content_type="application/json")
    read = [(row["entry_id"], row["entry_name"]) for row in entries(open_client())]
    assert read == (rows or [(123456789012345678901, "-Infinity")])


def test_half_a_surrogate_pair_comes_through_as_a_participant_that_can_be_stored(httpserver, adapter):
    body = rb'{"event_entry": [{"entry_id": "1", "athlete_first_name": "Jo\ud83d"}, {"entry_id": "2"}]}'
    httpserver.expect_request(ENTRIES).respond_with_data(body, content_type="application/json")
    first, second = adapter.get_participants("77").records
    assert (first.first_name, first.additional_data) == ("Jo\ufffd", {"athlete_first_name": "Jo\\ud83d"})
    assert second.provider_participant_id == "2"


def test_rows_that_are_no_objects_are_set_aside_and_their_neighbours_kept(httpserver, adapter):
    httpserver.expect_request(ENTRIES).respond_with_response(
        page([None, "text", 7, ["list"], {}, {"entry_id": "1"}])
    )
    snapshot = adapter.get_participants("77")
    assert [entry.provider_participant_id for entry in snapshot.records] == ["1"]
    assert [error.payload for error in snapshot.rejected] == [
        {"row": None},
        {"row": "text"},
        {"row": 7},
        {"row": ["list"]},
        {},
    ]


ARCHIVED = '{"error": "Event is archived."}'


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, "<html>Maintenance</html>", AnswerUnusable),
        (200, '{"event_entry": [{"entry_id": "1"}', AnswerUnusable),
        (200, "", AnswerUnusable),
        (200, "null", AnswerUnusable),
        (200, '[{"entry_id": "1"}]', AnswerUnusable),
        (200, '"entries"', AnswerUnusable),
        (200, '{"error": "no such event"}', AnswerUnusable),
        (200, '{"error": "no such event", "code": 7}', AnswerUnusable),
        (200, "{}", AnswerUnusable),
        (200, '{"entries": []}', AnswerUnusable),
        (200, '{"event_entry": {}}', AnswerUnusable),
        (200, '{"event_entry": null}', AnswerUnusable),
        (200, '{"a":' * 100_000, AnswerUnusable),
        (200, '{"event_entry": ' + "[" * 100_000 + "]" * 100_000 + "}", AnswerUnusable),
        (200, ARCHIVED, EventArchived),
        (200, '{"error": "EVENT IS ARCHIVED", "code": 400}', EventArchived),
        (200, "Event is archived.", EventArchived),
        (204, "", AnswerUnusable),
        (304, "", AnswerUnusable),
        (400, '{"error": "bad parameter"}', AnswerUnusable),
        (400, ARCHIVED, EventArchived),
        (403, ARCHIVED, EventArchived),
        (500, ARCHIVED, EventArchived),
        (401, '{"error": "who are you?"}', CredentialsRefused),
        (403, "forbidden", CredentialsRefused),
        (404, '{"error": "Not Found"}', NotFound),
        (405, "", AnswerUnusable),
        (410, "", AnswerUnusable),
        (418, "teapot", AnswerUnusable),
        (429, "slow down", TooManyRequests),
        (500, "oops", ServerFailed),
        (502, "<html>Bad Gateway</html>", ServerFailed),
        (503, "", ServerFailed),
        (599, "", ServerFailed),
    ],
)
def test_an_answer_that_is_no_list_is_an_error_of_its_kind(httpserver, open_client, status, body, error):
    httpserver.expect_request(ENTRIES).respond_with_data(body, status=status)
    with pytest.raises(error) as raised:
        entries(open_client())
    assert type(raised.value) is error
    assert len(httpserver.log) == 1


def test_the_word_archived_in_a_list_is_only_a_word(httpserver, open_client):
    httpserver.expect_request(ENTRIES).respond_with_response(page([{"entry_name": "Event is archived."}]))
    assert entries(open_client()) == [{"entry_name": "Event is archived."}]


def test_an_address_without_a_list_of_events_is_not_the_api(httpserver, adapter):
    httpserver.expect_request("/api/event").respond_with_data("nothing here", status=404)
    with pytest.raises(AnswerUnusable, match="check base_url"):
        adapter.authenticate()


def test_a_redirect_is_not_followed(httpserver, open_client):
    elsewhere = httpserver.url_for("/elsewhere")
    httpserver.expect_request(ENTRIES).respond_with_data("", status=302, headers={"Location": elsewhere})
    httpserver.expect_request("/elsewhere").respond_with_response(page([]))
    with pytest.raises(AnswerUnusable, match=r"redirects elsewhere .* check base_url"):
        entries(open_client())
    assert [request.path for request, _ in httpserver.log] == [ENTRIES]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("0", 0), ("7", 7), (" 7 ", 7)),
        *(
            (odd, None)
            for odd in ("", "²", "1.5", "-1", "soon", "9" * 5_000, "Wed, 21 Oct 2026 07:28:00 GMT")
        ),
    ],
)
@pytest.mark.parametrize(("status", "error"), [(429, TooManyRequests), (503, ServerFailed)])
def test_the_wait_that_the_api_asks_for_is_known(httpserver, open_client, status, error, header, seconds):
    headers = {"Retry-After": header}
    httpserver.expect_request(ENTRIES).respond_with_data("", status=status, headers=headers)
    with pytest.raises(error) as raised:
        entries(open_client())
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize("odd", ["many", "²", "-1", "1.5", "", "9" * 5_000])
def test_counts_that_are_no_numbers_are_no_counts(httpserver, open_client, odd):
    def answer(request):
        rows = [{"entry_id": "1"}] if request.args["page"] == "1" else []
        headers = {"X-Ctlive-Row-Count": odd, "X-Ctlive-Page-Count": odd}
        return Response(json.dumps({"event_entry": rows}), headers=headers)

    httpserver.expect_request(ENTRIES).respond_with_handler(answer)
    reading = open_client().listing("event/77/entry", "event_entry", lambda row: True)
    assert list(reading) == [{"entry_id": "1"}]
    assert not reading.complete


def test_an_id_cannot_leave_its_place_in_the_path(httpserver, adapter):
    httpserver.expect_request("/api/event/77?x=1#/entry").respond_with_response(page([]))
    assert list(adapter.get_participants("77?x=1#").records) == []
    [(request, _)] = httpserver.log
    assert "x" not in request.args


# What is repeated ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "category"), [(429, "rate_limited"), (500, "server_error"), (503, "server_error")]
)
def test_what_may_go_well_later_is_repeated_after_the_wait_that_was_asked_for(
    httpserver, adapter, status, category
):
    for _ in range(2):
        httpserver.expect_ordered_request(ENTRIES).respond_with_data(
            "later", status=status, headers={"Retry-After": "0"}
        )
    httpserver.expect_ordered_request(ENTRIES).respond_with_response(page([{"entry_id": "1"}]))

    with statistics.measured() as counted:
        [participant] = adapter.get_participants("77").records
    assert participant.provider_participant_id == "1"
    assert (counted.requests, counted.as_dict()["retries"]) == (3, {category: 2})


def test_what_never_goes_well_is_given_up_after_five_tries(httpserver, adapter):
    httpserver.expect_request(ENTRIES).respond_with_data("", status=503, headers={"Retry-After": "0"})
    with pytest.raises(ServerFailed):
        adapter.get_participants("77")
    assert len(httpserver.log) == 5


def test_a_wait_beyond_what_a_collection_has_is_not_begun(httpserver, adapter):
    httpserver.expect_request(ENTRIES).respond_with_data("", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(TooManyRequests):
        adapter.get_participants("77")
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 418])
def test_what_will_not_go_well_is_asked_once(httpserver, adapter, status):
    httpserver.expect_request(ENTRIES).respond_with_data("no", status=status)
    with pytest.raises(IntegrationError):
        adapter.get_participants("77")
    assert len(httpserver.log) == 1


def test_every_try_is_taken_from_the_budget(httpserver, adapter, tmp_path):
    httpserver.expect_request(ENTRIES).respond_with_data("", status=503, headers={"Retry-After": "0"})
    with pytest.raises(ServerFailed):
        adapter.get_participants("77")

    account = sqlite3.connect(tmp_path / "test.sqlite")
    assert account.execute("SELECT count(*) FROM requests").fetchone() == (5,)
    account.close()


def test_an_event_whose_races_cannot_be_read_stands_without_them(httpserver, adapter):
    events = [
        {"event_id": str(n), "event_name": f"Mile {n}", "event_start_time": "1761469200"} for n in (1, 2)
    ]
    httpserver.expect_request("/api/event").respond_with_json({"event": events})
    httpserver.expect_request("/api/event/1/race").respond_with_data("<html>")
    httpserver.expect_request("/api/event/2/race").respond_with_json({"event_race": [{"race_id": "51"}]})
    first, second = adapter.get_events(None, None).records
    assert first.races == ()
    assert [race.provider_race_id for race in second.races] == ["51"]


# What is never told -------------------------------------------------------------------------------


SECRETS = [
    *(PASSWORD, "open+s", "open%20s", "client_id", "abcd1234", "user_pass", "format=json", "Authorization"),
    *(
        DIGEST,
        b64encode(f"{USER}:{DIGEST}".encode()).decode(),
        b64encode(f"{USER}:{PASSWORD}".encode()).decode(),
    ),
]


def chain(error):
    """Return an error and everything that it drags along."""
    if error is None:
        return []
    return [error, *chain(error.__cause__), *chain(error.__context__)]


def told(error):
    return " ".join(
        f"{kin} {kin!r} {kin.args!r} {vars(kin)!r} {getattr(kin, '__notes__', '')!r}"
        + " ".join(repr(getattr(kin, name, "")) for name in ("doc", "object", "request", "response"))
        for kin in chain(error)
    )


def echo(status):
    """Return a handler that repeats the whole request in its answer, as careless servers do."""

    def answer(request):
        return Response(f"<html>{request.url} {request.headers}</html>", status=status)

    return answer


@pytest.fixture
def refused_url():
    """An address that refuses connections: taken, but not listened at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/api"


@pytest.fixture
def deaf_url():
    """An address where connections are accepted and never answered."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/api"


@pytest.fixture
def every_log(caplog):
    """What is logged in any way, by us or a library, however loud it is set."""
    caplog.set_level(logging.DEBUG)
    with capture_logs() as ours:
        # The test's own server logs what it is asked for.
        yield lambda: f"{[r.getMessage() for r in caplog.records if r.name != 'werkzeug']} {ours}"


@pytest.mark.parametrize(
    "auth", [{"auth": "basic", "client_id": "abcd1234"}, {"auth": "simple", "client_id": "abcd1234"}]
)
@pytest.mark.parametrize("digest", ["sha256", "plain"])
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 418, 429, 500, 503])
def test_no_error_and_no_log_tells_a_secret(httpserver, open_client, every_log, auth, digest, status):
    httpserver.expect_request(ENTRIES).respond_with_handler(echo(status))
    with pytest.raises(IntegrationError) as raised:
        entries(open_client(password_digest=digest, **auth))
    for secret in SECRETS:
        assert secret not in told(raised.value)
        assert secret not in every_log()


@pytest.mark.parametrize("auth", ["basic", "simple"])
@pytest.mark.parametrize(
    ("address", "settings", "reason"),
    [
        ("refused_url", {}, "no connection"),
        ("deaf_url", {"timeout": 0.05}, "no answer in time"),
        (None, {"base_url": f"http://{'a' * 64}.test/api"}, "no connection|Error|URL"),
        (None, {"base_url": "http://a..b/api"}, "no connection|Error|URL"),
        ("tls", {}, "TLS fails|no connection"),
    ],
)
def test_an_api_that_cannot_be_reached_is_named_and_no_secret_told(
    request, httpserver, open_client, every_log, auth, address, settings, reason
):
    if address == "tls":
        settings = {"base_url": httpserver.url_for("/api").replace("http://", "https://")}
    elif address:
        settings = {**settings, "base_url": request.getfixturevalue(address)}
    client = open_client(auth=auth, client_id="abcd1234", **settings)

    with pytest.raises(ApiUnreachable, match=reason) as raised:
        entries(client)
    assert settings["base_url"] in str(raised.value)
    assert chain(raised.value) == [raised.value]
    for secret in SECRETS:
        assert secret not in told(raised.value)
        assert secret not in every_log()


def test_an_error_that_was_repeated_drags_no_secret_along(httpserver, adapter, every_log):
    def answer(_):
        return Response(echo(503)(_).get_data(), status=503, headers={"Retry-After": "0"})

    httpserver.expect_request(ENTRIES).respond_with_handler(answer)
    adapter.log = structlog.get_logger()
    with pytest.raises(ServerFailed) as raised:
        adapter.get_participants("77")
    assert "request.repeated" in every_log()
    for secret in SECRETS:
        assert secret not in told(raised.value)
        assert secret not in every_log()


def test_a_connection_that_breaks_off_is_an_api_that_cannot_be_reached(open_client):
    def answer():
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as thread:
        answered = thread.submit(answer)
        with pytest.raises(ApiUnreachable):
            entries(open_client(base_url=f"http://127.0.0.1:{server.getsockname()[1]}/api"))
        answered.result()


def test_closing_twice_is_harmless(open_client):
    client = open_client()
    client.close()
    client.close()
