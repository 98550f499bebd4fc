"""The truths that hold of every provider: what the pipeline may rely on, whoever wrote the adapter."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta, timezone

import pytest

from providers import statistics
from providers.errors import (
    CredentialsRefused,
    EventArchived,
    SettingsInvalid,
)
from providers.rate_limit import Limit
from providers.readings import Snapshot
from providers.records import ProviderEvent, ProviderParticipant, ProviderRace, ProviderResult, Split
from providers.registry import adapter_class


def instants(record):
    """Yield every datetime in a record, however deep."""
    if isinstance(record, datetime):
        yield record
    elif is_dataclass(record):
        yield from instants(tuple(getattr(record, field.name) for field in fields(record)))
    elif isinstance(record, tuple):
        for part in record:
            yield from instants(part)


@pytest.fixture
def read_event(adapter):
    """What reads one event's list, by the list's name."""
    return {"participants": adapter.get_participants, "results": adapter.get_results}


READINGS = pytest.mark.parametrize("reading", ["participants", "results"])


# Who may ask --------------------------------------------------------------------------------------


def test_credentials_that_work_are_accepted(adapter):
    adapter.authenticate()


def test_a_wrong_password_is_refused_and_the_login_named(open_provider, offer):
    adapter = open_provider(replace(offer.credentials, secret="not-the-password"))
    with pytest.raises(CredentialsRefused, match=offer.credentials.principal) as refusal:
        adapter.authenticate()
    assert "not-the-password" not in str(refusal.value)


def test_an_unknown_login_is_refused(open_provider, offer):
    with pytest.raises(CredentialsRefused, match="nobody@example"):
        open_provider(replace(offer.credentials, principal="nobody@example.test")).authenticate()


def test_a_wrong_password_is_refused_whatever_is_asked(open_provider, offer):
    adapter = open_provider(replace(offer.credentials, secret="not-the-password"))
    with pytest.raises(CredentialsRefused):
        list(adapter.get_events(None, None).records)
    with pytest.raises(CredentialsRefused):
        list(adapter.get_participants(offer.finished_event).records)
    with pytest.raises(CredentialsRefused):
        list(adapter.get_results(offer.finished_event).records)


@pytest.mark.parametrize("missing", ["principal", "secret"])
def test_credentials_without_a_login_or_secret_are_impossible_settings(open_provider, offer, missing):
    with pytest.raises(SettingsInvalid, match=offer.credentials.partner_name):
        open_provider(replace(offer.credentials, **{missing: None}))


def test_a_provider_is_called_as_in_the_hub(adapter, provider):
    assert adapter_class(provider).provider_name == adapter.provider_name
    assert adapter.provider_name.strip()


def test_the_limit_is_known_before_anybody_is_asked(provider, offer, nowhere):
    there = adapter_class(provider).limit(offer.credentials)
    assert isinstance(there, Limit)
    assert there.rates()
    assert adapter_class(provider).limit(offer.elsewhere(offer.credentials, nowhere)) == there


# Events -------------------------------------------------------------------------------------------


def test_without_bounds_every_visible_event_is_listed_once(adapter, offer):
    snapshot = adapter.get_events(None, None)
    events = list(snapshot.records)

    assert isinstance(snapshot, Snapshot)
    assert all(isinstance(event, ProviderEvent) for event in events)
    assert sorted((event.provider_event_id, event.name) for event in events) == sorted(
        offer.event_names.items()
    )
    assert snapshot.rejected == []
    assert snapshot.complete is offer.complete


def test_events_and_their_races_have_aware_instants(adapter):
    events = list(adapter.get_events(None, None).records)
    found = [instant for event in events for instant in instants(event)]
    assert all(event.start_time for event in events)
    assert all(instant.utcoffset() == timedelta(0) for instant in found)


def test_an_event_has_its_races(adapter, offer):
    events = {event.provider_event_id: event for event in adapter.get_events(None, None).records}
    races = events[offer.finished_event].races
    assert races
    assert all(isinstance(race, ProviderRace) and race.start for race in races)


def test_bounds_leave_out_the_events_that_do_not_touch_them(adapter, offer):
    everything = {event.provider_event_id: event for event in adapter.get_events(None, None).records}
    start = everything[offer.finished_event].start_time
    second = timedelta(seconds=1)

    around = adapter.get_events(start - second, start + second)
    found = [event.provider_event_id for event in around.records]
    assert offer.finished_event in found
    assert len(found) < len(everything)
    assert around.complete is offer.complete
    zone = timezone(timedelta(hours=-9))
    same = adapter.get_events((start - second).astimezone(zone), (start + second).astimezone(zone))
    assert [event.provider_event_id for event in same.records] == found
    later = max(event.end_time or event.start_time for event in everything.values()) + second
    assert list(adapter.get_events(later, None).records) == []
    assert (
        list(adapter.get_events(None, min(e.start_time for e in everything.values()) - second).records) == []
    )


# Participants and results -------------------------------------------------------------------------


def test_every_entry_but_those_for_testing_is_a_participant(adapter, offer):
    snapshot = adapter.get_participants(offer.finished_event)
    participants = list(snapshot.records)

    assert all(isinstance(participant, ProviderParticipant) for participant in participants)
    found = [participant.provider_participant_id for participant in participants]
    assert len(found) == len(set(found))
    assert set(found) == offer.participants
    assert snapshot.rejected == []
    assert snapshot.complete is offer.complete


def test_everybody_who_was_seen_has_one_result_and_nobody_else(adapter, offer):
    snapshot = adapter.get_results(offer.finished_event)
    results = list(snapshot.records)

    assert all(isinstance(result, ProviderResult) for result in results)
    ids = [result.provider_result_id for result in results]
    assert len(ids) == len(set(ids))
    assert {offer.whose(result): result.status for result in results} == offer.results
    assert len(results) == len(offer.results)
    assert snapshot.rejected == []
    assert snapshot.complete is offer.complete
    assert not snapshot.unsure


def test_results_have_times_places_and_splits_of_our_own_types(adapter, offer):
    results = list(adapter.get_results(offer.finished_event).records)
    finished = [result for result in results if result.status == "finished"]

    assert finished
    for result in finished:
        assert isinstance(result.chip_time or result.gun_time, timedelta)
        assert result.finish_time.utcoffset() == timedelta(0)
        assert result.overall_place >= 1
    for split in (split for result in results for split in result.splits):
        assert isinstance(split, Split)
        assert isinstance(split.chip_time or split.gun_time, timedelta)


def test_results_belong_to_participants(adapter, offer):
    entries = {offer.whose(entry) for entry in adapter.get_participants(offer.finished_event).records}
    results = adapter.get_results(offer.finished_event).records
    assert {offer.whose(result) for result in results} <= entries


@READINGS
def test_reading_twice_gives_the_same(read_event, offer, reading):
    first, second = (sorted(read_event[reading](offer.finished_event).records, key=repr) for _ in range(2))
    assert first == second
    assert first


def test_an_id_of_one_event_is_none_of_another(adapter, offer):
    entries, results = [], []
    for event_id in offer.event_names.keys() - {offer.archived_event}:
        entries += [entry.provider_participant_id for entry in adapter.get_participants(event_id).records]
        results += [result.provider_result_id for result in adapter.get_results(event_id).records]

    for ids in (entries, results):
        assert ids
        assert all(isinstance(each, str) and each.strip() == each != "" for each in ids)
        assert len(ids) == len(set(ids))


@READINGS
def test_what_goes_into_additional_data_is_json(read_event, offer, reading):
    for record in read_event[reading](offer.finished_event).records:
        json.dumps(dict(record.additional_data))


@READINGS
def test_an_unknown_event_is_not_found_and_one_that_others_may_see_is_unknown(read_event, offer, reading):
    for event_id in (offer.unknown_event, offer.hidden_event):
        if offer.unknown_error is None:
            assert list(read_event[reading](event_id).records) == []
            continue
        with pytest.raises(offer.unknown_error):
            list(read_event[reading](event_id).records)


@READINGS
def test_an_archived_event_says_so(read_event, offer, reading):
    with pytest.raises(EventArchived):
        list(read_event[reading](offer.archived_event).records)


def test_requests_and_rows_are_counted(adapter, offer):
    with statistics.measured() as counted:
        participants = list(adapter.get_participants(offer.finished_event).records)
    assert counted.requests >= 1
    assert counted.rows_read >= len(participants)
    assert counted.bytes_read > counted.rows_read


def test_every_request_is_taken_from_the_budget(adapter, offer, tmp_path):
    with statistics.measured() as counted:
        list(adapter.get_events(None, None).records)
        list(adapter.get_results(offer.finished_event).records)

    [path] = (tmp_path / "budget").glob("*.sqlite")
    with closing(sqlite3.connect(path)) as account:
        [taken] = account.execute("SELECT count(*) FROM requests").fetchone()
    assert taken == counted.requests + counted.retries["unreachable"]
