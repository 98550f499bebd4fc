"""How a request says who asks: digests, Basic and the simple scheme."""

from __future__ import annotations

import hashlib
import threading
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from providers.chronotrack_live.auth import Token, TokenLogin, login_of, sent_password
from providers.chronotrack_live.settings import ChronoTrackLiveSettings
from providers.errors import CredentialsRefused, ServerFailed

SHA256 = hashlib.sha256(b"open-sesame").hexdigest()
SHA1 = hashlib.sha1(b"open-sesame").hexdigest()


@pytest.mark.parametrize(
    ("secret", "digest", "sent"),
    [
        ("open-sesame", "sha256", SHA256),
        (SHA256, "sha256", SHA256),
        (SHA256.upper(), "sha256", SHA256),
        (SHA256[:-1], "sha256", hashlib.sha256(SHA256[:-1].encode()).hexdigest()),
        (SHA256 + "0", "sha256", hashlib.sha256(f"{SHA256}0".encode()).hexdigest()),
        (SHA256[:-1] + "g", "sha256", hashlib.sha256(f"{SHA256[:-1]}g".encode()).hexdigest()),
        (SHA256 + "\n", "sha256", hashlib.sha256(f"{SHA256}\n".encode()).hexdigest()),
        (SHA1, "sha256", hashlib.sha256(SHA1.encode()).hexdigest()),
        ("open-sesame", "sha1", SHA1),
        (SHA1, "sha1", SHA1),
        (SHA1.upper(), "sha1", SHA1),
        (SHA256, "sha1", hashlib.sha1(SHA256.encode()).hexdigest()),
        ("open-sesame", "plain", "open-sesame"),
        (SHA256, "plain", SHA256),
        ("pässwörd-密码", "sha256", hashlib.sha256("pässwörd-密码".encode()).hexdigest()),
        ("pässwörd-密码", "plain", "pässwörd-密码"),
        (" blanks belong to it ", "plain", " blanks belong to it "),
    ],
)
def test_a_digest_is_kept_and_a_password_is_digested(secret, digest, sent):
    assert sent_password(secret, digest) == sent


def no_token():
    raise AssertionError("Nobody needs a token here.")


def prepared(url="https://api.example.test/api/event?format=json", **settings):
    made = ChronoTrackLiveSettings(base_url="https://api.example.test/api", **settings)
    return requests.Request("GET", url, auth=login_of(made, no_token).current()).prepare()


passwords = st.text(st.characters(codec="utf-8"), min_size=1)


@given(passwords.filter(lambda user: ":" not in user), passwords)
def test_basic_auth_carries_any_login_and_password(user, secret):
    request = prepared(user=user, secret=secret, password_digest="plain")

    scheme, credentials = request.headers["Authorization"].split()
    assert scheme == "Basic"
    assert b64decode(credentials).decode() == f"{user}:{secret}"
    assert request.url == "https://api.example.test/api/event?format=json"


def test_basic_auth_sends_the_digest_by_default():
    request = prepared(user="user@example.test", secret="open-sesame")
    credentials = request.headers["Authorization"].removeprefix("Basic ")
    assert b64decode(credentials).decode() == f"user@example.test:{SHA256}"


@given(passwords, passwords)
def test_simple_auth_carries_any_login_and_password_in_the_query(user, secret):
    request = prepared(user=user, secret=secret, auth="simple", password_digest="plain")

    assert parse_qsl(urlsplit(request.url).query, strict_parsing=True) == [
        ("format", "json"),
        ("user_id", user),
        ("user_pass", secret),
    ]
    assert "Authorization" not in request.headers


def test_simple_auth_with_sha1_is_what_the_public_clients_send():
    request = prepared(user="user@example.test", secret="open-sesame", auth="simple", password_digest="sha1")
    assert request.url.endswith(f"user_id=user%40example.test&user_pass={SHA1}")


def tokens(*granted):
    """A login to which these tokens are granted in turn; an error among them is raised."""
    left = list(granted)

    def grant():
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return TokenLogin(grant)


NOW = time.monotonic()
DYING = Token("dying", renew_at=NOW - 1, dies_at=NOW + 1_000)
DEAD = Token("dead", renew_at=NOW - 2, dies_at=NOW - 1)
FRESH = Token.living("fresh", 259_199)


def test_a_token_that_lives_is_used_again():
    login = tokens(FRESH)
    assert login.current() is login.current() is FRESH


@pytest.mark.parametrize("old", [DYING, DEAD])
def test_a_token_is_renewed_before_it_ends(old):
    login = tokens(old, FRESH)
    login.current()
    assert login.current() is FRESH


def test_a_token_that_lives_still_does_while_no_new_one_is_to_be_had():
    login = tokens(DYING, ServerFailed("not now"))
    login.current()
    kept = login.current()
    assert kept.access == "dying"
    assert NOW < kept.renew_at < kept.dies_at == DYING.dies_at
    assert login.current() is kept


def test_a_token_that_is_dead_is_no_help_when_no_new_one_is_to_be_had():
    login = tokens(DEAD, ServerFailed("not now"))
    login.current()
    with pytest.raises(ServerFailed):
        login.current()


def test_a_refused_token_is_let_go_by_the_first_thread_that_met_the_refusal():
    second = Token.living("second", 100)
    login = tokens(FRESH, second, Token.living("never asked for", 100))
    old = login.current()
    assert login.is_renewed(old)
    assert login.current() is second
    assert login.is_renewed(old)
    assert login.current() is second


def test_while_a_token_lives_nobody_waits_for_its_renewal():
    renewing, over = threading.Event(), threading.Event()
    left = [DYING]

    def grant():
        if left:
            return left.pop()
        renewing.set()
        over.wait(20)
        return FRESH

    login = TokenLogin(grant)
    login.current()
    with ThreadPoolExecutor(1) as thread:
        renewed = thread.submit(login.current)
        assert renewing.wait(20)
        assert login.current() is DYING
        over.set()
        assert renewed.result() is FRESH
    assert login.current() is FRESH


def test_who_has_waited_for_a_token_shares_the_failure_and_who_comes_later_asks_anew():
    login = tokens(ServerFailed("not now"), FRESH)
    began = time.monotonic()
    with pytest.raises(ServerFailed):
        login.current()
    with pytest.raises(ServerFailed, match="not now"):
        login._granted(began)
    assert login.current() is FRESH


def test_a_renewal_that_is_refused_is_a_refusal():
    login = tokens(DYING, CredentialsRefused("no more"))
    login.current()
    with pytest.raises(CredentialsRefused):
        login.current()


def test_a_password_that_is_refused_stays_refused():
    made = ChronoTrackLiveSettings(base_url="https://api.example.test/api", user="u", secret="open-sesame")
    login = login_of(made, no_token)
    assert not login.is_renewed(login.current())


@given(st.floats(0, 1e9))
def test_a_token_is_renewed_in_the_last_tenth_of_its_life_and_at_most_five_minutes_early(seconds):
    token = Token.living("abc", seconds)
    left = token.dies_at - token.renew_at
    assert left == pytest.approx(min(300, seconds / 10), abs=0.01)
