"""What people are told by the daemon and the monitor as processes, through a real server."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from werkzeug import Response

from providers.clock import Clock
from tests.acceptance.conftest import ROOT, wait_until

SECRETS = ("Zauberwort", "Losung", "demo-password")
REFUSED = (
    "INSERT INTO sync_history (provider_id, timing_partner_id, sync_type, status, error_category, reason,"
    " sync_time) VALUES (1, 1, 'authentication', 'failed', 'refused', 'no', now() AT TIME ZONE 'UTC')"
)


@pytest.fixture
def hook(httpserver):
    """Where messages go: the URL, and what has come."""

    class Hook:
        messages: list[dict[str, str]] = []
        url = f"json://Kennung:Zauberwort@127.0.0.1:{httpserver.port}/Losung"

    def take(request):
        Hook.messages.append(request.get_json())
        return Response()

    httpserver.expect_request("/Losung").respond_with_handler(take)
    return Hook


@pytest.fixture
def silent():
    """The URL of a server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"json://127.0.0.1:{server.getsockname()[1]}/Losung?rto=60"


@pytest.fixture
def no_systemd(environment, tmp_path):
    """Lets the monitor find no systemd on this machine."""
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(
        "#!/bin/sh\necho 'System has not been booted with systemd' >&2\nexit 1\n", encoding="utf-8"
    )
    systemctl.chmod(0o755)
    environment["PATH"] = f"{systemctl.parent}:{environment['PATH']}"


@pytest.fixture
def monitor(run, no_systemd):
    """Runs the monitor."""

    def look(*arguments, **settings):
        return run("monitor", *arguments, **settings)

    return look


def told(folder: Path, *texts: str) -> list[str]:
    """Which secrets stand in texts, or in files below a folder."""
    texts += tuple(file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file())
    return [secret for text in texts for secret in SECRETS if secret in text]


def test_a_refused_partner_is_told_of_once_and_a_restart_tells_nothing_again(
    daemon, add_partner, simulator, hook, said, tmp_path
):
    add_partner("Broken Timing", base_url=simulator.base_url, secret="wrong")

    for number in range(2):
        process = daemon(CHRONOTRACK_LIVE_NOTIFY=hook.url)
        wait_until(lambda number=number: said("partner.refused", number) and hook.messages)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0

    [message] = hook.messages
    assert message["title"] == "ChronoTrack Live: 1 new"
    first, last = message["message"].splitlines()
    assert first.startswith("partner 1 (Broken Timing): refused: the API refuses its credentials")
    assert "chronotrack-live credentials set 1" in first
    assert socket.gethostname() in last
    assert said("Traceback") == said("notices.") == 0
    assert told(tmp_path, str(hook.messages)) == []


def test_a_database_that_a_daemon_waits_for_at_its_start_is_told_of(daemon, nowhere, hook):
    now = datetime.now(UTC)
    process = daemon(
        DATABASE_URL=f"postgresql://{nowhere}/hub",
        CHRONOTRACK_LIVE_CLOCK=str(Clock.running(now, (now, 60.0))),
        CHRONOTRACK_LIVE_NOTIFY=hook.url,
    )
    wait_until(lambda: hook.messages)
    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 0
    [message] = hook.messages
    assert message["message"].startswith("database: lost: the scheduler cannot reach it")


def test_a_server_that_never_answers_holds_up_neither_collections_nor_the_end(
    daemon, add_partner, simulator, silent, ask, said, tmp_path
):
    add_partner("Broken Timing", base_url=simulator.base_url, secret="wrong")
    add_partner(base_url=simulator.base_url)
    process = daemon(CHRONOTRACK_LIVE_NOTIFY=silent)
    ledger = tmp_path / "state" / "notices" / "scheduler.json"
    wait_until(lambda: ledger.exists() and '"tried": "' in ledger.read_text(encoding="utf-8"))
    wait_until(lambda: ask("SELECT count(*) FROM sync_history WHERE sync_type = 'results'"))

    before = time.monotonic()
    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 0
    assert time.monotonic() - before < 20
    assert said("scheduler.gave_up") == 0


