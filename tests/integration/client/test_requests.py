"""What the client sends: pages, credentials, and nothing that it was not told to."""

from __future__ import annotations

from base64 import b64encode

import pytest
from werkzeug import Response

from providers.errors import AnswerUnusable, ApiUnreachable
from tests.integration.client.conftest import DIGEST, ENTRIES, PASSWORD, USER, entries, page


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


def test_an_address_that_the_environment_exempts_is_reached_without_its_proxy(
    httpserver, open_client, monkeypatch
):
    monkeypatch.setenv("NO_PROXY", httpserver.host)
    monkeypatch.setenv("no_proxy", httpserver.host)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    httpserver.expect_request(ENTRIES).respond_with_response(page([{"entry_id": "1"}]))
    assert entries(open_client()) == [{"entry_id": "1"}]


def test_the_certificates_that_the_environment_names_are_those_that_are_trusted(
    httpserver, open_client, monkeypatch
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/certificates.pem")
    client = open_client(base_url=httpserver.url_for("/api").replace("http://", "https://"))
    with pytest.raises(ApiUnreachable, match=r"cannot be reached \(OSError\)"):
        entries(client)


def test_a_cookie_is_not_sent_back(httpserver, open_client):
    answer = page([{"entry_id": "1"}])
    answer.set_cookie("balancer", "three")
    httpserver.expect_request(ENTRIES).respond_with_response(answer)
    client = open_client()
    for _ in range(2):
        entries(client)
    assert [request.headers.get("Cookie") for request, _ in httpserver.log] == [None, None]


def test_closing_twice_is_harmless(open_client):
    client = open_client()
    client.close()
    client.close()


@pytest.mark.parametrize("largest", [1000, 999, 200, 50])
def test_a_server_that_refuses_large_pages_is_asked_for_smaller_ones(httpserver, open_client, largest):
    def answer(request):
        if int(request.args["size"]) > largest:
            return Response("too large", status=400)
        return page([{"entry_id": request.args["page"]}], count=2, pages=2)

    httpserver.expect_request(ENTRIES).respond_with_handler(answer)
    client = open_client()
    assert [row["entry_id"] for row in entries(client)] == ["1", "2"]
    httpserver.clear_log()
    assert len(entries(client)) == 2
    assert {response.status_code for _, response in httpserver.log} == {200}


def test_a_request_that_is_not_taken_in_any_size_is_given_up(httpserver, open_client):
    httpserver.expect_request(ENTRIES).respond_with_data("no", status=400)
    with pytest.raises(AnswerUnusable, match="does not take the request"):
        entries(open_client())
    assert len(httpserver.log) == 5


def test_a_size_that_was_taken_once_is_not_to_blame_for_a_refusal(httpserver, open_client):
    httpserver.expect_request(ENTRIES).respond_with_response(page([]))
    client = open_client()
    entries(client)
    httpserver.clear()
    httpserver.expect_request(ENTRIES).respond_with_data("no", status=400)
    with pytest.raises(AnswerUnusable):
        entries(client, bracket="SEX")
    assert len(httpserver.log) == 1


def test_columns_that_are_not_taken_are_left_out_from_then_on(httpserver, open_client):
    def answer(request):
        return Response("what?", status=400) if "columns" in request.args else page([{"entry_id": "1"}])

    httpserver.expect_request(ENTRIES).respond_with_handler(answer)
    client = open_client()
    assert len(entries(client, columns="entry_id")) == 1
    httpserver.clear_log()
    assert len(entries(client, columns="entry_id")) == 1
    assert [dict(request.args).get("columns") for request, _ in httpserver.log] == [None]


def test_a_bad_moment_does_not_leave_the_pages_small(httpserver, open_client):
    for _ in range(5):
        httpserver.expect_ordered_request(ENTRIES).respond_with_data("no", status=400)
    httpserver.expect_ordered_request(ENTRIES).respond_with_response(page([{"entry_id": "1"}]))
    client = open_client()
    with pytest.raises(AnswerUnusable):
        entries(client)
    entries(client)
    assert httpserver.log[-1][0].args["size"] == "1000"
