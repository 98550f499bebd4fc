"""A refusal: whom it concerns, and what may be done about it."""

from __future__ import annotations

import re

import pytest

from providers.errors import AnswerUnusable, CredentialsRefused, NotFound, ServerFailed
from tests.integration.client.conftest import ENTRIES, PASSWORD, USER, entries

EVENTS = "/api/event"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_is_refused_whatever_is_asked(httpserver, open_client, status):
    httpserver.expect_request(re.compile("/api/.*")).respond_with_data("who are you?", status=status)
    with pytest.raises(CredentialsRefused, match=rf"refuses the credentials of {USER} \(HTTP {status}\)"):
        entries(open_client())


@pytest.mark.parametrize("status", [401, 403])
def test_an_event_that_is_refused_to_a_login_that_works_is_not_visible_to_it(httpserver, open_client, status):
    httpserver.expect_request(ENTRIES).respond_with_data("not yours", status=status)
    httpserver.expect_request(EVENTS).respond_with_json({"event": []})
    with pytest.raises(NotFound, match=f"event/77/entry is not known .* not visible to {USER}"):
        entries(open_client())
    assert [request.path for request, _ in httpserver.log] == [ENTRIES, EVENTS]


def test_nobody_knows_whom_a_refusal_means_while_the_list_of_events_fails(httpserver, open_client):
    httpserver.expect_request(ENTRIES).respond_with_data("no", status=403)
    httpserver.expect_request(EVENTS).respond_with_data("", status=503)
    with pytest.raises(ServerFailed):
        entries(open_client())


def test_an_address_that_is_not_the_api_is_no_refusal(httpserver, open_client):
    httpserver.expect_request(EVENTS).respond_with_data("<html>Welcome!</html>", content_type="text/html")
    with pytest.raises(AnswerUnusable, match=r"not JSON \(text/html.* check base_url"):
        open_client().probe()


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({}, "password_digest is 'sha256'"),
        ({"password_digest": "sha1"}, "password_digest is 'sha1'"),
        (
            {
                "auth": "oauth2",
                "client_id": "abcd1234",
                "client_secret": "f" * 40,
                "password_digest": "plain",
            },
            "client_id and client_secret .* secret must be the password itself",
        ),
    ],
)
def test_a_refusal_says_what_to_look_at(httpserver, open_client, settings, hint):
    httpserver.expect_request(re.compile(".*")).respond_with_data("", status=401)
    with pytest.raises(CredentialsRefused, match=f"check principal and secret.*{hint}") as refusal:
        open_client(**settings).probe()
    assert PASSWORD not in str(refusal.value)
