"""The providers under contract, and what each offers the suite to be held to it.

A new provider adds an entry to OFFERS: its registered name, and a function that returns an `Offer`. It may
offer several worlds: what follows the name after a blank says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from operator import attrgetter, itemgetter
from urllib.parse import urlsplit

import pytest

from providers.errors import IntegrationError, NotFound
from providers.records import Credentials, ProviderParticipant, ProviderResult
from providers.registry import GROUP, open_adapter
from tests.contract.gateway import Gateway
from tests.contract.simulated_api import SimulatedApi
from tests.contract.worlds import BY_NAME, TRUE_NAME, WORLDS, World
from tests.provider_fifteen import sundial_api as sundial_world

BY_ID = attrgetter("provider_participant_id")


@dataclass(frozen=True)
class Offer:
    """A provider's own stand-in of the outside world, in which everything is over and quiet.

    Attributes:
        credentials: they work.
        address: the host and port where the stand-in answers.
        elsewhere: from working credentials and another host and port to such that ask there.
        finished_event, archived_event, unknown_event, hidden_event: the provider's ids of an event that is
            over, one that is locked, one that does not exist and one that others may see.
        event_names: of every event that the credentials may see, by its id.
        participants: the ids of the finished event's entries, those for testing left out.
        results: those who have a result there, as `whose` tells them apart, and the status of each.
        whose: from an entry or a result to what tells whose it is: the entry's id, wherever results have it.
        unknown_error: what asking for an unknown event raises; None where the API answers with an empty list.
        complete: what a whole reading says of itself; None where the API announces no counts.
    """

    credentials: Credentials
    address: str
    elsewhere: Callable[[Credentials, str], Credentials]
    finished_event: str
    archived_event: str
    unknown_event: str
    hidden_event: str
    event_names: Mapping[str, str]
    participants: frozenset[str]
    results: Mapping[object, str]
    whose: Callable[[ProviderParticipant | ProviderResult], object] = BY_ID
    unknown_error: type[IntegrationError] | None = NotFound
    complete: bool | None = True


Maker = Callable[[pytest.FixtureRequest], Offer]


def chronotrack_live(world: World) -> Maker:
    """ChronoTrack Live, as the simulator plays it in this world to the first of its accounts."""

    def elsewhere(credentials: Credentials, address: str) -> Credentials:
        config = {**credentials.additional_config, "base_url": f"http://{address}/api"}
        return replace(credentials, additional_config=config)

    def make(request: pytest.FixtureRequest) -> Offer:
        api = request.getfixturevalue("open_api")(world.athletes, world.variants)
        ids, athletes = api.event_ids, api.truth()["athletes"]
        whose = itemgetter("entry_id") if world.names_entries else TRUE_NAME
        return Offer(
            credentials=api.credentials(**world.config),
            address=urlsplit(api.base_url).netloc,
            elsewhere=elsewhere,
            finished_event=ids["Harbour City Marathon"],
            archived_event=ids["Founders Mile"],
            unknown_event="1",
            hidden_event=ids["Lakeside Winter 10K"],
            event_names={ids[name]: name for name in ids if not name.startswith("Lakeside")},
            participants=frozenset(athlete["entry_id"] for athlete in athletes),
            results={whose(athlete): athlete["status"] for athlete in athletes if athlete["status"]},
            whose=BY_ID if world.names_entries else BY_NAME,
            unknown_error=world.unknown_error,
            complete=world.complete,
        )

    return make


def sundial(request: pytest.FixtureRequest) -> Offer:
    """Sundial Timing, the provider that stands for all that are still to come."""
    api = request.getfixturevalue("sundial_api")
    ours = {"home": "finished", "on course": "started", "gave up": "dnf", "struck out": "dq"}
    starters = api.starters[sundial_world.FINISHED]

    def elsewhere(credentials: Credentials, address: str) -> Credentials:
        return replace(credentials, additional_config={"base_url": f"http://{address}/v1"})

    return Offer(
        credentials=Credentials(
            credentials_id=2,
            timing_partner_id=8,
            partner_name="Gnomon Timing",
            provider_id=15,
            data_source="sundial_timing",
            principal=sundial_world.LOGIN,
            secret=sundial_world.PASSWORD,
            additional_config={"base_url": api.base_url},
        ),
        address=api.address,
        elsewhere=elsewhere,
        finished_event=sundial_world.FINISHED,
        archived_event=sundial_world.LOCKED,
        unknown_event="m-404",
        hidden_event=sundial_world.HIDDEN,
        event_names={meeting["ref"]: meeting["title"] for meeting in api.meetings},
        participants=frozenset(starter["ref"] for starter in starters if not starter["trial"]),
        results={tally["starter"]: ours[tally["state"]] for tally in api.tallies[sundial_world.FINISHED]},
    )


OFFERS: Mapping[str, Maker] = {
    **{name: chronotrack_live(world) for name, world in WORLDS.items()},
    "sundial": sundial,
}


def under_contract() -> list[str]:
    """Return the names of all offers, and those of registered providers that have none."""
    registered = {point.name for point in entry_points(group=GROUP)}
    return sorted(OFFERS.keys() | (registered - {name.partition(" ")[0] for name in OFFERS}))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Hold each offer to the contract. Asked now: when this file is read, not everything may be installed."""
    if "offered" in metafunc.fixturenames:
        metafunc.parametrize("offered", under_contract(), scope="session")


@pytest.fixture(scope="session")
def open_api(race_start):
    """A maker of simulated ChronoTrack Live APIs whose races are all over."""
    with ExitStack() as stack:
        yield lambda *how: stack.enter_context(SimulatedApi(race_start, *how))


@pytest.fixture(scope="session")
def provider(offered) -> str:
    """The registered name of the provider that is offered."""
    return offered.partition(" ")[0]


@pytest.fixture(scope="session")
def offer(offered, request) -> Offer:
    """What the provider offers; one that offers nothing fails the contract."""
    assert offered in OFFERS, (
        f"{offered} is registered but not under contract: add it to OFFERS in {__file__}."
    )
    return OFFERS[offered](request)


@pytest.fixture
def open_provider(provider, tmp_path, clock):
    """A maker of the provider's adapters that do not wait between tries."""
    opened = []

    def make(credentials):
        adapter = open_adapter(provider, credentials, tmp_path, clock)
        adapter.first_wait = 0.0
        opened.append(adapter)
        return adapter

    yield make
    for adapter in opened:
        adapter.close()


@pytest.fixture
def open_gateway():
    """A maker of gateways."""
    with ExitStack() as stack:
        yield lambda *answers, **how: stack.enter_context(Gateway(*answers, **how))


@pytest.fixture
def adapter(open_provider, offer):
    """The provider's adapter with credentials that work."""
    return open_provider(offer.credentials)
