"""Credentials, authentication, API and rate limit, backfill: each partner by itself, each with a remedy."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from werkzeug import Response

from operations.checks.verdict import Outcome

OF_PARTNER = ("credentials", "authentication", "API and rate limit", "backfill")


def test_a_partner_whose_api_is_well_passes_all(check, add_partner, simulator):
    add_partner(base_url=simulator.base_url)

    found = check()

    assert found.outcomes(1) == dict.fromkeys(OF_PARTNER, "passed")
    assert found.one("API and rate limit", 1).facts["row_counts_announced"] is True
    assert "Autumn Duathlon (91570): import, 20 entries" in found.one("backfill", 1).said


def test_requests_that_others_made_count_to_the_same_budget(check, add_partner, simulator):
    add_partner(base_url=simulator.base_url, rate_limit=500)
    first = check().one("API and rate limit", 1).facts

    second = check().one("API and rate limit", 1).facts

    assert second["requests_in_60_seconds_before"] > first["requests_in_60_seconds"]
    assert second["requests_in_60_seconds"] == second["requests_in_60_seconds_before"] + 2
    assert second["requests_allowed_in_60_seconds"] == 500


def test_nobody_with_credentials_is_said_once_and_with_the_command_that_gives_some(check, query):
    query("INSERT INTO timing_partners (company_name) VALUES ('Harbour Timing')")

    found = check()

    assert found.outcomes() == {
        "schema": "passed",
        "credentials": "failed",
        "authentication": "not run",
        "API and rate limit": "not run",
        "duplicate detection": "passed",
        "scheduler": "warning",
        "backfill": "not run",
    }
    assert "chronotrack-live credentials set" in found.one("credentials").remedy
    assert found.one("backfill").said == "because there are no credentials"


def test_a_partner_that_is_named_and_has_none_fails_and_the_others_are_left_out(
    check, add_partner, simulator, query
):
    add_partner(base_url=simulator.base_url)
    query("INSERT INTO timing_partners (company_name) VALUES ('Lakeside Timing')")

    found = check(2)

    assert found.outcomes(2) == dict(
        zip(OF_PARTNER, ["failed", "not run", "not run", "not run"], strict=True)
    )
    assert found.one("credentials", 2).remedy.endswith("chronotrack-live credentials set 2 --principal LOGIN")
    assert found.outcomes(1) == {}


def test_a_partner_that_does_not_exist_fails_beside_one_that_does(check, add_partner, simulator):
    add_partner(base_url=simulator.base_url)

    found = check(99, 1)

    assert found.one("credentials", 99).said == "There is no such timing partner."
    assert found.outcomes(1) == dict.fromkeys(OF_PARTNER, "passed")


@pytest.mark.parametrize(
    ("config", "failing", "said", "remedy"),
    [
        ({"auth": "magic"}, "credentials", "auth in additional_config", "Mend what is named"),
        (
            {"secret": "wrong"},
            "authentication",
            "refuses the credentials",
            "chronotrack-live credentials set 1",
        ),
        ({"base_url": "{}/nothing"}, "authentication", "check base_url", "Check base_url"),
    ],
)
def test_a_partner_that_cannot_work_fails_once_and_is_asked_nothing_more(
    check, add_partner, simulator, config, failing, said, remedy
):
    config = {name: value.format(simulator.base_url) for name, value in config.items()}
    add_partner("Broken Timing", **({"base_url": simulator.base_url} | config))
    add_partner("Harbour Timing", base_url=simulator.base_url)

    found = check()

    place = OF_PARTNER.index(failing)
    outcomes = ["passed"] * place + ["failed"] + ["not run"] * (len(OF_PARTNER) - place - 1)
    assert found.outcomes(1) == dict(zip(OF_PARTNER, outcomes, strict=True))
    assert said in found.one(failing, 1).said
    assert remedy in found.one(failing, 1).remedy
    assert found.one("backfill", 1).said == f"because the {failing} check failed"
    assert found.outcomes(2) == dict.fromkeys(OF_PARTNER, "passed")


def test_an_api_without_row_counts_is_a_warning_that_says_what_follows(check, add_partner, start_simulator):
    add_partner(base_url=start_simulator(variants={"page_headers": "none"}).base_url)

    verdict = check().one("API and rate limit", 1)

    assert verdict.outcome is Outcome.WARNING
    assert "announces no row counts" in verdict.said
    assert "stays in the hub" in verdict.remedy


def test_requests_that_had_to_be_repeated_are_a_warning(check, add_partner, httpserver):
    httpserver.expect_oneshot_request("/api/event").respond_with_json({"event": []})
    httpserver.expect_oneshot_request("/api/event").respond_with_data(
        "", status=503, headers={"Retry-After": "0"}
    )
    httpserver.expect_request("/api/event").respond_with_json({"event": []})
    add_partner(base_url=httpserver.url_for("/api"))

    verdict = check().one("API and rate limit", 1)

    assert verdict.outcome is Outcome.WARNING
    assert "requests that had to be repeated: 1" in verdict.said


def test_an_account_of_the_budget_that_does_not_count_fails(check, add_partner, httpserver, tmp_path):
    def forget(_):
        [account] = (tmp_path / "state" / "budget").glob("*.sqlite")
        with closing(sqlite3.connect(account)) as opened, opened:
            opened.execute("DELETE FROM requests")
        return Response('{"event": []}', content_type="application/json")

    httpserver.expect_request("/api/event").respond_with_handler(forget)
    add_partner(base_url=httpserver.url_for("/api"))

    found = check()

    verdict = found.one("API and rate limit", 1)
    assert verdict.outcome is Outcome.FAILED
    assert "requests used in 60 seconds: 0 of 1,500, although 2 were made just now" in verdict.said
    assert "CHRONOTRACK_LIVE_STATE" in verdict.remedy
    assert found.one("backfill", 1).said == "because the API and rate limit check failed"


def test_a_past_event_that_cannot_be_read_fails_with_the_backfills_own_advice(
    check, add_partner, httpserver, clock
):
    start = str(int(clock.now().timestamp()) - 40 * 86_400)
    event = {"event_id": "5", "event_name": "Harbour Run", "event_start_time": start}
    httpserver.expect_request("/api/event").respond_with_json({"event": [event]})
    httpserver.expect_request("/api/event/5/race").respond_with_json({"event_race": []})
    httpserver.expect_request("/api/event/5/entry").respond_with_data("<html>", content_type="text/html")
    add_partner(base_url=httpserver.url_for("/api"))

    verdict = check().one("backfill", 1)

    assert verdict.outcome is Outcome.FAILED
    assert "Harbour Run (5): failed: event/5/entry: the answer is not JSON" in verdict.said
    assert "--record" in verdict.remedy


def test_past_events_that_tcp_has_are_seen_to_be_left_out(check, add_partner, simulator, query):
    add_partner(base_url=simulator.base_url)
    for number in ("91570", "91497"):  # the same ChronoTrack ids
        query(
            "INSERT INTO ct_events (event_id, event_name, timing_partner_id) VALUES (%s, 'Another', 1)",
            number,
        )

    verdict = check().one("backfill", 1)

    assert verdict.outcome is Outcome.PASSED
    assert verdict.said.count("skipped, duplicate: TCP delivered it as event") == 2


def test_an_account_without_past_events_has_nothing_to_be_looked_at(check, add_partner, httpserver):
    httpserver.expect_request("/api/event").respond_with_json({"event": []})
    add_partner(base_url=httpserver.url_for("/api"))

    verdict = check().one("backfill", 1)

    assert verdict.outcome is Outcome.NOT_RUN
    assert verdict.said == "because none of its 0 events is of the past year"


def test_a_fault_of_ours_in_one_check_is_said_and_the_others_are_run(check, add_partner, simulator, query):
    add_partner(base_url=simulator.base_url)
    # No discovery brings such a start, and no calendar has it.
    query(
        "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id, data_source,"
        " provider_event_id) VALUES ('ctlive:1:5', 'Doomsday', 'infinity', 1, 'chronotrack_live', '5')"
    )

    found = check()

    assert found.one("scheduler").said.startswith("A fault of this software")
    assert "--verbose" in found.one("scheduler").remedy
    assert found.one("backfill", 1).outcome is Outcome.PASSED


def test_a_provider_that_the_hub_does_not_know_fails_with_what_adds_it(check, query):
    query("UPDATE providers SET name = 'Another' WHERE name = 'ChronoTrack Live'")

    found = check()

    assert "does not know ChronoTrack Live" in found.one("credentials").said
    assert "chronotrack-live migrate" in found.one("credentials").remedy
    assert list(found.outcomes().values()) == ["passed", "failed", *["not run"] * 5]
