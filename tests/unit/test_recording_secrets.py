"""No recording holds a secret, however a careless server spells it; nothing else of an answer changes."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from hashlib import sha1
from urllib.parse import quote, quote_plus

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import SettingsInvalid
from providers.recording import Recording, read_recording
from tests.recorded_answers import answer, new_folder, written

SECRET = 'open "sésame" & 100 % more/'
# No control characters: those stand around the secrets.
secrets = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=4, max_size=12)
secrets |= st.text(" %\\\"'&<>+/é€😀aZ9", min_size=4, max_size=12)
surroundings = st.binary(max_size=9).map(lambda noise: bytes(byte % 9 for byte in noise))

SPELLINGS = [
    str,
    quote,
    quote_plus,
    lambda text: quote(text, safe=""),
    lambda text: quote(quote(text)),
    lambda text: quote(quote_plus(text), safe=""),
    lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    lambda text: re.sub("%..", lambda escape: escape[0].lower(), quote(text)),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", r"\/"),
    lambda text: re.sub(r"\\u....", lambda e: e[0].upper().replace("U", "u"), json.dumps(text)[1:-1]),
    html.escape,
    lambda text: "".join(f"&#{ord(character)};" for character in text),
    lambda text: "".join(f"&#x{ord(character):X};" for character in text),
    lambda text: text.encode().decode("latin-1"),
    lambda text: (
        requests.Request("GET", "http://a/", params={"q": text}).prepare().url[len("http://a/?q=") :]
    ),
]


def spelled(draw, secret):
    """Spell a secret in one way, or each of its characters in another."""
    if draw(st.booleans()):
        return draw(st.sampled_from(SPELLINGS))(secret)
    return "".join(draw(st.sampled_from(SPELLINGS))(character) for character in secret)


@given(secrets, surroundings, surroundings, st.data())
def test_no_spelling_of_a_secret_survives_and_everything_else_does(secret, before, after, data):
    echo = spelled(data.draw, secret)
    text_before, text_after = before.decode(), after.decode()
    text = f"{text_before}{echo}{text_after}"
    with new_folder() as folder:
        Recording(folder, [secret]).keep(
            answer(
                body=text.encode(),
                headers={"X-Echo": text},
                path=text,
                query={"search": text},
                failure=text,
            )
        )
        (kept,) = read_recording(folder)

    redacted = f"{text_before}[redacted]{text_after}"
    assert kept.body == redacted.encode()
    assert kept.headers == {"X-Echo": redacted}
    assert (kept.path, kept.query, kept.failure) == (redacted, {"search": redacted}, redacted)


@pytest.mark.parametrize("spell", SPELLINGS)
@pytest.mark.parametrize("secret", [SECRET, '<\'> \\ "&" +/', "😀 %25 %C3 &amp;"])
def test_each_spelling_of_an_odd_secret_is_replaced_as_a_whole(tmp_path, spell, secret):
    Recording(tmp_path, [secret]).keep(answer(body=f"({spell(secret)})".encode()))

    assert read_recording(tmp_path)[0].body == b"([redacted])"


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), min_size=4), surroundings)
def test_a_secret_in_latin_1_is_replaced_in_bodies(secret, before):
    with new_folder() as folder:
        Recording(folder, [secret]).keep(answer(body=before + secret.encode("latin-1") + b"\x00\xff"))
        (kept,) = read_recording(folder)

    assert kept.body == before + b"[redacted]\x00\xff"


def test_no_file_holds_a_digest_or_the_base64_of_what_basic_auth_sends(tmp_path):
    digest = sha1(SECRET.encode()).hexdigest()
    basic = b64encode(f"timing@harbour.example.test:{SECRET}".encode()).decode()
    echo = f"GET /api/event?user_pass={digest}&next={quote(basic, safe='')} Authorization: Basic {basic}"
    recording = Recording(tmp_path, [SECRET, digest, basic])
    recording.keep(answer(body=f"<html>{html.escape(echo)}</html>".encode(), headers={"X-Request": echo}))

    for secret in (SECRET, digest, basic, quote(basic, safe="")):
        assert secret.encode() not in written(tmp_path)


def test_a_secret_that_begins_with_another_is_replaced_as_a_whole(tmp_path):
    Recording(tmp_path, ["open", "open-sesame"]).keep(answer(body=b"open-sesame, open"))

    (kept,) = read_recording(tmp_path)
    assert kept.body == b"[redacted], [redacted]"


def test_a_secret_that_is_learnt_later_is_hidden_from_then_on(tmp_path):
    recording = Recording(tmp_path, ["open-sesame"])
    for secret in ("token-of-today", "token-of-today-and-tomorrow", ""):
        recording.hide(secret)
    recording.keep(answer(body=b"open-sesame, token-of-today, token-of-today-and-tomorrow"))

    assert read_recording(tmp_path)[0].body == b"[redacted], [redacted], [redacted]"
    with pytest.raises(SettingsInvalid, match="under 4 characters"):
        recording.hide("abc")


def test_an_empty_secret_is_none(tmp_path):
    Recording(tmp_path, [""]).keep(answer())

    assert read_recording(tmp_path) == [answer()]


@pytest.mark.parametrize("secret", ["1", "abc", "€€€"])
def test_a_secret_of_under_four_characters_prevents_the_recording_and_is_not_told(tmp_path, secret):
    with pytest.raises(SettingsInvalid, match="under 4 characters") as raised:
        Recording(tmp_path / "new", ["long enough", secret])

    assert secret not in str(raised.value)
    assert not (tmp_path / "new").exists()


def test_only_headers_that_a_replay_needs_are_kept(tmp_path):
    needed = {
        "content-type": "text/html",
        "Retry-After": "3",
        "Date": "Sun, 03 May 2026 13:00:00 GMT",
        "Cache-Control": "no-store",
        "X-Ctlive-Row-Count": "7",
        "x-request-id": "8",
    }
    others = ("Set-Cookie", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Server", "Connection")
    smelling = ("X-Auth", "X-CSRF-Token", "X-Api-Key", "x-cookie-of-mine", "X-Session-Id", "X-Client-Secret")
    Recording(tmp_path, []).keep(answer(headers={**needed, **dict.fromkeys(others + smelling, "kept?")}))

    assert read_recording(tmp_path)[0].headers == needed
    assert b"kept?" not in written(tmp_path)


def test_the_repr_of_an_answer_tells_nothing_of_headers_and_body():
    told = repr(answer(headers={"X-Echo": SECRET}, body=SECRET.encode()))

    assert "event/1/results" in told
    assert "open" not in told
