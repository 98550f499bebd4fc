"""The providers under contract, and what each offers the suite to be held to it.

A new provider adds one entry to OFFERS: a function that returns an `Offer`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points

import pytest

from providers.records import Credentials
from providers.registry import GROUP, open_adapter


@dataclass(frozen=True)
class Offer:
    """A provider's own stand-in of the outside world, in which everything is over and quiet.

    Attributes:
        credentials: they work.
        elsewhere: from working credentials and an address to such that ask there.
        finished_event, archived_event, unknown_event, hidden_event: the provider's ids of an event that is
            over, one that is locked, one that does not exist and one that others may see.
        event_names: of every event that the credentials may see, by its id.
        participants: the ids of the finished event's entries, those for testing left out.
        results: the ids of those who have a result there, and the status of each.
    """

    credentials: Credentials
    elsewhere: Callable[[Credentials, str], Credentials]
    finished_event: str
    archived_event: str
    unknown_event: str
    hidden_event: str
    event_names: Mapping[str, str]
    participants: frozenset[str]
    results: Mapping[str, str]


def chronotrack_live(request) -> Offer:
    """ChronoTrack Live, as the simulator plays it to the first of its accounts."""
    simulator = request.getfixturevalue("simulator")
    truths = {event_id: simulator.ground_truth(event_id) for event_id in simulator.event_ids()}
    names = {event_id: truth["event_name"] for event_id, truth in truths.items()}
    ids = {name: event_id for event_id, name in names.items()}
    athletes = truths[ids["Harbour City Marathon"]]["athletes"]

    def elsewhere(credentials: Credentials, address: str) -> Credentials:
        return replace(credentials, additional_config={"base_url": f"http://{address}/api"})

    return Offer(
        credentials=Credentials(
            credentials_id=1,
            timing_partner_id=7,
            partner_name="Harbour Timing",
            provider_id=1,
            principal="demo@chronotrack.test",
            secret="demo-password",
            additional_config={"base_url": simulator.base_url},
        ),
        elsewhere=elsewhere,
        finished_event=ids["Harbour City Marathon"],
        archived_event=ids["Founders Mile"],
        unknown_event="1",
        hidden_event=ids["Lakeside Winter 10K"],
        event_names={event_id: name for event_id, name in names.items() if not name.startswith("Lakeside")},
        participants=frozenset(athlete["entry_id"] for athlete in athletes),
        results={athlete["entry_id"]: athlete["status"] for athlete in athletes if athlete["status"]},
    )


OFFERS = {"chronotrack_live": chronotrack_live}


@pytest.fixture(scope="session", params=sorted(point.name for point in entry_points(group=GROUP)))
def provider(request) -> str:
    """Each registered provider in turn."""
    return request.param


@pytest.fixture(scope="session")
def offer(provider, request) -> Offer:
    """What the provider offers; one that offers nothing fails the contract."""
    assert provider in OFFERS, (
        f"{provider} is registered but not under contract: add it to OFFERS in {__file__}."
    )
    return OFFERS[provider](request)


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
def adapter(open_provider, offer):
    """The provider's adapter with credentials that work."""
    return open_provider(offer.credentials)


@pytest.fixture
def nowhere():
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"
