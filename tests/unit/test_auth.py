"""How a request says who asks: digests, Basic and the simple scheme."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from providers.chronotrack_live.auth import authentication, sent_password
from providers.chronotrack_live.settings import ChronoTrackLiveSettings

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


def prepared(url="https://api.example.test/api/event?format=json", **settings):
    made = ChronoTrackLiveSettings(base_url="https://api.example.test/api", **settings)
    return requests.Request("GET", url, auth=authentication(made)).prepare()


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
