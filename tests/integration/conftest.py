"""Hubs that have an event already, in both shapes of the host's tables, a scripted provider, and psql."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import closing

import pytest

from database.postgres_binaries import PostgresSource, find_binaries
from providers import past_events, sync
from providers.registry import open_adapter
from tests.integration.builders import RUN, START
from tests.integration.result_lists import START as API_START
from tests.integration.result_lists import ResultLists, epoch, finish
from tests.integration.scripted_provider import ScriptedProvider


@pytest.fixture
def run(hub):
    """A hub with one event."""
    hub.save_events(RUN)
    return hub


@pytest.fixture
def run_c(open_hub, shape_c_dsn):
    """The same in shape C."""
    hub = open_hub(shape_c_dsn)
    hub.save_events(RUN)
    return hub


@pytest.fixture
def provider(run, clock, tmp_path):
    """A provider that says what it is told to, for the partner of `run`."""
    with closing(ScriptedProvider(run.partner, tmp_path / "budget", clock)) as opened:
        yield opened


@pytest.fixture
def collect(run, provider, clock):
    """What collects the results of the event of `run` through the pipeline, due this moment; its report."""
    [event] = run.store.live_events(run.partner, START)
    return lambda: sync.collect_results(provider, run.store, clock, event, clock.now())


@pytest.fixture
def import_it(run, provider, clock):
    """What imports the event of `run` as one of the past through the pipeline; its report."""
    return lambda: past_events.import_past_event(provider, run.store, clock, RUN)


@pytest.fixture
def psql(state):
    """psql itself: next to the server's programs, or on the PATH."""
    beside = find_binaries(PostgresSource.AUTO, state).folder / "psql"
    program = str(beside) if beside.exists() else shutil.which("psql")
    if program is None:
        pytest.skip("there is no psql on this machine")

    def run(dsn, script, *options, **environ):
        return subprocess.run(
            [program, "-X", "-q", *options, "-f", str(script), dsn],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], **environ},
        )

    return run


@pytest.fixture
def api(httpserver):
    """An API of one event with two athletes."""
    served = ResultLists(httpserver)
    served.lists |= {
        "event": [
            {"event_id": "5", "event_name": "Harbour Run", "event_start_time": epoch(API_START)},
        ],
        "entry": [{"entry_id": "1", "entry_status": "CONF"}, {"entry_id": "2", "entry_status": "CONF"}],
        "ALL": [finish(1, 1), finish(2, 2)],
        "SEX": [finish(1, 1), finish(2, 1)],
        "AGE": [finish(1, 1), finish(2, 1)],
    }
    return served


@pytest.fixture
def adapter(api, httpserver, add_partner, clock, tmp_path):
    """A partner's adapter that asks it."""
    opened = open_adapter(
        "chronotrack_live", add_partner(base_url=httpserver.url_for("/api")), tmp_path, clock
    )
    yield opened
    opened.close()
