"""What the client makes of every answer: rows, or an error of its kind."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from werkzeug import Response

from providers import statistics
from providers.errors import (
    AnswerUnusable,
    ApiUnreachable,
    EventArchived,
    NotFound,
    ServerFailed,
    TooManyRequests,
)
from tests.integration.client.conftest import ENTRIES, entries, page


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
    assert counted.rows_read == 2
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
    expected = [{"row": None}, {"row": "text"}, {"row": 7}, {"row": ["list"]}, {}]
    set_aside = [error.payload for error in snapshot.rejected]
    assert sorted(set_aside, key=str) == sorted(expected, key=str)


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
    assert raised.value.category == error.category
    assert status == 400 or len(httpserver.log) == 1


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


def test_the_body_of_a_redirect_is_read_within_the_time_of_any_other(open_client):
    def answer():
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 301 Moved\r\nLocation: http://a/\r\nContent-Length: 999\r\n\r\n")
            while not hung_up.wait(0.05):
                connection.sendall(b" ")

    hung_up = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as thread:
        answered = thread.submit(answer)
        with pytest.raises(ApiUnreachable, match="no answer in time"):
            entries(open_client(base_url=f"http://127.0.0.1:{server.getsockname()[1]}/api", timeout=0.3))
        hung_up.set()
        answered.result()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("0", 0), ("7", 7), (" 7 ", 7)),
        *(
            (odd, None)
            for odd in ("", "²", "1.5", "-1", "soon", "9" * 5_000, "Wed, 99 Oct 2026 07:28:00 GMT")
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
