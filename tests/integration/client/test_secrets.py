"""No error and no log tells a secret, whatever the API does."""

from __future__ import annotations

import logging
import re
import socket
from base64 import b64encode

import pytest
import structlog
from structlog.testing import capture_logs
from werkzeug import Response

from providers.errors import ApiUnreachable, IntegrationError, ServerFailed
from tests.integration.client.conftest import DIGEST, ENTRIES, PASSWORD, USER, entries

SECRETS = [
    *(PASSWORD, "open+s", "open%20s", "client_id", "abcd1234", "user_pass", "Authorization"),
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
    # Any path: where a refusal may mean the event, the list of events is asked as well.
    httpserver.expect_request(re.compile("/api/.*")).respond_with_handler(echo(status))
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
