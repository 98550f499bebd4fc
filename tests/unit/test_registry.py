"""Adapters by name."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from providers.base_adapter import BaseProviderAdapter
from providers.chronotrack_live_adapter import ChronoTrackLiveAdapter
from providers.clock import Clock
from providers.errors import AnswerUnusable, SettingsInvalid
from providers.recording import read_recording
from providers.records import Credentials
from providers.registry import GROUP, adapter_class, open_adapter

REGISTERED = sorted(point.name for point in entry_points(group=GROUP))


def credentials(partner, **config):
    return Credentials(
        credentials_id=1,
        timing_partner_id=partner,
        partner_name="Harbour Timing",
        provider_id=1,
        data_source="chronotrack_live",
        principal="user@example.test",
        secret="open-sesame",
        additional_config=config,
    )


def test_chronotrack_live_is_registered():
    assert adapter_class("chronotrack_live") is ChronoTrackLiveAdapter


def test_a_provider_of_another_package_is_there_as_soon_as_it_is_installed():
    assert adapter_class("sundial").__module__ == "sundial_timing"


def test_another_process_finds_it_too():
    ask = "from providers.registry import adapter_class; print(adapter_class('sundial').provider_name)"
    told = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert told.stdout == "Sundial Timing\n"


@pytest.mark.parametrize("name", REGISTERED)
def test_whatever_is_registered_is_an_adapter_with_the_name_of_its_provider(name):
    adapter = adapter_class(name)
    assert issubclass(adapter, BaseProviderAdapter)
    assert adapter.provider_name


def test_an_unknown_name_is_refused_with_the_known_ones():
    known = r"No provider is called 'hourglass'\. Known: chronotrack_live, sundial\."
    with pytest.raises(SettingsInvalid, match=known):
        adapter_class("hourglass")


def test_each_partner_has_an_account_of_requests(tmp_path):
    for partner in (7, 8):
        open_adapter("chronotrack_live", credentials(partner), tmp_path, Clock()).close()
    assert sorted(path.name for path in (tmp_path / "budget").glob("*.sqlite")) == [
        "chronotrack_live-partner-7.sqlite",
        "chronotrack_live-partner-8.sqlite",
    ]


def test_adapters_of_one_partner_draw_from_one_budget(tmp_path):
    now = Clock().now()
    clock = Clock.running(now, (now, 500))
    adapters = [
        open_adapter("chronotrack_live", credentials(7, rate_limit=1), tmp_path, clock) for _ in range(2)
    ]
    waits = [adapter.budget.take() for adapter in adapters]
    for adapter in adapters:
        adapter.close()
    assert waits[0] == 0
    assert waits[1] > 0


def test_impossible_settings_are_refused_before_an_account_is_opened(tmp_path):
    with pytest.raises(SettingsInvalid, match="rate_limit"):
        open_adapter("chronotrack_live", credentials(7, rate_limit=0), tmp_path, Clock())
    assert not (tmp_path / "budget").exists()


def test_a_recording_hides_whatever_the_credentials_row_names_like_a_secret(tmp_path, httpserver):
    row = credentials(
        7,
        base_url=httpserver.url_for("/api"),
        api_key="k3y-of-a-partner",
        password_digest="plain",
        timeout=5,
    )
    body = '{"event": [{"event_id": "k3y-of-a-partner open-sesame plain"}]}'
    httpserver.expect_request("/api/event").respond_with_data(body, content_type="application/json")
    adapter = open_adapter("chronotrack_live", row, tmp_path, Clock(), record=tmp_path / "recorded")
    adapter.authenticate()
    adapter.close()

    [answer] = read_recording(tmp_path / "recorded" / "chronotrack_live-partner-7")
    assert answer.body == b'{"event": [{"event_id": "[redacted] [redacted] plain"}]}'


def test_an_answer_that_is_too_large_is_recorded_as_a_failure(tmp_path, httpserver):
    httpserver.expect_request("/api/event").respond_with_data(b" " * (65 * 2**20))
    row = credentials(7, base_url=httpserver.url_for("/api"))
    adapter = open_adapter("chronotrack_live", row, tmp_path, Clock(), record=tmp_path / "recorded")
    with pytest.raises(AnswerUnusable, match="larger than 67,108,864 bytes"):
        adapter.authenticate()
    adapter.close()

    [answer] = read_recording(tmp_path / "recorded" / "chronotrack_live-partner-7")
    assert "larger than" in answer.failure


def test_a_provider_that_cannot_record_says_so(tmp_path):
    with pytest.raises(SettingsInvalid, match="Sundial Timing answers cannot be recorded"):
        open_adapter("sundial", credentials(7), tmp_path, Clock(), record=tmp_path / "recorded")
