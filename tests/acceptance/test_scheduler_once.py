"""`chronotrack-live scheduler --once`, as a process against a real API and a real database."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from operations.comparison import compare
from tests.acceptance.conftest import ROOT

MARATHON = "91649"


def kept_results(database, partner, provider_event_id):
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT * FROM ct_results WHERE timing_partner_id = %s AND provider_event_id = %s"
            " AND data_source = 'chronotrack_live'",
            (partner, provider_event_id),
        )
        return cursor.fetchall()


def test_one_pass_brings_in_events_entries_and_results_as_published(run, add_partner, simulator, database):
    digest = hashlib.sha256(b"demo-password").hexdigest()
    partner = add_partner(base_url=simulator.base_url, client_id="demo0001", secret=digest)

    done = run("scheduler", "--once")

    truth = simulator.ground_truth(MARATHON)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert compare(truth, kept_results(database, partner.timing_partner_id, MARATHON)).differences == ()
    with database.transaction() as cursor:
        cursor.execute("SELECT count(*) AS entries FROM ct_participants WHERE event_id = 'ctlive:1:91649'")
        assert cursor.fetchone()["entries"] == 300
        cursor.execute("SELECT DISTINCT sync_type FROM sync_history WHERE status = 'completed'")
        types = {row["sync_type"] for row in cursor.fetchall()}
    assert types == {"authentication", "events", "participants", "results"}


def test_a_second_pass_at_once_finds_nothing_due_and_writes_nothing(run, add_partner, simulator, database):
    add_partner(base_url=simulator.base_url)
    run("scheduler", "--once")
    with database.transaction() as cursor:
        cursor.execute("SELECT array_agg(xmin::text ORDER BY id) AS versions FROM ct_results")
        before = cursor.fetchone()["versions"]

    done = run("scheduler", "--once")

    with database.transaction() as cursor:
        cursor.execute("SELECT array_agg(xmin::text ORDER BY id) AS versions FROM ct_results")
        assert cursor.fetchone()["versions"] == before
    assert done.returncode == 0
    assert "results of" not in done.stdout


def test_the_script_by_path_does_the_same(environment, add_partner, simulator, database, tmp_path):
    add_partner(base_url=simulator.base_url)

    done = subprocess.run(
        [sys.executable, ROOT / "schedulers" / "chronotrack_live_scheduler.py", "--once"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert len(kept_results(database, 1, MARATHON)) > 280


@pytest.mark.parametrize(
    ("secret", "config", "said"),
    [
        (
            "wrong",
            {},
            "refuses the credentials of demo@chronotrack.test (HTTP 401)",
        ),
        ("demo-password", {"base_url": "http://127.0.0.1:9/api"}, "cannot be reached"),
        ("demo-password", {"auth": "magic"}, "auth in additional_config of the credentials of"),
        ("demo-password", {"base_url": "nowhere"}, "base_url"),
        ("", {}, "principal or secret is missing"),
    ],
)
def test_a_partner_that_cannot_work_gives_one_clear_line_and_exit_code_2(
    run, add_partner, simulator, secret, config, said
):
    add_partner(secret=secret, **({"base_url": simulator.base_url} | config))

    done = run("scheduler", "--once")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "partner 1 (Harbour Timing)" in done.stderr
    assert said in done.stderr


def test_a_partner_that_cannot_work_does_not_stop_the_others_and_gives_exit_code_1(
    run, add_partner, simulator, database
):
    add_partner("Broken Timing", base_url=simulator.base_url, secret="wrong")
    add_partner("Harbour Timing", base_url=simulator.base_url)

    done = run("scheduler", "--once")

    assert done.returncode == 1
    assert "partner 1 (Broken Timing)" in done.stderr
    assert len(kept_results(database, 2, MARATHON)) > 280


def test_no_credentials_at_all_give_one_line_that_says_what_to_insert(run):
    done = run("scheduler", "--once")

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "chronotrack-live credentials set" in done.stderr


def test_a_database_that_was_not_migrated_gives_one_line_that_names_the_command(run, make_dsn):
    done = run("scheduler", "--once", DATABASE_URL=make_dsn())

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "chronotrack-live migrate" in done.stderr


def test_a_database_that_cannot_be_reached_gives_one_line_without_the_password(run):
    done = run(
        "scheduler", "--once", DATABASE_URL="postgresql://hub:s3cret-word@127.0.0.1:9/project88_myappdb"
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "DATABASE_URL" in done.stderr
    assert "s3cret-word" not in done.stderr


@pytest.mark.parametrize("value", ["0", "-3", "soon", "nan"])
def test_an_impossible_setting_is_refused_with_its_name(run, value):
    done = run("scheduler", "--once", CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS=value)

    assert done.returncode == 2
    assert "CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS" in done.stderr
    assert done.stderr.count("\n") == 1


def test_verbose_shows_every_request_and_no_query(run, add_partner, simulator):
    digest = hashlib.sha256(b"demo-password").hexdigest()
    add_partner(base_url=simulator.base_url, auth="simple", client_id="demo0001", secret=digest)

    done = run("scheduler", "--once", "--verbose")

    assert done.returncode == 0
    assert '"path": "event/91649/results"' in done.stderr
    assert "user_pass" not in done.stderr
    assert digest not in done.stderr


def test_a_further_list_that_cannot_be_read_is_said_with_its_reason_and_gives_exit_code_1(
    run, add_partner, httpserver
):
    start = str(int(datetime.now(UTC).timestamp()) + 86_400)
    event = {"event_id": "5", "event_name": "Harbour Run", "event_start_time": start}
    httpserver.expect_request("/api/event").respond_with_json({"event": [event]})
    httpserver.expect_request("/api/event/5/race").respond_with_data("<html>", content_type="text/html")
    httpserver.expect_request("/api/event/5/entry").respond_with_json({"event_entry": []})
    add_partner(base_url=httpserver.url_for("/api"))

    done = run("scheduler", "--once")

    assert done.returncode == 1
    assert "races of Harbour Run: event/5/race: the answer is not JSON (text/html" in done.stdout
