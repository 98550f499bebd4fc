"""What an answer of the API means, as far as it takes no server to know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from providers.chronotrack_live.answers import Reply, check, token_of
from providers.chronotrack_live.settings import PRODUCTION_URL, ChronoTrackLiveSettings
from providers.errors import AnswerUnusable, CredentialsRefused, TooManyRequests


def settings(**fields):
    return ChronoTrackLiveSettings(
        base_url=PRODUCTION_URL, user="user@example.test", secret="sesame", **fields
    )


@pytest.mark.parametrize(
    ("url", "fields", "hint"),
    [
        (PRODUCTION_URL, {}, "the public API knows no SHA-256: set password_digest to 'plain'"),
        (
            PRODUCTION_URL,
            {"auth": "simple"},
            "the public API knows no SHA-256: set password_digest to 'sha1'",
        ),
        ("https://qa-api.chronotrack.com/api", {}, "the public API knows no SHA-256"),
        (PRODUCTION_URL, {"password_digest": "sha1"}, "password_digest is 'sha1'"),
        ("https://chronotrack.com.example.test/api", {}, "password_digest is 'sha256'"),
    ],
)
def test_the_public_api_that_refuses_a_sha256_digest_gives_a_hint(url, fields, hint):
    made = ChronoTrackLiveSettings(base_url=url, user="user@example.test", secret="sesame", **fields)
    with pytest.raises(CredentialsRefused) as refusal:
        check(Reply("event", 401, {}, b""), made)
    assert hint in str(refusal.value)


@pytest.mark.parametrize("seconds", [0, 7, 3600])
def test_a_wait_until_a_date_is_counted_on_the_servers_own_clock(seconds):
    now = datetime(2031, 5, 4, 10, tzinfo=UTC)
    headers = {
        "Date": format_datetime(now, usegmt=True),
        "Retry-After": format_datetime(now + timedelta(seconds=seconds), usegmt=True),
    }
    with pytest.raises(TooManyRequests) as raised:
        check(Reply("event", 429, headers, b""), settings())
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_a_server_that_does_not_tell_its_time_is_taken_to_have_ours(date):
    until = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    headers = {"Retry-After": until} | ({} if date is None else {"Date": date})
    with pytest.raises(TooManyRequests) as raised:
        check(Reply("event", 429, headers, b""), settings())
    assert 7_000 < raised.value.retry_after <= 7_200


def test_a_date_that_is_over_asks_for_no_wait():
    headers = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
    with pytest.raises(TooManyRequests) as raised:
        check(Reply("event", 429, headers, b""), settings())
    assert raised.value.retry_after == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"<html>",
        b"{}",
        b'{"access_token": ""}',
        b'{"access_token": 7}',
        b'{"access_token": "a\\r\\nX-Evil: 1"}',
        b'{"access_token": "caf\xc3\xa9"}',
        b'{"error": "server is tired"}',
    ],
)
def test_an_answer_without_a_token_is_unusable(body):
    with pytest.raises(AnswerUnusable, match="without an access_token"):
        token_of(Reply("oauth2/token", 200, {}, body), settings(auth="oauth2"))


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client", "unauthorized_client", "access_denied"])
def test_a_grant_that_is_denied_is_a_refusal_whatever_the_status(status, error):
    reply = Reply("oauth2/token", status, {}, b'{"error": "%b"}' % error.encode())
    with pytest.raises(CredentialsRefused):
        token_of(reply, settings(auth="oauth2"))


@pytest.mark.parametrize("life", ['"259199"', "259199", "259199.0"])
def test_the_life_of_a_token_is_a_number_or_a_text(life):
    body = f'{{"access_token": "abc", "expires_in": {life}}}'.encode()
    token = token_of(Reply("oauth2/token", 200, {}, body), settings(auth="oauth2"))
    assert token.dies_at - token.renew_at == pytest.approx(300, abs=0.1)


@pytest.mark.parametrize("life", ["null", '"long"', "-1", "[]", "1e999", '"nan"'])
def test_a_token_without_a_life_is_used_until_it_is_refused(life):
    body = f'{{"access_token": "abc", "expires_in": {life}}}'.encode()
    token = token_of(Reply("oauth2/token", 200, {}, body), settings(auth="oauth2"))
    assert token.renew_at == float("inf")
    assert "abc" not in repr(token)
