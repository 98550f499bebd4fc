"""`chronotrack-live credentials list`, `test` and `remove`, and who may do what."""

from __future__ import annotations

import json
import re

from tests.acceptance.credentials.conftest import LOGIN, PASSWORD


def listed(credentials):
    return json.loads(credentials("list", "--json").stdout)


def test_the_list_has_every_partner_and_how_the_last_test_went(
    set_up, credentials, simulator, nowhere, query
):
    query("INSERT INTO timing_partners (company_name) VALUES ('[bold]Mountain[/bold] Timing')")
    set_up("--base-url", simulator.base_url)
    set_up("--base-url", simulator.base_url, partner=2, given="wrong")
    assert credentials("test").returncode == 1

    first, second, third = listed(credentials)

    assert (first["timing_partner_id"], first["company_name"]) == (1, "Harbour Timing")
    assert first["credentials"].pop("changed_at").endswith("Z")
    assert first["credentials"] == {
        "principal": LOGIN,
        "auth": "basic",
        "base_url": simulator.base_url,
        "problem": None,
    }
    assert first["last_authentication"]["state"] == "accepted"
    assert second["last_authentication"]["state"] == "refused"
    assert "check principal and secret" in second["last_authentication"]["reason"]
    assert second["last_authentication"]["of_these_credentials"] is True
    assert (third["credentials"], third["last_authentication"]) == (None, None)

    table = credentials("list").stdout
    assert re.search(rf"1 Harbour Timing +│ {LOGIN} +│ basic +│ {simulator.base_url} +│ \d+ s ago", table)
    assert re.search(r"accepted \d+ s ago", table)
    assert re.search(r"refused \d+ s ago", table)
    assert re.search(
        r"^partner 2 \(Lakeside Timing\): .* refuses the credentials of .*: check principal", table, re.M
    )
    assert re.search(r"3 \[bold\]Mountain\[/bold\] Timing +│ no credentials", table)


def test_a_test_of_the_credentials_before_says_nothing_of_these(set_up, credentials, simulator):
    set_up("--base-url", simulator.base_url, given="wrong")
    credentials("test")
    set_up()

    [first, _] = listed(credentials)

    assert first["last_authentication"]["state"] == "refused"
    assert first["last_authentication"]["of_these_credentials"] is False
    assert "before the credentials changed" in credentials("list").stdout


def test_a_row_that_cannot_work_is_listed_with_what_is_wrong(set_up, credentials, query):
    set_up()
    query(
        "UPDATE partner_provider_credentials SET additional_config = %s",
        json.dumps({"base_url": f"https://me:{PASSWORD}@api.test"}),
    )

    [first, _] = listed(credentials)

    assert first["credentials"]["base_url"] is None
    assert "base_url in additional_config" in first["credentials"]["problem"]
    table = credentials("list").stdout
    assert "impossible settings" in table
    assert "partner 1 (Harbour Timing): base_url in additional_config" in table


def test_ages_and_instants_follow_the_race_clock(set_up, credentials, environment):
    rehearsal = {"CHRONOTRACK_LIVE_CLOCK": "2020-01-01T00:00:00Z=2031-06-01T12:00:00Z@1"}
    set_up(**rehearsal)

    assert listed(credentials)[0]["credentials"]["changed_at"] > "2031"
    assert "d ago" not in credentials("list", **rehearsal).stdout


def test_each_test_is_accounted_for_in_history_and_budget(set_up, credentials, simulator, query, tmp_path):
    set_up("--base-url", simulator.base_url)

    credentials("test", 1)

    assert query("SELECT sync_type, status, timing_partner_id FROM sync_history") == [
        {"sync_type": "authentication", "status": "completed", "timing_partner_id": 1}
    ]
    assert (tmp_path / "state" / "budget" / "chronotrack_live-partner-1.sqlite").exists()


def test_some_that_are_refused_or_out_of_reach_give_exit_code_1_and_what_to_do(
    set_up, credentials, simulator, nowhere
):
    set_up("--base-url", simulator.base_url, given="wrong")
    set_up("--base-url", f"http://{nowhere}/api", partner=2)

    done = credentials("test")

    assert (done.returncode, done.stdout) == (1, "")
    refused, unreachable = done.stderr.splitlines()
    assert refused.startswith("partner 1 (Harbour Timing): refused: ")
    assert refused.endswith("Set them again: chronotrack-live credentials set 1")
    assert unreachable.startswith("partner 2 (Lakeside Timing): not tested: ")


