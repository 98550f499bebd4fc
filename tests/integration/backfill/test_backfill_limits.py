"""How many events are taken, which of them, how many at once; and what is left when a run is interrupted."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

from backfill.outcome import End
from backfill.plan import Skip
from providers.errors import EventArchived
from tests.integration.backfill.past_provider import ends


def test_what_is_left_out_on_the_way_does_not_count_for_the_limit(provide, go):
    provider = provide(12)
    provider.wrong = {event.provider_event_id: EventArchived("locked") for event in provider.events[:5]}

    result = go(provider, limit=4)

    taken = [o.event_id for o in result.outcomes if o.end is End.IMPORTED]
    assert sorted(taken) == ["1005", "1006", "1007", "1008"]
    assert [o.skip for o in result.outcomes if o.end is End.SKIPPED] == [Skip.ARCHIVED] * 5
    assert result.left == 3


def test_the_limit_takes_the_latest_events_of_all_partners_together(provide, go):
    one, other = provide(10), provide(10)
    other.events = [replace(e, start_time=e.start_time - timedelta(hours=12)) for e in other.events]

    result = go(one, other, limit=6)

    assert sorted((o.partner, o.event_id) for o in result.outcomes) == [
        (partner, str(1000 + number)) for partner in (1, 2) for number in range(3)
    ]


def test_no_more_events_of_a_partner_are_worked_on_than_asked_for(provide, go):
    provider = provide(30)

    go(provider, events=3)

    assert provider.read == 30
    assert 1 <= provider.most <= 3


def test_with_a_limit_a_list_that_hangs_holds_up_the_others_for_a_while_only(provide, go, capsys):
    hanging, well = provide(5), provide(5)
    hanging.listing_waits = threading.Event()
    well.on_read = lambda: well.read >= 3 and hanging.listing_waits.set()

    result = go(hanging, well, limit=3, lists_patience=1.0)

    assert [o.partner for o in result.outcomes] == [2, 2, 2]
    said = capsys.readouterr().out
    assert said.count("waiting for the events of") == 1
    assert hanging.credentials.label in said


def test_what_an_interruption_leaves_is_counted(provide, prepared):
    provider = provide(40)
    run = prepared(provider, events=2)
    provider.on_read = lambda: provider.read >= 5 and run.interrupt()

    result = run.go()

    done = [end for end in ends(result) if end is not End.INTERRUPTED]
    assert result.interrupted
    assert result.left > 0
    assert result.left + len(done) == 40
