"""A backfill of two years of several partners, as a process: what it brings in, leaves out and says."""

from __future__ import annotations

from collections import Counter

import pytest

from operations.comparison import compare
from providers.chronotrack_live.simulator.archive import Archive

WHOLE = ("--days", "800")


@pytest.fixture
def simulator(open_archive):
    return open_archive(Archive(3, 42))


@pytest.fixture(autouse=True)
def _partners(simulator, add_partners):
    add_partners(simulator, 3)


@pytest.fixture
def tcp_has(query):
    """Lets TCP have delivered the event of a name (in capitals), of partner 1, when the API says it was."""

    def deliver(simulator, name):
        for event_id in simulator.event_ids():
            truth = simulator.ground_truth(event_id)
            if truth["event_name"] == name:
                query(
                    "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
                    " VALUES ('61613', %s, %s::timestamptz AT TIME ZONE 'UTC', 1)",
                    name.upper(),
                    truth["start_time"],
                )
                return event_id
        raise KeyError(name)

    return deliver


def what_became(report):
    return {
        (event["partner"], event["event_id"]): event["skip"] or event["end"] for event in report["events"]
    }


def ends(report):
    return Counter(what_became(report).values())


def test_two_years_of_three_partners_come_in_whole_and_what_cannot_is_left_out_with_the_reason(
    backfill, query, simulator, tcp_has
):
    twin = tcp_has(simulator, "Run 22")

    done, report = backfill(*WHOLE)

    assert (done.returncode, done.stderr) == (0, "")
    assert ends(report) == {"imported": 35, "archived": 3, "not published": 3, "duplicate": 1}
    assert "Run 22" in done.stdout
    assert "TCP delivered it as event 61613 (same name, starts within 24 hours)" in done.stdout
    assert "Skipped: 3 not published, 3 archived, 1 duplicate." in done.stdout
    stored = query("SELECT provider_event_id AS id FROM ct_events WHERE data_source = 'chronotrack_live'")
    assert len(stored) == 35
    assert twin not in {row["id"] for row in stored}
    for row in stored:
        kept = query("SELECT * FROM ct_results WHERE provider_event_id = %s", row["id"])
        assert compare(simulator.ground_truth(row["id"]), kept).differences == ()
    races = query("SELECT count(*) AS n FROM ct_races WHERE event_id LIKE 'ctlive:%%'")
    assert races == [{"n": 41}]


def test_a_dry_run_writes_nothing_and_says_just_what_the_run_then_does(
    backfill, simulator, tcp_has, everything
):
    tcp_has(simulator, "Run 22")
    backfill(*WHOLE, "--limit-events", 2)
    before = everything()

    looked, expected = backfill("--dry-run")
    assert everything() == before
    done, report = backfill()

    assert (looked.returncode, done.returncode) == (0, 0)
    said = {
        key: end.replace("import", "imported") if end == "import" else end
        for key, end in what_became(expected).items()
    }
    assert said == what_became(report)
    assert {"imported", "duplicate", "outside the range", "already imported", "not published"} <= set(
        said.values()
    )
    entries = {
        event["event_id"]: event["entries"] for event in expected["events"] if event["end"] == "import"
    }
    assert entries == {e["event_id"]: e["entries"] for e in report["events"] if e["end"] == "imported"}
    assert any(entries.values())
    assert "outside the range" in looked.stdout
    assert "Dry run: nothing was written" in looked.stdout


def test_a_dry_run_of_an_api_that_announces_nothing_counts_what_it_reads(
    open_archive, query, backfill, everything
):
    silent = open_archive(Archive(3, 42), page_headers="none")
    query(
        "UPDATE partner_provider_credentials SET additional_config = jsonb_build_object('base_url', %s)",
        silent.base_url,
    )
    before = everything()

    done, report = backfill("--dry-run", "--limit-events", 3)

    assert everything() == before
    assert done.returncode == 0
    assert [(e["entries"], e["results"]) for e in report["events"] if e["end"] == "import"] == [(20, 20)] * 3


