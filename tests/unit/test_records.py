"""The shared records: aware instants, secrets that do not show, and keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from providers.accounts import SyncReport
from providers.records import Credentials, ProviderEvent, ProviderRace, ProviderResult, StoredEvent


class NoOffset(tzinfo):
    """A zone that does not know its offset: Python counts such a datetime as naive, too."""

    def utcoffset(self, _):
        return None


AWARE = datetime(2025, 4, 21, 14, tzinfo=UTC)
NAIVE = AWARE.replace(tzinfo=None)
STORED = {"event_id": "e", "timing_partner_id": 1, "provider_event_id": "1", "name": "n", "start_time": None}
REPORT = {"sync_type": "results", "timing_partner_id": 1, "status": "completed"}
CREDENTIALS = Credentials(
    credentials_id=1,
    timing_partner_id=7,
    partner_name="Harbour Timing",
    provider_id=1,
    principal="user@example.test",
    secret="open-sesame",
    additional_config={"client_secret": "hush"},
    data_source="chronotrack_live",
)


@pytest.mark.parametrize("naive", [NAIVE, NAIVE.replace(tzinfo=NoOffset())])
@pytest.mark.parametrize(
    ("record", "fields", "name"),
    [
        (ProviderEvent, {"provider_event_id": "1", "name": "n"}, "start_time"),
        (ProviderEvent, {"provider_event_id": "1", "name": "n"}, "end_time"),
        (ProviderRace, {"provider_race_id": "1"}, "planned_start"),
        (ProviderRace, {"provider_race_id": "1"}, "planned_end"),
        (ProviderRace, {"provider_race_id": "1"}, "actual_start"),
        (ProviderRace, {"provider_race_id": "1"}, "actual_end"),
        (ProviderRace, {"provider_race_id": "1"}, "age_reference"),
        (ProviderResult, {"provider_result_id": "1", "status": "finished"}, "finish_time"),
        (StoredEvent, STORED, "start_time"),
        (StoredEvent, STORED, "end_time"),
        (StoredEvent, STORED, "last_collection"),
        (StoredEvent, STORED, "last_participant_sync"),
        (SyncReport, REPORT, "started"),
    ],
)
def test_a_naive_datetime_is_refused_by_name(record, fields, name, naive):
    with pytest.raises(ValueError, match=rf"{record.__name__}\.{name} must be an aware datetime"):
        record(**{**fields, name: naive})
    assert getattr(record(**{**fields, name: AWARE}), name) == AWARE


def test_a_naive_start_among_the_races_is_refused():
    with pytest.raises(ValueError, match=r"StoredEvent\.race_starts must be an aware datetime"):
        StoredEvent(**STORED, race_starts=(AWARE, NAIVE))


def test_credentials_show_no_secret():
    assert "open-sesame" not in repr(CREDENTIALS)
    assert "hush" not in repr(CREDENTIALS)
    assert CREDENTIALS.label == "partner 7 (Harbour Timing)"


def test_a_key_names_provider_partner_and_api_id():
    assert CREDENTIALS.key("89332") == "ctlive:7:89332"
    assert replace(CREDENTIALS, data_source="sundial_timing").key("m-1") == "sundial_timing:7:m-1"


def test_a_race_starts_when_it_did_or_else_when_it_is_to():
    later = AWARE + timedelta(minutes=3)
    assert ProviderRace(provider_race_id="1").start is None
    assert ProviderRace(provider_race_id="1", planned_start=AWARE).start == AWARE
    assert ProviderRace(provider_race_id="1", planned_start=AWARE, actual_start=later).start == later
