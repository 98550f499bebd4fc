"""Two providers and TCP: which events are the same, and what the unified view shows of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers.errors import DuplicateEvent
from tests.integration.builders import FIELD, LATER, RUN, athlete, entry
from tests.integration.two_providers.two_writers import add_tcp_event, marks, save_all

SOURCES = {"ChronoTrack Live": "chronotrack_live", "Sundial Timing": "sundial_timing"}


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
