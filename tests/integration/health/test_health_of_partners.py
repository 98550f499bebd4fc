"""A partner whose events are not looked for, whose rows are set aside, or whose events are there twice."""

from __future__ import annotations

from tests.acceptance.monitor.monitored import MARATHON, fail, findings


def test_no_discovery_for_two_intervals_is_a_warning(health, collected, query):
    query("UPDATE sync_history SET sync_time = sync_time - interval '13 hours' WHERE sync_type = 'events'")
    query("UPDATE partner_provider_credentials SET created_at = '2025-06-01', updated_at = NULL")

    known = health()

    assert findings(known) == [("warning", "partner 1 (Harbour Timing)")]
    assert "no discovery since" in known["findings"][0]["what"]
    assert health(CHRONOTRACK_LIVE_MONITOR_MISSED_DISCOVERIES="3")["state"] == "ok"


def test_a_partner_whose_looks_for_events_fail_is_a_warning(health, collected, query):
    fail(query, 3, "events", None)

    known = health()

    assert findings(known) == [("warning", "partner 1 (Harbour Timing)")]
    assert known["partners"][0]["discovery_failures_in_a_row"] == 3
    assert [(error["category"], error["errors"]) for error in known["errors_24h"]] == [("unreachable", 3)]


def test_rows_that_are_set_aside_are_a_warning(health, collected, query):
    query(
        "INSERT INTO ct_live_rejected_rows (timing_partner_id, data_source, provider_event_id, kind, api_id,"
        " reason, payload, first_seen, last_seen)"
        " VALUES (1, 'chronotrack_live', '5', 'result', '1', 'no bib', '{}', now(), now())"
    )

    known = health()

    assert findings(known) == [("warning", "partner 1 (Harbour Timing)")]
    assert [(count["kind"], count["rows"]) for count in known["rejected_rows"]] == [("result", 1)]
    assert health(CHRONOTRACK_LIVE_MONITOR_REJECTED_ROWS="2")["state"] == "ok"


def test_an_event_that_may_be_there_twice_is_a_warning_until_one_of_them_stands_aside(
    health, collected, query
):
    twin = "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
    twin += " SELECT '61611', upper(event_name), event_start_time, 1 FROM ct_events WHERE event_id = %s"
    query(twin, collected.key(MARATHON))

    known = health()

    assert findings(known) == [("warning", "partner 1 (Harbour Timing)")]
    assert [pair["twin_event_id"] for pair in known["duplicates"]] == ["61611"]
    assert known["partners"][0]["events_of_the_same_name_in_tcp"] == 1
    query("UPDATE ct_events SET duplicate_of = '61611' WHERE event_id = %s", collected.key(MARATHON))
    aside = health()
    assert (aside["state"], len(aside["duplicates"])) == ("ok", 1)