def test_a_limit_of_ten_twice_imports_twenty_the_latest_first(backfill, query):
    first, one = backfill(*WHOLE, "--limit-events", 10)
    second, two = backfill(*WHOLE, "--limit-events", 10)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (ends(one)["imported"], ends(two)["imported"]) == (10, 10)
    assert "are left for the next run." in first.stdout
    stored = query("SELECT event_name, start_date FROM ct_events WHERE data_source = 'chronotrack_live'")
    assert len(stored) == 20
    started = {report_name(e): e["start"] for r in (one, two) for e in r["events"] if e["end"] == "imported"}
    oldest_of_first = min(e["start"] for e in one["events"] if e["end"] == "imported")
    assert sum(start >= oldest_of_first for start in started.values()) == 10


def report_name(event):
    return event["partner"], event["event_id"]


def test_events_that_were_imported_are_left_alone_unless_forced(backfill, query):
    backfill("--limit-events", 3)
    versions = "SELECT xmin::text, to_jsonb(r)::text AS row FROM ct_results r ORDER BY id"
    before = query(versions)
    query("UPDATE ct_results SET results_bib = 'x'")
    spoilt = query(versions)

    _, plain = backfill("--limit-events", 3)
    assert ends(plain)["imported"] == 3
    names = {e["event_id"] for e in plain["events"] if e["skip"] == "already imported"}
    assert len(names) == 3
    events = [word for name in sorted(names) for word in ("--event", name)]
    kept = query(versions)[: len(before)]
    forced, report = backfill(*events, "--force")

    assert kept == spoilt
    assert (forced.returncode, ends(report)) == (0, {"imported": 3})
    assert query("SELECT count(*) AS n FROM ct_results WHERE results_bib = 'x'") == [{"n": 0}]


def test_a_named_event_is_imported_whatever_its_age_and_nothing_else(backfill, simulator, query):
    oldest = min(simulator.event_ids(), key=int)

    done, report = backfill("--event", oldest)

    assert (done.returncode, what_became(report)) == (0, {(1, oldest): "imported"})
    assert query("SELECT provider_event_id AS id FROM ct_events") == [{"id": oldest}]


def test_an_event_that_nobody_has_is_said_so_with_exit_code_1(backfill):
    done, report = backfill("--event", "4711")

    assert done.returncode == 1
    assert "event 4711: No partner's API lists it." in done.stdout
    assert report["troubles"][0]["label"] == "event 4711"


def test_whether_anybody_has_an_event_is_not_known_when_a_list_could_not_be_read(backfill, query):
    query("UPDATE partner_provider_credentials SET secret = 'wrong' WHERE timing_partner_id = 2")

    done, report = backfill("--event", "4711")

    assert done.returncode == 1
    assert [trouble["category"] for trouble in report["troubles"]] == ["refused"]


def test_a_partner_whose_settings_do_not_work_and_what_a_list_costs_stand_in_the_report(backfill, query):
    query(
        "UPDATE partner_provider_credentials SET additional_config = additional_config || '{\"timeout\": -1}'"
        " WHERE timing_partner_id = 2"
    )

    done, report = backfill("--limit-events", 1)

    assert done.returncode == 1
    assert {p["timing_partner_id"]: p["listing_requests"] for p in report["partners"]} == {1: 1, 3: 1, 2: 0}


def test_only_the_partners_that_are_named_are_imported(backfill, query):
    done, report = backfill("--timing-partner-id", 2, "--timing-partner-id", 3, "--limit-events", 4)

    assert done.returncode == 0
    assert {event["partner"] for event in report["events"]} == {2, 3}
    assert query("SELECT count(*) AS n FROM ct_events WHERE timing_partner_id = 1") == [{"n": 0}]


def test_a_range_takes_what_starts_within_it(backfill, archive_start):
    since, until = (archive_start.replace(year=archive_start.year - years) for years in (2, 1))

    done, report = backfill("--since", since.isoformat(), "--until", until.isoformat())

    taken = [event["start"] for event in report["events"] if event["end"] == "imported"]
    assert done.returncode == 0
    assert taken
    assert all(since.isoformat() <= start < until.isoformat() for start in taken)
    assert ends(report)["outside the range"] > 10


def test_a_partner_who_is_refused_does_not_stop_the_others(backfill, query):
    query("UPDATE partner_provider_credentials SET secret = 'wrong' WHERE timing_partner_id = 2")

    done, report = backfill("--limit-events", 4)

    assert done.returncode == 1
    assert ends(report)["imported"] == 4
    assert [trouble["category"] for trouble in report["troubles"]] == ["refused"]
    assert "partner 2 (Timing 2): cannot list events" in done.stderr
    assert "Mend the credentials" in done.stdout


