"""What goes wrong with a partner, his list of events or one event, and who else has to do with it."""

from __future__ import annotations

from backfill.outcome import End
from providers.errors import ApiUnreachable, CredentialsRefused
from tests.integration.backfill.past_provider import ends


def test_an_api_that_answers_to_nobody_is_not_asked_for_every_event(provide, go):
    away, well = provide(200), provide(30)
    away.wrong = {event.provider_event_id: ApiUnreachable("no answer") for event in away.events}

    result = go(away, well)

    [trouble] = result.troubles
    assert (trouble.partner, trouble.category) == (1, "unreachable")
    assert away.read < 60
    assert trouble.untried == 200 - away.read
    assert ends(result).count(End.IMPORTED) == 30
    assert "Run the backfill again when the API can be reached" in trouble.advice


def test_a_partner_who_is_refused_on_the_way_is_left_alone_from_then_on(provide, go):
    refused, well = provide(100), provide(30)
    refused.wrong = {event.provider_event_id: CredentialsRefused("no") for event in refused.events[20:]}

    result = go(refused, well)

    assert refused.read < 60
    assert [trouble.partner for trouble in result.troubles] == [1]
    assert sum(o.end is End.IMPORTED for o in result.outcomes if o.partner == 2) == 30


def test_what_a_refusal_leaves_is_counted(provide, go):
    refused = provide(100)
    refused.wrong = {event.provider_event_id: CredentialsRefused("no") for event in refused.events[20:]}

    result = go(refused)

    assert result.left > 0
    assert result.left == 100 - len(result.outcomes)


def test_a_list_that_cannot_be_read_stops_nobody_else(provide, go):
    broken, well = provide(5), provide(5)
    broken.listing_fails = ApiUnreachable("no answer")

    result = go(broken, well)

    assert [trouble.partner for trouble in result.troubles] == [1]
    assert ends(result) == [End.IMPORTED] * 5


def test_a_fault_of_this_software_in_one_event_stops_no_other(provide, go):
    provider = provide(5)
    provider.wrong = {"1002": ZeroDivisionError()}

    result = go(provider)

    [failed] = [o for o in result.outcomes if o.end is End.FAILED]
    assert (failed.event_id, ends(result).count(End.IMPORTED)) == ("1002", 4)
    assert "A fault of this software (ZeroDivisionError)" in failed.said
