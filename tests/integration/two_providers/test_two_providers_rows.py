"""Two providers whose APIs use the same ids: each has rows of its own, and leaves the other's alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from providers.errors import RowRejected
from providers.records import ProviderRace
from tests.integration.builders import FIELD, LATER, RUN, athlete, entry
from tests.integration.two_providers.two_writers import rows_of, save_all, statuses


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