def test_an_event_that_fails_stops_no_other_is_left_as_it_was_and_tried_again(backfill, query):
    [latest] = [e for e in backfill("--dry-run", "--limit-events", 1)[1]["events"] if e["end"] == "import"]
    key = f"ctlive:{latest['partner']}:{latest['event_id']}"
    # PostgreSQL refuses this event, and no other.
    query(f"ALTER TABLE ct_events ADD CONSTRAINT no_luck CHECK (event_id <> '{key}')")

    done, report = backfill("--limit-events", 5)

    assert done.returncode == 1
    assert what_became(report)[latest["partner"], latest["event_id"]] == "failed"
    assert ends(report)["imported"] == 4
    assert f"{latest['name']} ({latest['event_id']}) failed:" in done.stdout
    query("ALTER TABLE ct_events DROP CONSTRAINT no_luck")
    # What failed comes last, so that it never stands in the way of the others.
    _, second = backfill("--limit-events", 4)
    assert latest["event_id"] not in {e["event_id"] for e in second["events"] if e["end"] == "imported"}
    last, third = backfill()
    assert last.returncode == 0
    assert what_became(third)[latest["partner"], latest["event_id"]] == "imported"


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_an_event_comes_in_whole_in_batches_of_any_size(backfill, query, simulator, size):
    done, report = backfill("--limit-events", 1, "--batch-size", size)

    [event] = [event["event_id"] for event in report["events"] if event["end"] == "imported"]
    kept = query("SELECT * FROM ct_results WHERE provider_event_id = %s", event)
    assert done.returncode == 0
    assert compare(simulator.ground_truth(event), kept).differences == ()


def test_whatever_the_api_does_wrong_further_runs_bring_everything_in(open_archive, backfill, query):
    faulty = open_archive(Archive(2, 28), "unavailable", "truncated", "reset", "html")
    query("DELETE FROM partner_provider_credentials WHERE timing_partner_id = 3")
    query(
        "UPDATE partner_provider_credentials"
        " SET additional_config = jsonb_set(additional_config, '{base_url}', to_jsonb(%s::text))",
        faulty.base_url,
    )

    done, _ = backfill(*WHOLE)
    stored = []
    for _ in range(20):
        backfill(*WHOLE)
        stored = query("SELECT provider_event_id AS id FROM ct_events WHERE data_source = 'chronotrack_live'")
        if len(stored) == 24:
            break

    assert (done.returncode, len(stored)) == (1, 24)
    for row in stored:
        kept = query("SELECT * FROM ct_results WHERE provider_event_id = %s", row["id"])
        assert compare(faulty.ground_truth(row["id"]), kept).differences == ()


def test_events_that_could_not_be_read_whole_are_imported_in_part_with_exit_code_1(
    open_archive, backfill, query
):
    moving = open_archive(Archive(3, 42), "moving", largest_size="10")
    query(
        "UPDATE partner_provider_credentials"
        " SET additional_config = jsonb_set(additional_config, '{base_url}', to_jsonb(%s::text))",
        moving.base_url,
    )

    done, report = backfill("--limit-events", 2)

    in_part = ends(report)["imported in part"]
    assert done.returncode == 1
    assert in_part > 0
    assert f"{in_part} imported in part: the next run asks for them again." in done.stdout
    assert sum(partner["ends"].get("imported in part", 0) for partner in report["partners"]) == in_part


def test_two_backfills_at_once_import_each_event_once(started, query, everything):
    both = [started("--api-delay", 0, "--days", 800) for _ in range(2)]

    assert [process.wait(120) for process in both] == [0, 0]
    imports = query(
        "SELECT event_id, count(*) AS n FROM sync_history"
        " WHERE sync_type = 'backfill' AND status = 'completed' GROUP BY 1"
    )
    assert len(imports) == 36
    assert {row["n"] for row in imports} == {1}
    assert query("SELECT count(*) AS n FROM ct_results WHERE updated_at <> created_at") == [{"n": 0}]
    assert query("SELECT max(id) - count(*) AS unused FROM ct_results") == [{"unused": 0}]
