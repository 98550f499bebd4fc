"""Simulators after the race and in the midst of it, and a client that asks them."""

from contextlib import ExitStack, contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
import requests

from providers.chronotrack_live.simulator.process import SimulatorProcess
from providers.chronotrack_live.simulator.variants import Variant
from providers.clock import Clock
from tests.contract.simulated_api import SimulatedApi

START = datetime(2026, 5, 3, 13, 0, tzinfo=UTC)
HALFWAY = START + timedelta(hours=3, minutes=50)
STILL = 1e-9  # a race clock that all but stands


def simulator_at(instant, athletes=300, **switches):
    """A simulator as a process of its own."""
    return SimulatorProcess(
        race_start=START, athletes=athletes, seed=7, clock=standing_still(instant), **switches
    )


def standing_still(instant):
    return Clock.running(datetime.now(UTC), (instant, STILL))


class Served:
    """What a simulator in a thread of this process says; as `SimulatorProcess` asks it."""

    def __init__(self, base_url):
        self.base_url, self.root_url = base_url, base_url.removesuffix("/api")

    def event_ids(self):
        return requests.get(f"{self.root_url}/ground-truth", timeout=30).json()["event_ids"]

    def ground_truth(self, event_id):
        return requests.get(f"{self.root_url}/ground-truth/{event_id}", timeout=30).json()


@contextmanager
def small_simulator(variants=None, faults=()):
    """A simulator after the race that comes up at once, with variants and faults."""
    clock = standing_still(START + timedelta(days=2))
    with SimulatedApi(START, 60, variants, faults, clock=clock, seed=7) as api:
        yield Served(api.base_url)


class Client:
    """Asks as the first account, or as the second."""

    def __init__(self, simulator, user="demo", password="demo-password"):
        self.simulator = simulator
        self.session = requests.Session()
        self.session.auth = (f"{user}@chronotrack.test", password)

    def ask(self, path, **query):
        return self.session.get(f"{self.simulator.base_url}/{path}", params=query, timeout=30)

    def page(self, path, **query):
        """The rows of one page, by default of the first thousand, of all intervals."""
        (rows,) = self.ask(path, **{"size": "1000", "interval": "ALL", **query}).json().values()
        return rows

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
        return next(e["event_id"] for e in self.page("event") if e["event_name"] == name)


@pytest.fixture(scope="session")
def finished():
    with simulator_at(START + timedelta(days=2)) as simulator:
        client = Client(simulator)
        yield client
        client.session.close()


@pytest.fixture(scope="session")
def running():
    with simulator_at(HALFWAY) as simulator:
        client = Client(simulator)
        yield client
        client.session.close()


@pytest.fixture(scope="module")
def api(request):
    """A function from a switch and its value to a client of a simulator that has it so.

    Simulators have all the switches of one of the module's SHAPES, so that tests can share them.
    """
    defaults = {switch.name: str(switch.default) for switch in fields(Variant)}
    shapes, clients = [{**defaults, **shape} for shape in request.module.SHAPES], {}
    with ExitStack() as stack:

        def client(**switch):
            number = next(n for n, shape in enumerate(shapes) if switch.items() <= shape.items())
            if number not in clients:
                simulator = stack.enter_context(small_simulator(variants=shapes[number]))
                clients[number] = Client(simulator)
                stack.callback(clients[number].session.close)
            return clients[number]

        yield client


@pytest.fixture(scope="module")
def usual(api):
    """A client of the simulator as it is by default."""
    return api()


@pytest.fixture(scope="module")
def truth(finished):
    return {a["entry_id"]: a for a in finished.simulator.ground_truth(finished.event())["athletes"]}
