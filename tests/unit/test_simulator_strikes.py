"""In how many answers the simulator's faults struck, by its own account."""

from __future__ import annotations

import pytest

from providers.chronotrack_live.simulator.accounts import demo_accounts
from providers.chronotrack_live.simulator.auth import Gate
from providers.chronotrack_live.simulator.errors import UnauthorizedError
from providers.chronotrack_live.simulator.faults import STANDING, Faults
from providers.chronotrack_live.simulator.paging import Listing, Page, Pager
from providers.chronotrack_live.simulator.variants import Variant
from tests.unit.test_simulator_auth import CLIENT, FIRST, GRANT

TEN = Listing.of(range(1, 11), lambda number: b"%d" % number)
QUERY = {"client_id": FIRST.client_id}


def struck(*faults, numbers, size=4, is_moved=False, listing=TEN):
    """What is counted when these pages of a list are turned."""
    told = Faults.read(faults)
    pager = Pager(Variant(), told)
    for number in numbers:
        pager.turn(Page(number, size), listing, is_moved=is_moved)
    return told.struck


def refused(gate, access, at=0.0):
    with pytest.raises(UnauthorizedError):
        gate.account(f"Bearer {access}", QUERY, at)


def test_a_fault_that_never_struck_is_in_the_account_with_none():
    assert Faults.read(["slow=1", "doubled"]).struck == {"slow": 0, "doubled": 0}
    assert set(Faults.read(STANDING).struck) == set(STANDING)


def test_two_simulators_have_an_account_each():
    one, other = Faults.read(["html"]), Faults.read(["html"])
    one.struck["html"] += 1

    assert other.struck["html"] == 0
    assert one == other


@pytest.mark.parametrize(
    ("numbers", "times"), [([1], 0), ([2], 1), ([1, 2, 3], 2), ([4], 0)], ids=["first", "2", "all", "beyond"]
)
def test_pages_overlap_where_there_is_one_before_them(numbers, times):
    assert struck("overlapping", numbers=numbers) == {"overlapping": times}


@pytest.mark.parametrize(
    ("numbers", "times"), [([1], 0), ([2], 1), ([1, 2, 3], 2), ([4], 0)], ids=["first", "2", "all", "beyond"]
)
def test_rows_have_moved_on_further_pages_alone(numbers, times):
    assert struck("moving", numbers=numbers, is_moved=True) == {"moving": times}
    assert struck("moving", numbers=numbers) == {"moving": 0}


def test_a_last_page_that_moves_away_whole_has_nothing_to_overlap():
    assert struck("moving", "overlapping", numbers=[4], size=3, is_moved=True) == {
        "moving": 1,
        "overlapping": 0,
    }


def test_rows_are_doubled_on_the_last_page_alone():
    assert struck("doubled", numbers=[1, 2, 3, 4]) == {"doubled": 1}
    assert struck("doubled", numbers=[1], size=10) == {"doubled": 1}
    assert struck("doubled", numbers=[1], listing=Listing.empty()) == {"doubled": 0}


def test_only_a_token_that_was_used_up_is_refused_for_the_faults_sake():
    faults = Faults.read(["expired_tokens"])
    gate = Gate(demo_accounts(frozenset(), frozenset()), Variant(token_life=60), faults)
    token = gate.grant(CLIENT, GRANT, 0.0)["access_token"]
    refused(gate, "another")
    refused(gate, token, at=60.0)
    assert faults.struck == {"expired_tokens": 0}

    for _ in range(5):
        gate.account(f"Bearer {token}", QUERY, 0.0)
    refused(gate, token)
    refused(gate, token)
    assert faults.struck == {"expired_tokens": 2}
