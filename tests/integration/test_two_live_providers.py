"""One partner with two live providers whose APIs use the same ids: they never meet in the hub."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from database.connection import Database
from database.store import Store
from providers.errors import CollectedElsewhere, DuplicateEvent, RowRejected
from providers.records import ProviderRace
from tests.fixtures_hub import Hub
from tests.integration.builders import FIELD, LATER, RUN, START, athlete, entry, naive

SOURCES = {"ChronoTrack Live": "chronotrack_live", "Sundial Timing": "sundial_timing"}
TABLES = ("ct_events", "ct_participants", "ct_results")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A lock that is waited for fails the test instead of holding it up."""
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=10s")


@pytest.fixture
def sundial(hub):
    """The hub's partner through Sundial Timing."""
    partner = hub.partner.timing_partner_id
    hub.query("INSERT INTO providers (name) VALUES ('Sundial Timing')")
    hub.query(
        "INSERT INTO partner_provider_credentials (timing_partner_id, provider_id, principal, secret)"
        " SELECT %s, provider_id, 'demo', 'demo' FROM providers WHERE name = 'Sundial Timing'",
        partner,
    )
    [credentials] = hub.store.credentials("Sundial Timing", [partner])
    return Hub(hub.database, hub.store, credentials, hub.query)


@pytest.fixture(params=["ChronoTrack Live first", "Sundial Timing first"])
def pair(request, hub, sundial):
    """The two providers, in either order."""
    return (hub, sundial) if request.param == "ChronoTrack Live first" else (sundial, hub)


def save_all(hub, bib, **options):
    """The same ids for either provider: event 5, its race 77, entry 1 and forty results."""
    hub.save_events(replace(RUN, name=f"Run of {bib}"), **options)
    hub.save_participants("5", entry(1, bib=bib), **options)
    hub.save_results("5", *(replace(result, bib=bib) for result in FIELD), **options)


def rows_of(hub):
    """Every row of a provider, with the transaction and place of its last writing."""
    tables = [
        hub.query(
            f"SELECT xmin::text, ctid::text, to_jsonb(t) AS row FROM {table} AS t"
            " WHERE data_source = %s ORDER BY ctid",
            hub.partner.data_source,
        )
        for table in (*TABLES, "ct_live_rejected_rows")
    ]
    races = "SELECT xmin::text, ctid::text, to_jsonb(t) AS row FROM ct_races AS t WHERE event_id = %s"
    return [*tables, hub.query(races, hub.key("5"))]


def statuses(hub):
    return {
        row["provider_result_id"]: row["result_status"]
        for row in hub.query(
            "SELECT provider_result_id, result_status FROM ct_results WHERE data_source = %s",
            hub.partner.data_source,
        )
    }


def add_tcp_event(hub, event_id="61611", name=RUN.name, results=0):
    partner = hub.partner.timing_partner_id
    hub.query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
        " VALUES (%s, %s, %s, %s)",
        *(event_id, name, naive(START), partner),
    )
    hub.query(
        "INSERT INTO ct_results (event_id, results_bib, timing_partner_id)"
        " SELECT %s, 'tcp', %s FROM generate_series(1, %s)",
        *(event_id, partner, results),
    )


def marks(hub):
    """Which live events are marked as duplicates of which."""
    rows = hub.query("SELECT event_id, duplicate_of FROM ct_events WHERE data_source <> 'tcp_hardware'")
    return {row["event_id"]: row["duplicate_of"] for row in rows}


# Whose rows they are ------------------------------------------------------------------------------


def test_the_credentials_say_whose_rows_they_bring(hub, sundial):
    assert [(c.data_source, c.key("5")) for c in (hub.partner, sundial.partner)] == [
        ("chronotrack_live", "ctlive:1:5"),
        ("sundial_timing", "sundial_timing:1:5"),
    ]


def test_equal_ids_are_kept_for_each_provider_under_its_own_keys(pair):
    for one in pair:
        save_all(one, one.partner.data_source)

    query = pair[0].query
    assert query("SELECT event_id, data_source, provider_event_id FROM ct_events ORDER BY 1") == [
        {"event_id": "ctlive:1:5", "data_source": "chronotrack_live", "provider_event_id": "5"},
        {"event_id": "sundial_timing:1:5", "data_source": "sundial_timing", "provider_event_id": "5"},
    ]
    assert query("SELECT event_id, race_id FROM ct_races ORDER BY 1") == [
        {"event_id": "ctlive:1:5", "race_id": "77"},
        {"event_id": "sundial_timing:1:5", "race_id": "77"},
    ]
    assert query("SELECT entry_id, event_id, data_source, entry_bib FROM ct_participants ORDER BY 1") == [
        {
            "entry_id": f"{prefix}:1:1",
            "event_id": f"{prefix}:1:5",
            "data_source": source,
            "entry_bib": source,
        }
        for prefix, source in (("ctlive", "chronotrack_live"), ("sundial_timing", "sundial_timing"))
    ]
    assert query(
        "SELECT event_id, entry_id, participant_id, data_source, results_bib FROM ct_results"
        " WHERE provider_result_id = '1' ORDER BY 1"
    ) == [
        {
            "event_id": f"{prefix}:1:5",
            "entry_id": f"{prefix}:1:1",
            "participant_id": f"{prefix}:1:1",
            "data_source": source,
            "results_bib": source,
        }
        for prefix, source in (("ctlive", "chronotrack_live"), ("sundial_timing", "sundial_timing"))
    ]
    assert query("SELECT count(*) FROM ct_results") == [{"count": 2 * len(FIELD)}]


