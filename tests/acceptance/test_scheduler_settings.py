"""Settings in a file, as a real process reads them: at its start, and again on SIGHUP."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime, timedelta

import pytest

from tests.acceptance.conftest import wait_until
from tests.acceptance.hand_made_api import HandMadeApi

COLLECTED = "SELECT count(*) FROM sync_history WHERE sync_type = 'results' AND status = 'completed'"
INTERVAL = "CHRONOTRACK_LIVE_INTENSIVE_INTERVAL_SECONDS"


@pytest.fixture
def api(httpserver, add_partner):
    """An API with three races that are on."""
    api = HandMadeApi(httpserver)
    for number in (1, 2, 3):
        api.publish(number, datetime.now(UTC) - timedelta(hours=1, minutes=1))
    add_partner(base_url=api.url)
    yield api
    api.let_go()


@pytest.fixture
def file(tmp_path):
    """Where the settings are."""
    return tmp_path / "environment"


@pytest.fixture
def logged(tmp_path):
    """What the daemon has logged under a name; every line of its log is a JSON object."""

    def events(name):
        lines = (tmp_path / "scheduler-0.log").read_text(encoding="utf-8").split("\n")[:-1]
        return [line for line in map(json.loads, lines) if line["event"] == name]

    return events


def test_the_plan_follows_the_file_on_sighup_without_a_restart(daemon, api, file, ask, logged):
    file.write_text(f"{INTERVAL}=3600\n")
    # As systemd does it, whose unit names the same file.
    process = daemon("--settings", str(file), **{INTERVAL: "3600"})
    wait_until(lambda: ask(COLLECTED) == 3)

    file.write_text(f"{INTERVAL}=1\n")
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: ask(COLLECTED) >= 12)
    file.write_text("")
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(logged("setting.changed")) == 2)

    assert [(line["setting"], line["before"], line["now"]) for line in logged("setting.changed")] == [
        (INTERVAL, 3600, 1),
        (INTERVAL, 1, 90),
    ]
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert logged("job.broke") == logged("partner.changed") == []


@pytest.mark.parametrize(
    "text", [f"{INTERVAL}=0.01\n", f"{INTERVAL}=soon\n", INTERVAL, f'{INTERVAL}="30\n', None]
)
def test_impossible_settings_on_sighup_are_warned_of_once_and_the_old_ones_go_on(
    daemon, api, file, ask, logged, text
):
    file.write_text(f"{INTERVAL}=2\n")
    process = daemon("--settings", str(file))
    wait_until(lambda: ask(COLLECTED) >= 3)

    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: logged("settings.invalid"))
    before = ask(COLLECTED)
    wait_until(lambda: ask(COLLECTED) > before + 3)

    [warning] = logged("settings.invalid")
    assert (INTERVAL if text and f"{INTERVAL}=" in text and '"' not in text else str(file)) in warning[
        "reason"
    ]
    assert logged("setting.changed") == []


def test_what_counts_at_the_next_start_and_what_means_nothing_is_said_by_name_alone(
    daemon, api, file, ask, logged
):
    file.write_text("CHRONOTRACK_LIVE_INTENSIVE_INTERVAL=30\n")
    process = daemon("--settings", str(file))
    wait_until(lambda: ask(COLLECTED) >= 3)
    assert [line["settings"] for line in logged("settings.unknown")] == [
        ["CHRONOTRACK_LIVE_INTENSIVE_INTERVAL"]
    ]

    file.write_text("PGPASSWORD=geheim\nCHRONOTRACK_LIVE_METRICS_PORT=9\n")
    process.send_signal(signal.SIGHUP)
    [line] = wait_until(lambda: logged("settings.want_restart"))

    assert line["settings"] == [
        "CHRONOTRACK_LIVE_INTENSIVE_INTERVAL",
        "CHRONOTRACK_LIVE_METRICS_PORT",
        "PGPASSWORD",
    ]
    assert "geheim" not in json.dumps(line)


@pytest.mark.parametrize("how", ["--plan", "--once"])
def test_whoever_only_looks_reads_the_file_too(run, api, file, daemon_dsn, how):
    file.write_text(f"DATABASE_URL={daemon_dsn}\nCHRONOTRACK_LIVE_SOMETHING=1\n")

    done = run("scheduler", how, "--settings", file, DATABASE_URL="postgresql://127.0.0.1:9/nowhere")

    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "CHRONOTRACK_LIVE_SOMETHING" in done.stderr


@pytest.mark.parametrize("how", [(), ("--plan",), ("--once",)])
def test_a_file_that_is_not_there_is_refused_at_the_start_in_a_sentence(run, file, how):
    done = run("scheduler", *how, "--settings", file)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert str(file) in done.stderr


@pytest.mark.parametrize("how", [(), ("--plan",), ("--once",)])
def test_a_line_that_cannot_be_understood_is_refused_at_the_start_in_a_sentence(run, file, how):
    file.write_text("# Settings\n'a=b'=c\n")

    done = run("scheduler", *how, "--settings", file)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"Line 2 of {file}" in done.stderr


def test_a_partner_that_cannot_work_is_logged_at_the_start_as_on_sighup(
    daemon, api, add_partner, ask, logged
):
    add_partner("Broken", base_url=api.url, auth="magic")

    process = daemon()
    wait_until(lambda: ask(COLLECTED) == 3)
    at_start = logged("partner.invalid")
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(logged("partner.invalid")) == 2)

    [again] = logged("partner.invalid")[1:]
    assert [{**line, "timestamp": None} for line in at_start] == [{**again, "timestamp": None}]
    assert (again["partner"], again["level"]) == (2, "warning")


def test_a_daemon_whose_only_partner_cannot_work_says_so_in_its_log_and_ends(daemon, add_partner, logged):
    add_partner(base_url="http://127.0.0.1:9/api", auth="magic")

    assert daemon().wait(60) == 2
    assert [line["partner"] for line in logged("partner.invalid")] == [1]