@pytest.mark.parametrize("url", ["nonsense://Zauberwort", "Losung"])
def test_a_url_to_which_nothing_can_be_sent_stops_the_daemon_at_its_start_with_a_sentence(run, url):
    refused = run("scheduler", CHRONOTRACK_LIVE_NOTIFY=url)

    [line] = refused.stderr.splitlines()
    assert refused.returncode == 2
    assert line.startswith("chronotrack-live: CHRONOTRACK_LIVE_NOTIFY: URL 1 ")
    assert url not in line


def test_the_monitor_tells_what_it_finds_once_and_what_it_says_stays_the_same(
    monitor, add_partner, query, hook, tmp_path
):
    add_partner()
    query(REFUSED)

    plain = monitor("--json")
    first, second = (monitor("--json", "--notify", hook.url) for _ in range(2))

    [message] = hook.messages
    assert message["title"] == "ChronoTrack Live: 1 new"
    assert message["message"].startswith(
        "partner 1 (Harbour Timing): refused: the API refuses its credentials"
    )
    for told_once in (first, second):
        assert (told_once.returncode, told_once.stderr) == (plain.returncode, "") == (2, "")
        assert told_once.stdout.count("the API refuses its credentials") == 1
    assert told(tmp_path, str(hook.messages), first.stdout) == []


def test_a_look_at_some_partners_is_told_by_the_option_alone_and_keeps_nothing_from_the_look_at_all(
    monitor, add_partner, query, hook, tmp_path
):
    add_partner()
    query(REFUSED)
    told_how = []

    for arguments, settings in (
        (["--partner", "1"], {"CHRONOTRACK_LIVE_MONITOR_NOTIFY": hook.url}),
        (["--partner", "1", "--notify", hook.url], {"CHRONOTRACK_LIVE_MONITOR_NOTIFY": "Losung"}),
        ([], {"CHRONOTRACK_LIVE_MONITOR_NOTIFY": hook.url}),
    ):
        assert monitor(*arguments, **settings).returncode == 2
        told_how.append(len(hook.messages))

    assert told_how == [0, 1, 2]
    assert sorted(file.name for file in (tmp_path / "state" / "notices").glob("*.json")) == [
        "monitor-1.json",
        "monitor.json",
    ]


def test_a_watching_monitor_tells_of_a_recovery(environment, no_systemd, add_partner, query, hook):
    add_partner()
    query(REFUSED)
    now = datetime.now(UTC)
    # Five minutes pass in half a second.
    settings = {
        "CHRONOTRACK_LIVE_CLOCK": str(Clock.running(now, (now, 600.0))),
        "CHRONOTRACK_LIVE_MONITOR_NOTIFY": hook.url,
        "CHRONOTRACK_LIVE_MONITOR_SILENCE_MINUTES": "10080",
    }
    watching = subprocess.Popen(
        [sys.executable, ROOT / "monitor_chronotrack_live.py", "--watch", "1"],
        env=environment | settings,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: hook.messages)
        query("DELETE FROM sync_history")
        wait_until(lambda: len(hook.messages) > 1)
    finally:
        watching.kill()
        watching.wait()

    titles = [message["title"] for message in hook.messages]
    assert titles == ["ChronoTrack Live: 1 new", "ChronoTrack Live: 1 recovered"]


def test_a_monitor_that_nobody_answers_says_so_in_a_line_and_nothing_else_changes(
    monitor, add_partner, query, nowhere, tmp_path
):
    add_partner()
    query(REFUSED)
    plain = monitor()

    done = monitor("--notify", f"json://Kennung:Zauberwort@{nowhere}/Losung")

    assert (done.returncode, done.stdout.splitlines()[0]) == (plain.returncode, plain.stdout.splitlines()[0])
    assert done.stderr == (
        "chronotrack-live: Notification URL 1 (json) took no message: it is tried again, ever more rarely.\n"
    )
    assert told(tmp_path) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"CHRONOTRACK_LIVE_MONITOR_NOTIFY": "Losung"}, "URL 1 of those that are set"),
        (
            {"CHRONOTRACK_LIVE_MONITOR_NOTIFY": "json://127.0.0.1/", "CHRONOTRACK_LIVE_STATE": "/dev/null"},
            "set CHRONOTRACK_LIVE_STATE to a folder of your own",
        ),
    ],
)
def test_a_monitor_that_cannot_tell_anybody_is_unknown_in_a_line(monitor, settings, said):
    done = monitor(**settings)

    [line] = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (3, "")
    assert line.startswith("CHRONOTRACK LIVE UNKNOWN - ")
    assert said in line