def test_whatever_one_provider_writes_leaves_the_others_rows_untouched(pair):
    one, other = pair
    rejected = [RowRejected("no time", kind="result", payload={"id": "41"}, api_id="41")]
    save_all(one, "one")
    one.save_results("5", *FIELD, rejected=rejected)
    before = rows_of(one)

    save_all(other, "other")
    other.save_events(replace(RUN, name="Renamed", races=(ProviderRace(provider_race_id="77"),)), at=LATER)
    other.save_participants("5", entry(1, bib="changed"), at=LATER)
    other.save_results("5", *FIELD[2:], rejected=rejected, at=LATER)

    assert [len(table) for table in before] == [1, 1, len(FIELD), 1, 1]
    assert rows_of(one) == before


def test_an_unchanged_poll_of_either_writes_nothing(pair):
    for one in pair:
        save_all(one, one.partner.data_source)
    before = [rows_of(one) for one in pair]

    for one in pair:
        save_all(one, one.partner.data_source, at=LATER)

    assert [rows_of(one) for one in pair] == before


def test_rows_that_were_set_aside_are_counted_for_each_provider(pair):
    for one in pair:
        one.save_events(RUN)
        payload = {"said": one.partner.data_source}
        rejected = [RowRejected("no time", kind="result", payload=payload, api_id="9")]
        one.save_results("5", rejected=rejected)

    rows = pair[0].query("SELECT data_source, payload, times_seen FROM ct_live_rejected_rows ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [
        (source, {"said": source}, 1) for source in ("chronotrack_live", "sundial_timing")
    ]


# What is read back --------------------------------------------------------------------------------


def test_each_sees_its_own_live_events_with_their_own_races_and_collections(pair):
    one, other = pair
    late = ProviderRace(provider_race_id="77", planned_start=START + timedelta(days=3))
    one.save_events(RUN)
    other.save_events(replace(RUN, races=(late,)))
    one.save_results("5", athlete(1))
    other.save_participants("5", entry(1), at=LATER)

    [ours] = one.store.live_events(one.partner, START)
    [theirs] = one.store.live_events(other.partner, START)
    assert (ours.event_id, theirs.event_id) == (one.key("5"), other.key("5"))
    assert (ours.last_collection, ours.last_participant_sync) == (one.at, None)
    assert (theirs.last_collection, theirs.last_participant_sync) == (None, LATER)
    assert (ours.race_starts, theirs.race_starts) == (
        (START + timedelta(hours=1),),
        (START + timedelta(days=3),),
    )
    # The other's late race keeps the other's event only.
    since = START + timedelta(days=2)
    assert one.store.live_events(one.partner, since) == []
    assert one.store.live_events(other.partner, since) == [theirs]


def test_an_event_that_one_has_imported_is_still_to_be_imported_by_the_other(pair):
    one, other = pair
    one.save_past_event(RUN, [entry(1)], [athlete(1)])

    assert one.store.imported_events(one.partner) == {"5"}
    assert one.store.imported_events(other.partner) == set()

    other.save_past_event(RUN, [entry(1)], [athlete(1)])

    assert one.store.imported_events(other.partner) == {"5"}


def test_the_history_tells_the_two_apart(pair):
    for one in pair:
        one.save_events(RUN)
        one.save_results("5", athlete(1))

    rows = pair[0].query(
        "SELECT provider_id, event_id FROM sync_history WHERE sync_type = 'results' ORDER BY sync_history_id"
    )
    assert rows == [{"provider_id": one.partner.provider_id, "event_id": one.key("5")} for one in pair]


# Removed, unsure ----------------------------------------------------------------------------------


def test_what_vanishes_from_one_api_is_removed_from_its_own_results_only(pair):
    one, other = pair
    for hub in pair:
        hub.save_events(RUN)
        hub.save_results("5", *FIELD)

    one.save_results("5", *FIELD[1:], at=LATER)
    report = one.save_results("5", *FIELD[1:], at=LATER + timedelta(seconds=90))

    assert report.statistics["removed"] == 1
    assert statuses(one)["1"] == "removed"
    assert set(statuses(other).values()) == {"finished"}