def test_only_the_chosen_partners_are_tested(set_up, credentials, simulator):
    set_up("--base-url", simulator.base_url)
    set_up("--base-url", simulator.base_url, partner=2, given="wrong")

    assert credentials("test", 1).returncode == 0


def test_a_row_that_cannot_work_stops_only_its_partner(set_up, credentials, simulator, query):
    set_up("--base-url", simulator.base_url)
    set_up("--base-url", simulator.base_url, partner=2)
    query(
        "UPDATE partner_provider_credentials"
        ' SET additional_config = additional_config || \'{"similar_name_is_duplicate": "true"}\''
        " WHERE timing_partner_id = 2"
    )

    both, alone = credentials("test"), credentials("test", 2)

    assert "partner 1 (Harbour Timing): accepted" in both.stdout
    assert both.returncode == 1
    assert "similar_name_is_duplicate" in both.stderr
    assert "partner 2 (Lakeside Timing)" in both.stderr
    assert alone.returncode == 2


def test_a_partner_without_credentials_is_told_how_to_get_some(credentials):
    for done in (credentials("test", 2), credentials("remove", 2, "--yes")):
        assert done.returncode == 2
        assert done.stderr == (
            "chronotrack-live: partner 2 (Lakeside Timing) has no credentials for ChronoTrack Live. "
            "Set them with: chronotrack-live credentials set 2 --principal LOGIN\n"
        )
    assert credentials("test").returncode == 2


def test_removing_takes_this_providers_row_and_no_other(set_up, credentials, query, kept):
    set_up()
    query("INSERT INTO providers (provider_id, name) VALUES (77, 'RunSignUp')")
    query(
        "INSERT INTO partner_provider_credentials (timing_partner_id, provider_id, principal, secret)"
        " VALUES (1, 77, 'theirs', 'theirs')"
    )
    set_up(partner=2)
    query(
        "INSERT INTO ct_events (event_id, timing_partner_id, data_source) VALUES ('e', 1, 'chronotrack_live')"
    )

    done = credentials("remove", 1, "--yes")

    assert done.returncode == 0
    assert "takes it over within an interval (90 seconds" in done.stderr
    assert {(row["timing_partner_id"], row["provider_id"]) for row in kept()} == {(1, 77), (2, 1)}
    assert query("SELECT event_id FROM ct_events") == [{"event_id": "e"}]


def test_removing_asks_and_an_unanswered_question_removes_nothing(set_up, credentials, kept):
    set_up()

    done = credentials("remove", 1)

    assert done.returncode == 1
    assert "Remove the credentials of partner 1 (Harbour Timing)?" in done.stderr
    assert len(kept()) == 1


def test_the_daemons_role_may_list_and_test_but_not_write(set_up, credentials, simulator, daemon_dsn, kept):
    set_up("--base-url", simulator.base_url)
    before = kept()

    assert credentials("list", DATABASE_URL=daemon_dsn).returncode == 0
    assert credentials("test", 1, DATABASE_URL=daemon_dsn).returncode == 0
    for done in (
        set_up("--timeout", 5, DATABASE_URL=daemon_dsn),
        credentials("remove", 1, "--yes", DATABASE_URL=daemon_dsn),
    ):
        assert done.returncode == 2
        assert "the database role lacks a privilege" in done.stderr
        assert done.stderr.count("\n") == 1
    assert kept() == before


def test_a_database_that_does_not_know_the_provider_is_a_matter_of_migrating(credentials, make_dsn, query):
    query("DELETE FROM providers")

    for done in (credentials("list"), credentials("list", DATABASE_URL=make_dsn())):
        assert done.returncode == 2
        assert "chronotrack-live migrate" in done.stderr
        assert done.stderr.count("\n") == 1


def test_an_unknown_partner_is_answered_with_the_known_ones(set_up, credentials, kept):
    said = "There is no timing partner 99. Known: 1 (Harbour Timing), 2 (Lakeside Timing)."

    for done in (set_up(partner=99), credentials("test", 99), credentials("remove", 99, "--yes")):
        assert (done.returncode, done.stderr) == (2, f"chronotrack-live: {said}\n")
    assert kept() == []
