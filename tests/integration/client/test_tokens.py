"""OAuth2: one token for everybody, asked for once and renewed in time."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug import Response

from providers.errors import AnswerUnusable, CredentialsRefused, NotFound, ServerFailed, TooManyRequests
from tests.integration.client.conftest import ENTRIES, PASSWORD, USER, entries, page

CLIENT = {
    "auth": "oauth2",
    "password_digest": "plain",
    "client_id": "abcd1234",
    "client_secret": "f00d" * 10,
}


class TokenServer:
    """An API that grants tokens, counts them, and knows which of them still open it."""

    def __init__(self, httpserver):
        self.granted = 0
        self.alive = set()
        self.life = 259_199
        self.opens = True
        self.grants = []
        self.statuses = []
        self.entries_refused = 0
        self._lock = threading.Lock()
        httpserver.expect_request("/oauth2/token").respond_with_handler(self.grant)
        for path, wrapper in ((ENTRIES, "event_entry"), ("/api/event", "event")):
            httpserver.expect_request(path).respond_with_handler(self.listing(wrapper))

    def grant(self, request):
        with self._lock:
            self.grants.append(request)
            if self.statuses:
                return Response("no", status=self.statuses.pop(0))
            self.granted += 1
            token = f"token-{self.granted}"
            if self.opens:
                self.alive.add(token)
        granted = {"access_token": token, "token_type": "bearer", "expires_in": self.life}
        return Response(json.dumps(granted))

    def listing(self, wrapper):
        def answer(request):
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer" or token not in self.alive:
                return Response('{"error": "expired_token"}', status=401)
            if wrapper == "event":
                return Response('{"event": []}')
            if self.entries_refused:
                self.entries_refused -= 1
                return Response('{"error": "expired_token"}', status=401)
            return page([{"entry_id": request.args["page"]}], count=5, pages=5)

        return answer


@pytest.fixture
def api(httpserver):
    return TokenServer(httpserver)


def test_a_token_is_asked_for_by_login_and_password_beside_the_api(api, open_client):
    entries(open_client(**CLIENT))
    [request] = api.grants
    assert request.method == "GET"
    assert dict(request.args) == {"grant_type": "password", "username": USER, "password": PASSWORD}
    credentials = b64encode(f"{CLIENT['client_id']}:{CLIENT['client_secret']}".encode()).decode()
    assert request.headers["Authorization"] == f"Basic {credentials}"


def test_each_request_carries_token_and_client_id_and_nothing_else_that_is_secret(
    api, open_client, httpserver
):
    entries(open_client(**CLIENT))
    asked = [request for request, _ in httpserver.log if request.path == ENTRIES]
    assert {request.headers["Authorization"] for request in asked} == {"Bearer token-1"}
    assert {request.args["client_id"] for request in asked} == {"abcd1234"}
    assert not any({"username", "password", "user_id", "user_pass"} & set(r.args) for r in asked)


def test_threads_share_one_token(api, open_client):
    client = open_client(**CLIENT)
    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda _: len(entries(client)), range(16)))
    assert read == [5] * 16
    assert api.granted == 1


def test_a_token_that_the_api_has_forgotten_is_renewed_once_for_everybody(api, open_client):
    client = open_client(**CLIENT)
    entries(client)
    api.alive.clear()
    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda _: len(entries(client)), range(16)))
    assert read == [5] * 16
    assert api.granted == 2


def test_a_new_token_that_is_refused_as_well_is_a_refusal(api, open_client):
    api.opens = False
    with pytest.raises(CredentialsRefused, match="check principal and secret, client_id and client_secret"):
        open_client(**CLIENT).probe()
    assert api.granted == 2


def test_a_list_whose_tokens_others_used_up_is_asked_for_again_when_the_event_list_answers(api, open_client):
    api.entries_refused = 2
    assert len(entries(open_client(**CLIENT))) == 5


def test_a_list_that_is_refused_again_and_again_is_not_visible(api, open_client):
    api.entries_refused = 10
    with pytest.raises(NotFound, match="not visible to"):
        entries(open_client(**CLIENT))


def test_a_token_at_the_end_of_its_life_is_renewed_before_it_is_refused(api, open_client, httpserver):
    api.life = 0
    client = open_client(**CLIENT)
    client.probe()
    client.probe()
    assert api.granted == 2
    assert {response.status_code for _, response in httpserver.log} == {200}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, AnswerUnusable),
        (401, CredentialsRefused),
        (403, CredentialsRefused),
        (404, AnswerUnusable),
        (429, TooManyRequests),
        (503, ServerFailed),
    ],
)
def test_what_the_token_endpoint_answers_is_told_apart(api, open_client, status, error):
    api.statuses = [status] * 2
    with pytest.raises(error):
        open_client(**CLIENT).probe()


def test_a_forbidden_event_costs_no_token(api, open_client, httpserver):
    httpserver.expect_request("/api/event/78/entry").respond_with_data("not yours", status=403)
    client = open_client(**CLIENT)
    entries(client)
    with pytest.raises(NotFound):
        list(client.listing("event/78/entry", "event_entry", lambda row: True))
    entries(client)
    assert api.granted == 1