def test_a_loss_of_one_is_not_confirmed_by_the_other(pair):
    one, other = pair
    for hub in pair:
        hub.save_events(RUN)
        hub.save_results("5", *FIELD)
    other.save_results("5", *FIELD[20:], at=LATER)

    report = one.save_results("5", *FIELD[20:], at=LATER + timedelta(seconds=90))

    assert len(report.statistics["unconfirmed_vanished"]) == 20
    assert set(statuses(one).values()) == set(statuses(other).values()) == {"finished"}


def test_a_place_that_is_unsure_stays_what_the_same_provider_said(pair):
    one, other = pair
    one.save_events(RUN)
    one.save_results("5", athlete(1, gender_place=3))
    other.save_events(RUN)
    other.save_results("5", athlete(1, gender_place=8))

    one.save_results("5", athlete(1), unsure={"gender_place"}, at=LATER)

    rows = one.query("SELECT data_source, gender_place FROM ct_results")
    assert {row["data_source"]: row["gender_place"] for row in rows} == {
        one.partner.data_source: 3,
        other.partner.data_source: 8,
    }


# Duplicates ---------------------------------------------------------------------------------------


def test_a_live_event_of_one_is_no_duplicate_for_the_other(pair):
    reports = [one.save_events(RUN) for one in pair]

    assert ["duplicates" in report.statistics for report in reports] == [False, False]
    assert marks(pair[0]) == {"ctlive:1:5": None, "sundial_timing:1:5": None}


def test_a_tcp_event_that_comes_later_is_marked_by_each_for_itself(pair):
    one, other = pair
    for hub in pair:
        hub.save_events(RUN)
        hub.save_results("5", athlete(1))
    add_tcp_event(one)

    one.save_events(RUN, at=LATER)
    assert marks(one) == {one.key("5"): "61611", other.key("5"): None}

    other.save_results("5", athlete(1), at=LATER)
    assert marks(one) == {one.key("5"): "61611", other.key("5"): "61611"}


def test_only_chronotracks_own_ids_can_be_those_of_a_tcp_event(hub, sundial):
    add_tcp_event(hub, event_id="5", name="Another Race")

    assert [d["reason"] for d in hub.save_events(RUN).statistics["duplicates"]] == ["same ChronoTrack id"]
    with pytest.raises(DuplicateEvent):
        hub.store.refuse_duplicate(hub.partner, RUN)
    assert "duplicates" not in sundial.save_events(RUN).statistics
    sundial.store.refuse_duplicate(sundial.partner, RUN)
    sundial.save_past_event(RUN, [entry(1)], [athlete(1)])
    assert marks(hub) == {"sundial_timing:1:5": None}


# Locks --------------------------------------------------------------------------------------------


def test_an_event_that_one_collects_is_free_for_the_other_in_every_process(pair, dsn):
    one, other = pair
    with (
        closing(Database(dsn)) as database,
        closing(Store(database)) as elsewhere,
        one.store.claim(one.partner, "5"),
        one.store.claim(other.partner, "5"),
    ):
        for held in (one.partner, other.partner):
            with pytest.raises(CollectedElsewhere), elsewhere.claim(held, "5"):
                pass


def test_a_discovery_of_one_does_not_wait_for_the_others(pair):
    one, other = pair

    def meanwhile(_):
        return other.save_events(RUN)

    one.save_events(RUN, account=meanwhile)

    assert marks(one) == {one.key("5"): None, other.key("5"): None}


# The unified view ---------------------------------------------------------------------------------


def test_the_unified_view_names_the_provider_of_each_row(pair):
    for one in pair:
        save_all(one, one.partner.data_source)
    add_tcp_event(pair[0], name="By TCP", results=1)

    rows = pair[0].query("SELECT DISTINCT source_provider, data_source, bib_number FROM unified_results")
    assert {tuple(row.values()) for row in rows} == {
        ("ChronoTrack", "tcp_hardware", "tcp"),
        *((name, source, source) for name, source in SOURCES.items()),
    }


def test_removed_results_of_either_are_not_in_the_unified_view(pair):
    for one in pair:
        one.save_events(RUN)
        one.save_results("5", *FIELD)

    for seconds in (0, 90):
        pair[0].save_results("5", *FIELD[1:], at=LATER + timedelta(seconds=seconds))

    rows = pair[0].query("SELECT data_source, count(*) FROM unified_results GROUP BY 1")
    assert {row["data_source"]: row["count"] for row in rows} == {
        pair[0].partner.data_source: len(FIELD) - 1,
        pair[1].partner.data_source: len(FIELD),
    }


def test_an_event_of_either_that_tcp_delivers_by_now_leaves_the_unified_view(pair):
    one, other = pair
    for hub in pair:
        hub.save_events(RUN)
        hub.save_results("5", athlete(1, bib=hub.partner.data_source))
    add_tcp_event(one, results=1)

    one.save_events(RUN, at=LATER)
    rows = one.query("SELECT bib_number FROM unified_results")
    assert {row["bib_number"] for row in rows} == {other.partner.data_source, "tcp"}

    other.save_events(RUN, at=LATER)
    assert [row["bib_number"] for row in one.query("SELECT bib_number FROM unified_results")] == ["tcp"]
