"""Simulators after the race and in the midst of it, and a client that asks them."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from providers.chronotrack_live.simulator.process import SimulatorProcess
from providers.clock import Clock

START = datetime(2026, 5, 3, 13, 0, tzinfo=UTC)
HALFWAY = START + timedelta(hours=3, minutes=50)
STILL = 1e-9  # a race clock that all but stands


def simulator_at(instant):
    clock = Clock.running(datetime.now(UTC), (instant, STILL))
    return SimulatorProcess(race_start=START, athletes=300, seed=7, clock=clock)


class Client:
    """Asks as the first account, or as the second."""

    def __init__(self, simulator, user="demo", password="demo-password"):
        self.simulator = simulator
        self.session = requests.Session()
        self.session.auth = (f"{user}@chronotrack.test", password)

    def ask(self, path, **query):
        return self.session.get(f"{self.simulator.base_url}/{path}", params=query, timeout=30)

    def rows(self, path, **query):
        """All rows of a list, page by page."""
        found, page = [], 1
        while True:
            answer = self.ask(path, **{"size": "1000", **query}, page=page)
            (rows,) = answer.json().values()
            found += rows
            if page >= int(answer.headers["X-Ctlive-Page-Count"]):
                return found
            page += 1

    def event(self, name="Harbour City Marathon"):
        return next(e["event_id"] for e in self.rows("event") if e["event_name"] == name)


@pytest.fixture(scope="module")
def finished():
    with simulator_at(START + timedelta(days=2)) as simulator:
        client = Client(simulator)
        yield client
        client.session.close()


@pytest.fixture(scope="module")
def running():
    with simulator_at(HALFWAY) as simulator:
        client = Client(simulator)
        yield client
        client.session.close()


@pytest.fixture(scope="module")
def truth(finished):
    return {a["entry_id"]: a for a in finished.simulator.ground_truth(finished.event())["athletes"]}
