"""Secrets that can be told from everything else, and each form in which one might be told.

The login is no secret: messages name it.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

LOGIN = "timing@harbour.example.test"
# Each begins with a word of its own, and goes on with what percent-encoding, HTML, JSON, Base64 and Latin-1
# all spell differently.
PASSWORD = 'Zauberwort & <ß> 7% "+/'
CLIENT_ID = "Kennung & <ß> 8%"
CLIENT_SECRET = "Geheimnis & <ß> 9%"
# A header that carries a token takes no more than ASCII.
TOKEN = "Losung+/<&\"'>%7e="
DATABASE_PASSWORD = "Datenwort & <ß> 6%"

SHA1 = hashlib.sha1(PASSWORD.encode()).hexdigest()
SHA256 = hashlib.sha256(PASSWORD.encode()).hexdigest()

_DIGESTED = [
    ("sha256", PASSWORD),
    ("sha256", SHA256.upper()),
    ("sha1", PASSWORD),
    ("sha1", SHA1),
    ("plain", PASSWORD),
]
# The ways to sign in, by `auth`: `password_digest` and the `secret` of the credentials row.
_WAYS = {"basic": _DIGESTED, "simple": _DIGESTED, "oauth2": [("plain", PASSWORD)]}
MODES = tuple(_WAYS)

# Secrets where they do not belong: values of `additional_config`, in part or as a whole.
IMPOSSIBLE = [
    {"base_url": f"http://{LOGIN}:{PASSWORD}@127.0.0.1:9/api"},
    {"base_url": f"http://{quote(LOGIN)}:{quote(PASSWORD)}@127.0.0.1:9/api"},
    {"base_url": f"http://127.0.0.1:9/api?user_pass={SHA256}"},
    {"base_url": f"http://127.0.0.1:{PASSWORD}/api"},
    {"base_url": PASSWORD},
    {"password_digest": SHA256},
    {"auth": PASSWORD},
    {"timeout": PASSWORD},
    {"rate_limit": SHA1},
    {"client_id": [PASSWORD]},
    {"client_secret": {"secret": CLIENT_SECRET}},
    [PASSWORD],
    PASSWORD,
]

_SPELLINGS = {
    "as it is": str,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded with /": quote,
    "percent-encoded with +": quote_plus,
    "percent-encoded twice": lambda text: quote(quote(text)),
    "in HTML": html.escape,
    "in HTML by numbers": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "in JSON": lambda text: json.dumps(text)[1:-1],
    "in UTF-8 JSON": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "in Python's words for bytes": lambda text: repr(text.encode())[2:-1],
    "taken for Latin-1": lambda text: text.encode().decode("latin-1"),
    "its first word": lambda text: re.match("[A-Z][a-z]+", text)[0],
    "in Base64": lambda text: b64encode(text.encode()).decode(),
}


def _forms() -> Iterator[tuple[str, bytes]]:
    named = {
        "password": PASSWORD,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "token": TOKEN,
        "database password": DATABASE_PASSWORD,
    }
    for name, secret in named.items():
        for how, spell in _SPELLINGS.items():
            yield f"{name} {how}", spell(secret).encode()
        yield f"{name} in Latin-1", secret.encode("latin-1")
    yield "SHA-1", SHA1.encode()
    yield "SHA-256", SHA256.encode()
    for pair in (
        *(f"{LOGIN}:{sent}" for sent in (PASSWORD, SHA1, SHA256, SHA256.upper())),
        f"{CLIENT_ID}:{CLIENT_SECRET}",
    ):
        encoded = b64encode(pair.encode())
        yield f"Base64 of {pair}", encoded
        yield f"Base64 of {pair} percent-encoded", quote(encoded, safe="").encode()


FORMS = dict(_forms())
_WANTED = {name: form.lower() for name, form in FORMS.items()}


def told(said: str | bytes) -> list[str]:
    """Return the forms that stand in a text, in upper or lower case, with what is around them."""
    text = (said.encode("utf-8", "surrogateescape") if isinstance(said, str) else said).lower()
    return [
        f"{name}: {text[max(0, at - 100) : at + len(form) + 40]!r}"
        for name, form in _WANTED.items()
        if (at := text.find(form)) >= 0
    ]


def ways_of(mode: str) -> list[dict[str, str]]:
    """Return the ways to sign in by a mode, as settings of a partner."""
    return [
        {
            "principal": LOGIN,
            "secret": secret,
            "auth": mode,
            "password_digest": digest,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
        for digest, secret in _WAYS[mode]
    ]
