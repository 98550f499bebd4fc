"""That the simulated API tells how many of its answers were wrong, and by which fault."""

from __future__ import annotations

from contextlib import suppress

import pytest
import requests

from tests.integration.simulator.conftest import Client, small_simulator


@pytest.fixture
def failing(request):
    """A client of a simulator with the faults that a test is given."""
    with small_simulator(faults=request.param) as simulator:
        client = Client(simulator)
        yield client
        client.session.close()


def told(client):
    return requests.get(f"{client.simulator.root_url}/faults", timeout=30).json()


@pytest.mark.parametrize("failing", [["html", "reset"]], indirect=True)
def test_each_wrong_answer_is_counted_for_its_fault_and_no_right_one(failing):
    assert told(failing) == {"html": 0, "reset": 0}

    for html, reset in ((1, 0), (1, 0), (1, 1), (1, 1), (2, 1)):
        with suppress(requests.ConnectionError):
            failing.ask("event")
        assert told(failing) == {"html": html, "reset": reset}
    # What is no list never fails.
    failing.ask(f"event/{failing.simulator.event_ids()[0]}")
    assert told(failing) == {"html": 2, "reset": 1}


@pytest.mark.parametrize("failing", [["moving"]], indirect=True)
def test_a_list_that_moves_is_counted_where_a_row_has_gone(failing):
    path = f"event/{failing.event()}/entry"
    first, further, again = (failing.page(path, size=20, page=page) for page in (1, 2, 2))

    assert told(failing) == {"moving": 1}
    assert further[:-1] == again[1:]
    assert len(first) == len(further) == len(again) == 20
