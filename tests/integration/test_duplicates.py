"""The same event by TCP and through the API is kept once, whichever comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from providers.errors import DuplicateEvent
from providers.records import ProviderEvent, ProviderParticipant, ProviderRace, ProviderResult

START = datetime(2025, 6, 1, 7)  # noqa: DTZ001 - as the host keeps it
RUN = ProviderEvent(
    provider_event_id="5",
    name="Harbour 10K",
    start_time=START.replace(tzinfo=UTC),
    races=(ProviderRace(provider_race_id="77"),),
)
LATER = datetime(2025, 6, 1, 18, tzinfo=UTC)
RESULT = ProviderResult(provider_result_id="1", status="finished", bib="live")


def add_tcp_event(hub, event_id="61611", name="HARBOUR 10k", start=START, *, results=0):
    hub.query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
        " VALUES (%s, %s, %s, %s)",
        event_id,
        name,
        start,
        hub.partner.timing_partner_id,
    )
    add_tcp_results(hub, event_id, results)


def add_tcp_results(hub, event_id, count):
    hub.query(
        "INSERT INTO ct_results (event_id, results_bib, timing_partner_id)"
        " SELECT %s, 'tcp', %s FROM generate_series(1, %s)",
        event_id,
        hub.partner.timing_partner_id,
        count,
    )


def live_events(hub):
    return hub.query("SELECT event_id, duplicate_of FROM ct_events WHERE data_source = 'chronotrack_live'")


def unified(hub):
    return sorted(row["bib_number"] for row in hub.query("SELECT bib_number FROM unified_results"))


# The function for duplicates --------------------------------------------------------------------------


def test_a_tcp_event_of_the_same_name_that_starts_less_than_a_day_apart_is_a_duplicate(hub):
    add_tcp_event(hub, name="Harbour 10K")
    cases = [
        ("Harbour 10K", timedelta(0), True),
        ("hARBOUR 10k", timedelta(hours=3), True),
        ("Harbour 10K", timedelta(seconds=86_399), True),
        ("Harbour 10K", timedelta(seconds=-86_399), True),
        ("Harbour 10K", timedelta(seconds=86_400), False),
        ("Harbour 10K", timedelta(seconds=-86_400), False),
        ("Harbour 5K", timedelta(0), False),
        ("Harbour 10K ", timedelta(0), False),
        (None, timedelta(0), False),
        ("Harbour 10K", None, False),
    ]

    for name, apart, expected in cases:
        start = None if apart is None else START + apart
        assert is_duplicate(hub, name, start) is expected, (name, apart)


def is_duplicate(hub, name, start):
    [row] = hub.query(
        "SELECT check_duplicate_chronotrack_event(%s, %s, %s) AS found",
        name,
        start,
        hub.partner.timing_partner_id,
    )
    return row["found"]


def test_a_tcp_event_of_another_partner_is_no_duplicate(hub, open_hub, dsn):
    add_tcp_event(open_hub(dsn, "Mountain Timing"))

    assert not is_duplicate(hub, "Harbour 10K", START)


def test_a_live_event_and_a_tcp_event_without_a_start_are_no_duplicates(hub):
    add_tcp_event(hub, start=None)
    hub.save_events(RUN)

    assert not is_duplicate(hub, "Harbour 10K", START)
    assert len(live_events(hub)) == 1


# TCP first --------------------------------------------------------------------------------------------


def test_an_event_that_tcp_has_is_not_imported(hub):
    add_tcp_event(hub)

    report = hub.save_events(RUN, replace(RUN, provider_event_id="6", name="Harbour 5K"))

    assert [row["event_id"] for row in live_events(hub)] == [hub.key("6")]
    assert [row["event_id"] for row in hub.query("SELECT event_id FROM ct_races")] == [hub.key("6")]
    assert report.seen == 2
    assert report.statistics["duplicates"] == [
        {
            "provider_event_id": "5",
            "event_name": "Harbour 10K",
            "duplicate_of": "61611",
            "kind": "same_name",
            "reason": "same name, starts within 24 hours",
        }
    ]


def test_an_event_that_tcp_has_under_the_apis_own_id_is_not_imported_whatever_its_name(hub):
    add_tcp_event(hub, event_id="5", name="A name of its own", start=None)

    report = hub.save_events(RUN)

    assert live_events(hub) == []
    assert report.statistics["duplicates"][0]["reason"] == "same ChronoTrack id"


def test_the_same_id_at_another_partner_is_another_event(hub, open_hub, dsn):
    add_tcp_event(open_hub(dsn, "Mountain Timing"), event_id="5")

    hub.save_events(RUN)

    assert len(live_events(hub)) == 1


def test_a_past_event_that_tcp_has_is_refused_and_nothing_is_written(hub):
    add_tcp_event(hub)

    with pytest.raises(DuplicateEvent, match=r"event 61611 \(same name"):
        hub.save_past_event(RUN, [ProviderParticipant(provider_participant_id="1")], [RESULT])

    assert live_events(hub) == []
    for table in ("ct_races", "ct_participants", "ct_results", "sync_history"):
        assert hub.query(f"SELECT 1 FROM {table}") == []


def test_in_shape_c_duplicates_are_found_too(open_hub, shape_c_dsn):
    hub = open_hub(shape_c_dsn)
    add_tcp_event(hub)

    hub.save_events(RUN)

    assert live_events(hub) == []


# TCP later --------------------------------------------------------------------------------------------


@pytest.fixture
def live(hub):
    """A hub that has collected the event already."""
    hub.save_events(RUN)
    hub.save_results("5", RESULT)
    return hub


def test_a_tcp_event_that_comes_later_is_noted(live):
    add_tcp_event(live)

    live.save_events(RUN, at=LATER)

    assert live_events(live) == [{"event_id": live.key("5"), "duplicate_of": "61611"}]
    assert live.query("SELECT api_fetched_date FROM ct_events WHERE duplicate_of IS NOT NULL") == [
        {"api_fetched_date": live.at.replace(tzinfo=None)}
    ]


def test_a_live_event_that_tcp_delivers_later_is_still_kept_up_to_date(live):
    add_tcp_event(live)

    report = live.save_events(replace(RUN, description="Start moved to the pier"), at=LATER)

    assert (report.written, "duplicates" in report.statistics) == (1, False)


def test_a_race_in_progress_does_not_disappear_behind_an_empty_tcp_event(live):
    add_tcp_event(live)
    live.save_events(RUN, at=LATER)

    assert unified(live) == ["live"]
    assert not live.store.live_events(live.partner, RUN.start_time)[0].superseded


def test_the_live_event_stands_aside_once_tcp_has_results(live):
    add_tcp_event(live)
    live.save_events(RUN, at=LATER)

    add_tcp_results(live, "61611", 2)

    assert unified(live) == ["tcp", "tcp"]
    assert live.store.live_events(live.partner, RUN.start_time)[0].superseded
    # Nothing of it is lost.
    assert len(live.query("SELECT 1 FROM ct_results WHERE data_source = 'chronotrack_live'")) == 1


def test_when_the_tcp_event_goes_all_is_as_before(live):
    add_tcp_event(live, results=2)
    live.save_events(RUN, at=LATER)

    live.query("DELETE FROM ct_events WHERE event_id = '61611'")
    assert unified(live) == ["live"]
    live.save_events(RUN, at=LATER + timedelta(hours=6))

    assert live_events(live) == [{"event_id": live.key("5"), "duplicate_of": None}]
    assert not live.store.live_events(live.partner, RUN.start_time)[0].superseded


def test_an_event_that_the_api_no_longer_lists_is_marked_as_well(live):
    add_tcp_event(live)

    live.save_events(at=LATER)

    assert live_events(live) == [{"event_id": live.key("5"), "duplicate_of": "61611"}]


def test_of_several_tcp_events_the_one_that_starts_nearest_is_meant(live):
    add_tcp_event(live, "61612", start=START + timedelta(hours=20))
    add_tcp_event(live, "61611", start=START - timedelta(hours=1))

    live.save_events(RUN, at=LATER)

    assert live_events(live)[0]["duplicate_of"] == "61611"


def test_a_mark_that_holds_is_not_written_again(live):
    add_tcp_event(live)
    live.save_events(RUN, at=LATER)
    version = "SELECT xmin::text, ctid::text FROM ct_events ORDER BY event_id"
    before = live.query(version)

    live.save_events(RUN, at=LATER + timedelta(hours=6))

    assert live.query(version) == before


def test_the_guides_query_shows_the_pair(live):
    add_tcp_event(live)

    pairs = live.query(
        """
        SELECT e1.event_name, e1.data_source as ct_live_source, e2.data_source as tcp_source
        FROM ct_events e1
        JOIN ct_events e2 ON e1.timing_partner_id = e2.timing_partner_id
            AND LOWER(e1.event_name) = LOWER(e2.event_name)
            AND ABS(EXTRACT(EPOCH FROM (e1.start_date - e2.start_date))) < 86400
        WHERE e1.data_source = 'chronotrack_live'
        AND e2.data_source = 'tcp_hardware';
        """
    )

    assert [tuple(pair.values()) for pair in pairs] == [("Harbour 10K", "chronotrack_live", "tcp_hardware")]
