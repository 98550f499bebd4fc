"""The seven checks as an operator runs them, against a real database and a real API."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from itertools import cycle, product

import orjson
import pytest

from tests.acceptance.conftest import ROOT
from tests.acceptance.secrets_marked import DATABASE_PASSWORD, MODES, told, ways_of
from tests.acceptance.secrets_search import told_in_folder
from tests.acceptance.secrets_server import FAILURES, REPEATED_LATER, careless_server

SCRIPT = ROOT / "test_chronotrack_live_integration.py"
SEVEN = [
    "schema",
    "credentials",
    "authentication",
    "API and rate limit",
    "duplicate detection",
    "scheduler",
    "backfill",
]


def outcomes(report):
    return {one["check"]: one["outcome"] for one in report["checks"]}


@pytest.fixture
def no_database(environment, tmp_path, state):
    """The environment of somebody who has configured nothing; its private server is that of the tests."""
    left_out = ("DATABASE_URL", "PG")
    kept = {name: value for name, value in environment.items() if not name.startswith(left_out)}
    return kept | {"CHRONOTRACK_LIVE_STATE": str(state)}


def test_all_seven_pass_where_a_scheduler_works_and_a_table_says_so(run, check, add_partner, simulator):
    add_partner(base_url=simulator.base_url)
    run("scheduler", "--once")

    done, report = check()

    assert (done.returncode, done.stderr) == (0, "")
    assert outcomes(report) == dict.fromkeys(SEVEN, "passed")
    assert report["exit_code"] == 0
    assert report["counts"] == {"passed": 7, "warning": 0, "failed": 0, "not run": 0}
    assert (report["dry_run"], report["simulator"]) == (False, False)
    assert datetime.fromisoformat(report["began"]) <= datetime.fromisoformat(report["ended"])
    # In a pipe a check is a line.
    rows = [line for line in done.stdout.splitlines() if "passed" in line]
    assert [row.split("│")[1].strip() for row in rows[:-1]] == SEVEN
    assert rows[-1] == "7 passed."


def test_a_dry_run_is_as_real_and_writes_nothing(run, check, add_partner, simulator, dump):
    add_partner(base_url=simulator.base_url)
    add_partner("Broken Timing", base_url=simulator.base_url, secret="wrong")
    run("scheduler", "--once")
    before = dump()

    done, report = check("--dry-run")

    assert dump() == before
    assert done.returncode == 1
    assert done.stdout.endswith("Dry run: nothing was written.\n")
    assert report["dry_run"] is True
    failed = [one for one in report["checks"] if one["outcome"] == "failed"]
    assert [(one["check"], one["timing_partner_id"]) for one in failed] == [("authentication", 2)]
    assert sum(one["outcome"] == "passed" for one in report["checks"]) == 8


def test_without_a_dry_run_the_test_of_the_credentials_is_all_that_is_kept(
    check, add_partner, simulator, query, dump
):
    add_partner(base_url=simulator.base_url)
    before = {row["relname"]: row["content"] for row in dump()}

    check()

    changed = {row["relname"] for row in dump() if row["content"] != before[row["relname"]]}
    assert changed == {"sync_history", "sync_history_sync_history_id_seq"}
    assert query("SELECT sync_type, status FROM sync_history") == [
        {"sync_type": "authentication", "status": "completed"}
    ]


def test_each_failed_check_is_followed_by_what_to_do(check, add_partner, simulator):
    add_partner("[bold]Broken Timing[/bold]", base_url=simulator.base_url, secret="wrong")

    done, report = check()

    assert done.returncode == report["exit_code"] == 1
    who = "partner 1 ([bold]Broken Timing[/bold])"
    assert (
        f"authentication of {who} failed: Set them again (chronotrack-live credentials set 1" in done.stdout
    )
    assert all(one["remedy"] for one in report["checks"] if one["outcome"] in ("failed", "warning"))


def test_partners_that_are_named_are_the_only_ones_that_are_asked(check, add_partner, simulator):
    for name in ("Harbour Timing", "Lakeside Timing", "Hill Timing"):
        add_partner(name, base_url=simulator.base_url)

    done, report = check("--timing-partner-id", 3, "--timing-partner-id", 1)

    assert done.returncode == 0
    assert {one["timing_partner_id"] for one in report["checks"]} == {None, 1, 3}


def test_verbose_shows_what_was_measured_and_every_request(check, add_partner, simulator):
    add_partner(base_url=simulator.base_url)

    done, _ = check("--verbose")

    assert (
        "API and rate limit of partner 1 (Harbour Timing): requests_allowed_in_60_seconds = 1500"
        in done.stdout
    )
    assert '"path": "event"' in done.stderr


def test_with_the_simulator_nothing_has_to_be_configured_and_nothing_is_left(
    no_database, server, open_query, tmp_path
):
    file = tmp_path / "report.json"

    done = subprocess.run(
        [sys.executable, SCRIPT, "--simulator", "--dry-run", "--verbose", "--report", file],
        env=no_database,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    report = orjson.loads(file.read_bytes())
    assert list(outcomes(report)) == SEVEN
    assert outcomes(report) == dict.fromkeys(SEVEN, "passed") | {"scheduler": "warning"}
    assert report["simulator"] is True
    database = report["checks"][0]["facts"]["database"]
    query = open_query(server.dsn("postgres"))
    assert query("SELECT datname FROM pg_database WHERE datname = %s", database) == []


def test_with_the_simulator_a_database_that_is_configured_is_not_touched(check, state, dump):
    before = dump()

    done, report = check("--simulator", CHRONOTRACK_LIVE_STATE=str(state))

    assert done.returncode == 0, done.stderr
    assert "what is configured is not touched" in done.stderr
    assert report["checks"][0]["facts"]["database"].startswith("chronotrack_live_check_")
    assert dump() == before


def test_a_simulator_that_does_not_come_up_is_one_line_that_says_what_to_install(run, state, tmp_path):
    (tmp_path / "aiohttp.py").write_text(
        "raise ModuleNotFoundError('No module named aiohttp')", encoding="utf-8"
    )

    done = run("check", "--simulator", CHRONOTRACK_LIVE_STATE=str(state), PYTHONPATH=str(tmp_path))

    assert done.returncode == 2
    [_, said] = done.stderr.splitlines()
    assert "The simulator does not come up" in said
    assert "No module named aiohttp" in said
    assert "pip install 'project88-chronotrack-live[simulator]'" in said


def test_a_database_that_is_out_of_reach_is_one_line_without_the_password_and_exit_code_2(check):
    done, report = check(DATABASE_URL="postgresql://hub:s3cret-word@127.0.0.1:9/project88_myappdb")

    assert (done.returncode, report) == (2, None)
    assert done.stderr.count("\n") == 1
    assert "DATABASE_URL" in done.stderr
    assert "s3cret-word" not in done.stderr


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_asked(
    run, add_partner, simulator, query
):
    add_partner(base_url=simulator.base_url)

    done = run("check", "--report", "/nowhere/report.json")

    assert (done.returncode, done.stdout) == (2, "")
    assert "--report: /nowhere/report.json cannot be written" in done.stderr
    assert query("SELECT sync_type FROM sync_history") == []


def test_a_report_takes_the_place_of_the_last_one_and_leaves_nothing_beside_it(check, run, tmp_path):
    (tmp_path / "report.json").write_text("the last one", encoding="utf-8")

    run("check", "--report", tmp_path / "report.json")

    assert orjson.loads((tmp_path / "report.json").read_bytes())["exit_code"] == 1
    assert [path.name for path in tmp_path.iterdir() if "report" in path.name] == ["report.json"]


def test_a_report_goes_where_a_link_leads_or_into_a_pipe(run, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "report.json").symlink_to(tmp_path / "elsewhere" / "report.json")

    linked = run("check", "--report", tmp_path / "report.json")
    piped = run("check", "--report", "/dev/stdout")

    assert (tmp_path / "report.json").is_symlink()
    assert orjson.loads((tmp_path / "elsewhere" / "report.json").read_bytes())["exit_code"] == 1
    assert linked.returncode == piped.returncode == 1
    assert orjson.loads(piped.stdout[piped.stdout.index("{\n") :])["exit_code"] == 1


def test_a_name_commands_no_terminal_and_stays_in_its_line(check, add_partner, simulator):
    add_partner("Harbour\x1b[2J\nTiming", base_url=simulator.base_url, secret="wrong")

    done, _ = check()

    assert "\x1b" not in done.stdout
    assert "authentication of partner 1 (Harbour\\x1b[2J\\nTiming) failed: Set them again" in done.stdout


def test_neither_output_nor_report_tells_a_secret_whatever_the_apis_do(
    check, add_partner, environment, tmp_path
):
    with careless_server() as careless:
        quick = [failure for failure in FAILURES if failure not in REPEATED_LATER]
        turns = {mode: cycle(ways_of(mode)) for mode in MODES}
        places = cycle(("event", "race", "entry", "results", "none"))
        for failure, mode in product(quick, MODES):
            place = next(places)
            config = {"base_url": careless.base_url(failure, place), "timeout": 60}
            add_partner(f"{failure} {place} {mode}", **next(turns[mode]), **config)
        add_partner("misplaced", **next(turns["basic"]) | {"auth": DATABASE_PASSWORD})

        done, report = check("--verbose", "--dry-run")

    assert done.returncode == 1
    assert len({one["timing_partner_id"] for one in report["checks"]}) == len(quick) * len(MODES) + 2
    assert all(told(sent) for sent in careless.sent if sent)
    assert [*told(done.stdout), *told(done.stderr), *told_in_folder(tmp_path)] == []


def test_the_script_says_what_to_install_where_the_packages_are_missing():
    # -S leaves out what is installed: a Python that has none of the packages.
    done = subprocess.run(
        [sys.executable, "-S", SCRIPT, "--dry-run"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install -e" in done.stderr


def test_the_script_is_no_test_of_pytests_although_its_name_begins_like_one(no_database):
    options = ["-p", "no:cacheprovider", "--collect-only", "-q"]

    found = subprocess.run(
        [sys.executable, "-m", "pytest", *options, SCRIPT],
        env=no_database,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    nothing_collected = 5
    assert found.returncode == nothing_collected, found.stdout


def test_pytest_without_arguments_does_not_look_where_the_script_is(pytestconfig):
    assert pytestconfig.rootpath == ROOT
    assert all(path.startswith("tests/") for path in pytestconfig.getini("testpaths"))
