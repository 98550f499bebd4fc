"""Who is worked for, and when he is closed."""

from __future__ import annotations

import pytest

from providers.clock import Interrupted
from providers.errors import RetryLater
from schedulers.roster import Roster
from tests.unit.partners import make_partner


@pytest.fixture
def partners(tmp_path, clock):
    """Three partners, the last two of one id."""
    made = [make_partner(tmp_path, clock, partner_id=number) for number in (7, 8, 8)]
    yield made
    for partner in made:
        partner.adapter.close()


def is_closed(partner):
    try:
        partner.adapter.budget.used()
    except RetryLater:
        return True
    return False


def test_who_is_idle_is_closed_when_he_leaves(partners):
    harbour, lake, _ = partners
    roster = Roster([harbour, lake])

    roster.remove(8)

    assert (is_closed(lake), is_closed(harbour)) == (True, False)
    assert list(roster) == [harbour]
    with roster.at_work(8) as nobody:
        assert nobody is None


def test_who_is_at_work_is_closed_when_his_last_work_has_ended(partners):
    harbour, _, _ = partners
    roster = Roster([harbour])

    with roster.at_work(7) as working:
        with roster.at_work(7):
            roster.remove(7)
            assert not is_closed(harbour)
        assert not is_closed(harbour)

    assert working is harbour
    assert is_closed(harbour)


def test_whoever_takes_a_place_works_at_once_beside_the_former_one_who_ends_his_work(partners):
    _, before, after = partners
    roster = Roster([before])

    with roster.at_work(8) as old:
        roster.put(after)
        with roster.at_work(8) as new:
            assert (old, new) == (before, after)
        assert (before in roster, after in roster) == (False, True)
        assert not is_closed(before)

    assert (is_closed(before), is_closed(after)) == (True, False)


def test_at_the_end_nobody_waits_any_more_not_even_who_has_left(partners):
    _, before, after = partners
    roster = Roster([before])

    with roster.at_work(8):
        roster.put(after)
        roster.stop()
        for partner in (before, after):
            with pytest.raises(Interrupted):
                partner.adapter._pause(60)
    roster.close()

    assert (is_closed(before), is_closed(after)) == (True, True)
