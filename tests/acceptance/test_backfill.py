"""`chronotrack-live backfill`, as a process."""

from __future__ import annotations

from operations.comparison import compare

DUATHLON, TEN_MILER, OLD_MILL, FOUNDERS_MILE = "91570", "91497", "91458", "91422"


def imported(database):
    with database.transaction() as cursor:
        cursor.execute("SELECT provider_event_id FROM ct_events WHERE data_source = 'chronotrack_live'")
        return {row["provider_event_id"] for row in cursor.fetchall()}


def test_the_events_of_the_last_365_days_come_in_whole(run, add_partner, simulator, database):
    add_partner(base_url=simulator.base_url)

    done = run("backfill", "--yes", "--api-delay", "0")

    assert done.returncode == 0, done.stderr
    assert imported(database) == {DUATHLON, TEN_MILER}
    for event_id in (DUATHLON, TEN_MILER):
        with database.transaction() as cursor:
            cursor.execute("SELECT * FROM ct_results WHERE provider_event_id = %s", (event_id,))
            assert compare(simulator.ground_truth(event_id), cursor.fetchall()).differences == ()


def test_a_second_run_imports_nothing_again(run, add_partner, simulator):
    add_partner(base_url=simulator.base_url)
    run("backfill", "--yes", "--api-delay", "0")

    done = run("backfill", "--yes", "--api-delay", "0")

    assert done.returncode == 0
    assert "nothing to import" in done.stdout
    assert "rows written" not in done.stdout


def test_an_event_that_tcp_has_is_left_out_with_the_reason(run, add_partner, simulator, database, race_start):
    add_partner(base_url=simulator.base_url)
    truth = simulator.ground_truth(TEN_MILER)
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)"
            " VALUES ('61613', %s, %s::timestamptz AT TIME ZONE 'UTC', 1)",
            (truth["event_name"].lower(), truth["start_time"]),
        )

    done = run("backfill", "--yes", "--api-delay", "0")

    assert done.returncode == 0
    assert imported(database) == {DUATHLON}
    assert "TCP delivered it as event 61613 (same name, starts within 24 hours)" in done.stdout


def test_a_refused_partner_gives_one_line_and_exit_code_2(run, add_partner, simulator):
    add_partner(base_url=simulator.base_url, secret="wrong")

    done = run("backfill", "--yes")

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "partner 1 (Harbour Timing)" in done.stderr
