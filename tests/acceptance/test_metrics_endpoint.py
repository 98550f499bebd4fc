"""The metrics endpoint, asked as Prometheus asks it."""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from providers.errors import SettingsInvalid
from schedulers.metrics_endpoint import served_metrics
from schedulers.settings import metrics_address
from tests.acceptance.conftest import ROOT

PATIENCE = 90
HARBOUR = {"partner": "1", "partner_name": "Harbour Timing"}
KINDS = {"authentication", "events", "participants", "results"}
# What the history has of each kind of operation, under the name of the metric that has it, too.
HISTORY = """
    SELECT sync_type, sum(num_of_synced_records) AS rows_written, sum(entries_success) AS rows_seen,
           count(*) FILTER (WHERE status = 'completed') AS completed
    FROM sync_history WHERE sync_type IS NOT NULL GROUP BY sync_type
"""


@pytest.fixture
def port():
    """A port on which nobody listens."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def serve(port):
    """Serves metrics in this process; a block that ends when the serving is to end."""

    def served(**settings):
        return served_metrics(*metrics_address({"CHRONOTRACK_LIVE_METRICS_PORT": str(port)} | settings))

    return served


def read(port, host="127.0.0.1"):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{host}:{port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def scrape(port):
    """Ask the endpoint; return a way to look up what it said."""
    said = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(read(port))
        for sample in family.samples
    }

    def figure(name, **labels):
        return said.get((f"chronotrack_live_{name}", frozenset((HARBOUR | labels).items())))

    return figure


def wait_until(condition):
    """Wait for a condition that another process brings about."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found


@pytest.fixture
def daemon(environment, tmp_path, port):
    """Starts the scheduler with its metrics on `port`; what is left of it in the end is killed."""
    started = []

    def start():
        log = tmp_path / "scheduler.log"
        with log.open("wb") as stderr:
            started.append(
                subprocess.Popen(
                    [sys.executable, ROOT / "schedulers" / "chronotrack_live_scheduler.py", "--verbose"],
                    env=environment | {"CHRONOTRACK_LIVE_METRICS_PORT": str(port)},
                    stderr=stderr,
                )
            )
        wait_until(lambda: "metrics.served" in log.read_text(encoding="utf-8"))
        return started[0]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_the_daemon_tells_what_its_history_has_how_things_stand_with_a_partner_and_no_secret(
    daemon, add_partner, simulator, query, port
):
    add_partner(base_url=simulator.base_url)
    process = daemon()

    def kept():
        return {row.pop("sync_type"): row for row in query(HISTORY)}

    def told():
        figure = scrape(port)
        return {
            kind: {
                "rows_written": figure("rows_written_total", operation=kind),
                "rows_seen": figure("rows_seen_total", operation=kind),
                "completed": figure("operations_total", operation=kind, status="completed"),
            }
            for kind in KINDS
        }

    wait_until(lambda: kept().keys() == KINDS and kept() == told())
    wait_until(lambda: scrape(port)("events", phase="standard"))
    figure = scrape(port)

    assert abs(figure("last_success_timestamp_seconds", operation="results") - time.time()) < PATIENCE
    assert figure("authentications_total", outcome="accepted") == 1
    assert figure("authentications_total", outcome="refused") == 0
    assert 0 < figure("budget_used_requests") <= figure("budget_limit_requests") == 1500
    assert figure("lateness_seconds_count", operation="results") > 0
    assert not [
        word for word in ("demo-password", "demo@chronotrack.test", "127.0.0.1") if word in read(port)
    ]
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_a_refused_partner_and_the_category_of_its_error_are_told(daemon, add_partner, simulator, port):
    add_partner(base_url=simulator.base_url, secret="wrong")
    daemon()

    wait_until(lambda: scrape(port)("authentications_total", outcome="refused"))

    assert scrape(port)("errors_total", operation="authentication", category="refused") >= 1


def test_without_a_port_the_library_is_not_even_imported():
    program = (
        "import sys, schedulers.chronotrack_live_scheduler; assert 'prometheus_client' not in sys.modules"
    )

    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_a_port_that_is_taken_stops_the_daemon_at_its_start_with_a_sentence(run, add_partner, nowhere):
    add_partner(base_url="http://127.0.0.1:9/api")

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = run("scheduler", CHRONOTRACK_LIVE_METRICS_PORT=port)

    assert refused.returncode == 2
    (line,) = [line for line in refused.stderr.splitlines() if line.startswith("chronotrack-live:")]
    assert port in line
    assert "CHRONOTRACK_LIVE_METRICS_PORT" in line
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("port", ["metrics", "0", "65536", "-1", "٩٤٦٤"])
def test_what_is_no_port_is_refused(serve, port):
    with pytest.raises(SettingsInvalid, match="from 1 to 65535"), serve(CHRONOTRACK_LIVE_METRICS_PORT=port):
        pass


@pytest.mark.parametrize("how", ["--plan", "--once"])
def test_what_is_no_port_is_refused_by_whoever_only_looks_too(run, how):
    refused = run("scheduler", how, CHRONOTRACK_LIVE_METRICS_PORT="metrics")

    assert refused.returncode == 2
    assert "CHRONOTRACK_LIVE_METRICS_PORT is 'metrics'" in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "a..b"])
def test_what_is_no_address_of_this_machine_is_refused(serve, host):
    with (
        pytest.raises(SettingsInvalid, match="CHRONOTRACK_LIVE_METRICS_HOST"),
        serve(CHRONOTRACK_LIVE_METRICS_HOST=host),
    ):
        pass


def test_it_is_served_on_this_machines_loopback_only_unless_another_host_is_set(serve, port):
    with serve():
        assert "chronotrack_live_database_up" in read(port)
        with pytest.raises(urllib.error.URLError):
            read(port, "127.0.0.2")

    with serve(CHRONOTRACK_LIVE_METRICS_HOST="127.0.0.2"):
        assert "chronotrack_live_database_up" in read(port, "127.0.0.2")


def test_the_port_is_free_again_when_the_daemon_ends(serve, port):
    with serve():
        pass
    with serve():
        assert read(port)


def test_clients_that_go_away_or_say_nothing_disturb_nobody(serve, port, capfd):
    with serve(), socket.create_connection(("127.0.0.1", port)):
        for request in (b"GET /metrics HTTP/1.1\r\n", b"\x16\x03\x01 no HTTP\r\n\r\n", b""):
            client = socket.create_connection(("127.0.0.1", port))
            client.sendall(request)
            # Closed with a reset instead of a word of farewell.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        assert "chronotrack_live_database_up" in read(port)

    said = "".join(capfd.readouterr())
    assert "Traceback" not in said
