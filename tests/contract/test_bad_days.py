"""What holds of every provider on a bad day: failures that pass or stay, and who must not notice them."""

from __future__ import annotations

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from providers import statistics
from providers.errors import (
    AnswerUnusable,
    ApiUnreachable,
    CredentialsRefused,
    EventArchived,
    IntegrationError,
    ServerFailed,
    TooManyRequests,
)
from tests.contract.gateway import DROPPED, said

BUSY = said("503 Service Unavailable", body="<h1>Back soon</h1>")
TOO_MANY = said("429 Too Many Requests", "Retry-After: 0")
REFUSED = said("401 Unauthorized")
GONE_ASTRAY = said("404 Not Found", body="<h1>Welcome to another site</h1>")
WEB_PAGE = said("200 OK", "Content-Type: text/html", body="<h1>Welcome to another site</h1>")

EXCUSE = said("200 OK", "Content-Type: application/json", body='{"error": "not today"}')


@pytest.fixture
def every_log(caplog):
    """Our log's lines, and those of libraries, however loud they are set."""
    caplog.set_level(logging.DEBUG)
    with capture_logs() as ours:
        yield lambda: [*ours, *caplog.messages]


@pytest.fixture
def behind(open_provider, open_gateway, offer):
    """A maker of an adapter that meets some answers on its way to the API, or those only; and the gateway."""

    def make(*answers, passing=True):
        gateway = open_gateway(*answers, onward=offer.address if passing else None)
        return open_provider(offer.elsewhere(offer.credentials, gateway.address)), gateway

    return make


def told(error):
    """All that an error says, with whatever led to it."""
    return "" if error is None else f"{error!r} {error} {told(error.__cause__)} {told(error.__context__)}"


# Failures -----------------------------------------------------------------------------------------


def test_an_api_that_nobody_serves_is_unreachable(open_provider, offer, nowhere):
    adapter = open_provider(offer.elsewhere(offer.credentials, nowhere))
    with pytest.raises(ApiUnreachable):
        adapter.authenticate()
    with pytest.raises(ApiUnreachable):
        list(adapter.get_events(None, None).records)
    with pytest.raises(ApiUnreachable):
        list(adapter.get_participants(offer.finished_event).records)
    with pytest.raises(ApiUnreachable):
        list(adapter.get_results(offer.finished_event).records)


@pytest.mark.parametrize(
    ("answer", "category"),
    [(DROPPED, "unreachable"), (BUSY, "server_error"), (TOO_MANY, "rate_limited")],
    ids=["dropped", "busy", "too many"],
)
def test_a_failure_that_passes_costs_nothing_but_a_retry(behind, offer, answer, category):
    adapter, gateway = behind(answer, answer)
    with statistics.measured() as counted:
        participants = list(adapter.get_participants(offer.finished_event).records)

    assert {participant.provider_participant_id for participant in participants} == offer.participants
    assert counted.retries[category] >= 2
    assert gateway.connections >= 3


@pytest.mark.parametrize(
    ("answer", "error"),
    [(DROPPED, ApiUnreachable), (BUSY, ServerFailed), (TOO_MANY, TooManyRequests)],
    ids=["dropped", "busy", "too many"],
)
def test_a_failure_that_stays_is_named_after_five_tries(behind, answer, error):
    adapter, gateway = behind(answer, passing=False)
    with pytest.raises(error):
        adapter.authenticate()
    assert gateway.connections == 5


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (REFUSED, CredentialsRefused),
        (GONE_ASTRAY, AnswerUnusable),
        (WEB_PAGE, AnswerUnusable),
        (EXCUSE, AnswerUnusable),
    ],
    ids=["refused", "gone astray", "web page", "excuse"],
)
def test_what_will_not_go_better_later_is_asked_once(behind, answer, error):
    adapter, gateway = behind(answer, passing=False)
    with pytest.raises(error):
        adapter.authenticate()
    assert gateway.connections == 1


def test_an_answer_without_a_list_of_events_is_no_empty_list_of_them(behind):
    for answer in (GONE_ASTRAY, WEB_PAGE, EXCUSE):
        adapter, _ = behind(answer, passing=False)
        with pytest.raises(AnswerUnusable):
            list(adapter.get_events(None, None).records)


def test_nobody_is_led_elsewhere_with_the_credentials(behind, open_gateway):
    elsewhere = open_gateway(WEB_PAGE)
    moved = said("302 Found", f"Location: http://{elsewhere.address}/")
    adapter, _ = behind(moved, passing=False)
    with pytest.raises(AnswerUnusable):
        adapter.authenticate()
    assert elsewhere.connections == 0


# What is said of it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [DROPPED, BUSY, TOO_MANY, REFUSED, GONE_ASTRAY, WEB_PAGE],
    ids=["dropped", "busy", "too many", "refused", "gone astray", "web page"],
)
def test_no_error_log_or_repr_tells_a_secret(behind, offer, every_log, answer):
    adapter, gateway = behind(answer, passing=False)
    with pytest.raises(IntegrationError) as raised:
        adapter.authenticate()

    heard = gateway.heard.decode("latin-1")
    sent = re.findall(r"(?im)^authorization: \w+ (\S+)", heard)
    sent += re.findall(r"[?&](?:user_pass|password)=([^& ]+)", heard)
    assert sent
    for secret in [offer.credentials.secret, *sent]:
        assert secret not in f"{told(raised.value)} {every_log()} {adapter!r} {vars(adapter)}"


def test_log_lines_name_provider_and_partner(every_log, behind, offer):
    adapter, _ = behind(BUSY)
    list(adapter.get_participants(offer.finished_event).records)

    lines = [line for line in every_log() if isinstance(line, dict)]
    assert "request.repeated" in [line["event"] for line in lines]
    assert {(line.get("provider"), line.get("partner")) for line in lines} == {
        (adapter.provider_name, offer.credentials.timing_partner_id)
    }


# Who must not notice ------------------------------------------------------------------------------


def test_nothing_is_asked_before_something_is_wanted(behind):
    _, gateway = behind(BUSY)
    assert gateway.connections == 0


def test_several_threads_read_the_same(adapter, offer):
    def read(_):
        with statistics.measured():
            return sorted(adapter.get_results(offer.finished_event).records, key=repr)

    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(read, range(8))
    assert set(map(offer.whose, first)) == offer.results.keys()
    assert all(other == first for other in others)


def test_an_adapter_works_on_when_another_is_refused_and_closed(adapter, open_provider, offer):
    adapter.authenticate()
    refused = open_provider(replace(offer.credentials, secret="not-the-password"))
    with pytest.raises(CredentialsRefused):
        refused.authenticate()
    refused.close()

    found = adapter.get_participants(offer.finished_event).records
    assert {participant.provider_participant_id for participant in found} == offer.participants


def test_an_adapter_works_on_after_an_event_that_is_not_to_be_had(adapter, offer):
    with pytest.raises(EventArchived):
        list(adapter.get_results(offer.archived_event).records)
    found = adapter.get_results(offer.finished_event).records
    assert set(map(offer.whose, found)) == offer.results.keys()


def test_closing_twice_is_harmless(open_provider, offer):
    adapter = open_provider(offer.credentials)
    adapter.authenticate()
    adapter.close()
    adapter.close()
