"""An operator's word that two events are not the same, and the list of what is suspicious."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from database.duplicates import Duplicates
from providers.errors import SettingsInvalid
from providers.records import LiveKey, ProviderResult
from tests.integration.test_duplicates import LATER, RUN, START, add_tcp_event, live_events, unified

AT = datetime(2025, 6, 2, tzinfo=UTC)


@pytest.fixture
def duplicates(database):
    """What the operator's command works with."""
    return Duplicates(database)


@pytest.fixture
def event(hub):
    """The live event's key."""
    return LiveKey.of(hub.key("5"))


# The operator's word ------------------------------------------------------------------------------------


def test_an_event_that_was_left_out_comes_in_after_the_operators_word(hub, duplicates, event):
    add_tcp_event(hub)
    hub.save_events(RUN)
    assert live_events(hub) == []

    assert duplicates.keep_apart(event, "61611", AT)
    hub.save_events(RUN)

    assert live_events(hub) == [{"event_id": hub.key("5"), "duplicate_of": None}]
    hub.store.refuse_duplicate(hub.partner, RUN)


def test_an_event_that_stood_aside_is_shown_again_at_once_and_stays_so(hub, duplicates, event):
    hub.save_events(RUN)
    hub.save_results("5", ProviderResult(provider_result_id="1", status="finished", bib="live"))
    add_tcp_event(hub, results=1)
    hub.save_events(RUN, at=LATER)
    assert unified(hub) == ["tcp"]

    duplicates.keep_apart(event, "61611", AT)

    assert unified(hub) == ["live", "tcp"]
    hub.save_events(RUN, at=LATER + timedelta(hours=6))
    assert unified(hub) == ["live", "tcp"]


def test_the_word_is_about_that_pair_only(hub, duplicates, event):
    add_tcp_event(hub)
    hub.save_events(RUN)
    duplicates.keep_apart(event, "61611", AT)
    add_tcp_event(hub, "61612")

    hub.save_events(RUN, replace(RUN, provider_event_id="6"))

    # 61612 is a twin of event 5 as well, and 61611 of event 6.
    assert live_events(hub) == []


def test_the_word_of_one_partner_says_nothing_for_another(hub, open_hub, dsn, duplicates, event):
    other = open_hub(dsn, "Mountain Timing")
    add_tcp_event(other)
    add_tcp_event(hub, "61612")
    hub.save_events(RUN)
    duplicates.keep_apart(event, "61612", AT)

    other.save_events(RUN)

    assert live_events(hub) == []


def test_a_word_is_taken_back(hub, duplicates, event):
    add_tcp_event(hub)
    hub.save_events(RUN)
    duplicates.keep_apart(event, "61611", AT)

    assert duplicates.forget(event, "61611")
    assert not duplicates.forget(event, "61611")
    hub.save_events(RUN)

    assert live_events(hub) == []


def test_said_twice_it_is_kept_once_with_who_said_it_first(hub, duplicates, event):
    add_tcp_event(hub)
    hub.save_events(RUN)

    assert duplicates.keep_apart(event, "61611", AT)
    assert not duplicates.keep_apart(event, "61611", AT)

    [pair] = duplicates.kept_apart()
    assert (pair["provider_event_id"], pair["twin_event_id"]) == ("5", "61611")
    assert pair["noted_by"] == hub.query("SELECT session_user AS who")[0]["who"]


def test_a_tcp_event_that_the_partner_does_not_have_is_refused(hub, open_hub, dsn, duplicates, event):
    hub.save_events(RUN)
    add_tcp_event(open_hub(dsn, "Mountain Timing"))

    with pytest.raises(SettingsInvalid, match="has no event 61611"):
        duplicates.keep_apart(event, "61611", AT)

    assert duplicates.kept_apart() == []


# The audit ----------------------------------------------------------------------------------------------


def audit(duplicates):
    return [
        (pair["provider_event_id"], pair["twin_event_id"], pair["kind"], pair["shown"])
        for pair in duplicates.suspicious()
    ]


def test_the_audit_is_empty_without_duplicates(hub, duplicates):
    add_tcp_event(hub, name="Another Run")
    hub.save_events(RUN)

    assert audit(duplicates) == []


def test_the_audit_says_which_of_the_two_is_shown(hub, duplicates):
    hub.save_events(RUN)
    add_tcp_event(hub)
    assert audit(duplicates) == [("5", "61611", "same_name", "both")]

    hub.save_events(RUN, at=LATER)
    assert audit(duplicates) == [("5", "61611", "same_name", "API until TCP has results")]

    hub.query("INSERT INTO ct_results (event_id, results_bib) VALUES ('61611', 'tcp')")
    assert audit(duplicates) == [("5", "61611", "same_name", "TCP")]


def test_the_audit_lists_similar_names(hub, duplicates):
    add_tcp_event(hub, name="10 km Harbour 2025")
    hub.save_events(RUN)

    assert audit(duplicates) == [("5", "61611", "similar_name", "both")]


def test_the_audit_lists_what_the_last_discovery_left_out(hub, duplicates):
    add_tcp_event(hub)

    hub.save_events(RUN)
    assert audit(duplicates) == [("5", "61611", "same_name", "TCP")]

    # It is not listed any more: nothing is left out now.
    hub.save_events(at=LATER)
    assert audit(duplicates) == []


def test_the_audit_lists_an_event_that_the_api_publishes_twice(hub, duplicates):
    hub.save_events(RUN, replace(RUN, provider_event_id="6", start_time=RUN.start_time + timedelta(hours=2)))

    assert audit(duplicates) == [("5", hub.key("6"), "published_twice", "both")]


def test_a_pair_that_the_api_publishes_twice_leaves_the_audit_by_the_operators_word(hub, duplicates, event):
    hub.save_events(RUN, replace(RUN, provider_event_id="6"))

    duplicates.keep_apart(event, hub.key("6"), AT)

    assert audit(duplicates) == []


def test_a_pair_that_was_left_out_leaves_the_audit_by_the_operators_word(hub, duplicates, event):
    add_tcp_event(hub)
    hub.save_events(RUN)

    duplicates.keep_apart(event, "61611", AT)

    assert audit(duplicates) == []
    assert not duplicates.keep_apart(event, "61611", AT)


def test_an_event_that_nobody_has_met_is_refused(hub, duplicates):
    add_tcp_event(hub)

    with pytest.raises(SettingsInvalid, match="has no event ctlive:1:99"):
        duplicates.keep_apart(LiveKey.of(hub.key("99")), "61611", AT)


def test_a_pair_leaves_the_audit_by_the_operators_word(hub, duplicates, event):
    hub.save_events(RUN)
    add_tcp_event(hub)

    duplicates.keep_apart(event, "61611", AT)

    assert audit(duplicates) == []


def test_the_audit_of_one_partner_has_no_pairs_of_others(hub, open_hub, dsn, duplicates):
    other = open_hub(dsn, "Mountain Timing")
    other.save_events(RUN)
    add_tcp_event(other)

    assert duplicates.suspicious(hub.partner.timing_partner_id) == []
    assert len(duplicates.suspicious(other.partner.timing_partner_id)) == 1


def test_in_shape_c_the_audit_works_too(open_hub, shape_c_dsn):
    hub = open_hub(shape_c_dsn)
    hub.save_events(RUN)
    add_tcp_event(hub, start=START + timedelta(hours=1))

    assert [pair["kind"] for pair in hub.query("SELECT kind FROM ct_live_duplicate_audit")] == ["same_name"]
