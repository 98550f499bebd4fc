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

from providers.chronotrack_live.answers import Reply
from providers.chronotrack_live.settings import ChronoTrackLiveSettings
from providers.chronotrack_live_adapter import ChronoTrackLiveAdapter
from providers.clock import Clock
from providers.errors import ApiUnreachable, IntegrationError, ServerFailed, SettingsInvalid
from providers.rate_limit import Limit, RequestBudget
from providers.records import Credentials
from tests.acceptance.secrets_marked import IMPOSSIBLE, MODES, ways_of
from tests.acceptance.secrets_marked import told as forms_in
from tests.acceptance.secrets_search import told_by_error
from tests.acceptance.secrets_server import FAILURES, careless_server
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


@pytest.fixture
def careless():
    with careless_server() as running:
        yield running


def marked(way, config):
    """Return credentials with marked secrets; `config` completes their additional_config, or replaces it."""
    fields = {name: way[name] for name in ("principal", "secret")}
    whole = {name: value for name, value in way.items() if name not in fields}
    return Credentials(
        credentials_id=1,
        timing_partner_id=7,
        partner_name="Harbour Timing",
        provider_id=1,
        data_source="chronotrack_live",
        additional_config={**whole, **config} if isinstance(config, dict) else config,
        **fields,
    )


@pytest.fixture
def open_marked(tmp_path):
    """A maker of adapters with marked secrets, which do not wait between tries."""
    opened = []

    def make(way, **config):
        budget = RequestBudget(tmp_path, "test", Limit(), Clock())
        opened.append(ChronoTrackLiveAdapter(marked(way, config), budget))
        opened[-1].first_wait = 0.0
        return opened[-1]

    yield make
    for adapter in opened:
        adapter.close()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("failure", FAILURES)
def test_no_error_and_no_log_tells_what_a_careless_api_repeats(
    careless, every_log, open_marked, failure, mode
):
    config = {"timeout": 0.1 if failure == "silent" else 20}
    asked = {
        "token": lambda adapter: adapter.authenticate(),
        "event": lambda adapter: adapter.authenticate(),
        "entry": lambda adapter: adapter.get_participants("1"),
        "results": lambda adapter: adapter.get_results("1"),
    }
    if mode != "oauth2":
        del asked["token"]
    for place, ask in asked.items():
        adapter = open_marked(ways_of(mode)[0], base_url=careless.base_url(failure, place), **config)
        with pytest.raises(IntegrationError) as raised:
            ask(adapter)
        assert told_by_error(raised.value) == []
    assert forms_in(every_log()) == []


@pytest.mark.parametrize("config", IMPOSSIBLE)
def test_no_error_tells_a_secret_in_a_wrong_field(config):
    with pytest.raises(SettingsInvalid) as raised:
        ChronoTrackLiveSettings.of(marked(ways_of("basic")[0], config))

    assert told_by_error(raised.value) == []


def held(thing):
    """Return an object and whatever of ours, or of what signs and sends requests, it is made of."""
    names = [*getattr(thing, "__dict__", ()), *getattr(type(thing), "__slots__", ())]
    parts = [getattr(thing, name) for name in names]
    ours = [part for part in parts if type(part).__module__.startswith(("providers.", "requests."))]
    return [thing, *(further for part in ours for further in held(part))]


@pytest.mark.parametrize("way", [way for mode in MODES for way in ways_of(mode)])
def test_no_repr_tells_a_secret(careless, open_marked, way):
    adapter = open_marked(way, base_url=careless.base_url("none", "none"))
    adapter.authenticate()

    things = held(adapter)

    kinds = {type(thing).__name__ for thing in things}
    assert kinds >= {"Credentials", "ChronoTrackLiveSettings", "ChronoTrackLiveClient", "HTTPAdapter"}
    assert kinds & {"HTTPBasicAuth", "SimpleAuth", "Token"}
    assert forms_in(repr(things)) == []


def test_the_repr_of_a_reply_tells_nothing_of_headers_and_body():
    reply = Reply("event", 200, {"X-Echo": PASSWORD}, PASSWORD.encode())

    assert "event" in repr(reply)
    assert "open s" not in repr(reply)
