"""What a run asks for again of what an earlier one has done, and what it leaves as it is."""

from __future__ import annotations

from backfill.outcome import End
from backfill.plan import Skip
from tests.integration.backfill.past_provider import ends
from tests.integration.builders import athlete


def test_what_could_not_be_read_whole_is_asked_for_again_but_after_the_others(provide, go):
    provider = provide(6)
    latest = provider.events[0].provider_event_id
    provider.moving = {latest}

    first = go(provider, limit=2)
    second = go(provider, limit=3)
    provider.moving = set()
    last = go(provider)

    assert [o.event_id for o in first.outcomes if o.end is End.IN_PART] == [latest]
    assert sorted(o.event_id for o in second.outcomes if o.end is End.IMPORTED) == ["1002", "1003", "1004"]
    assert sorted(o.event_id for o in last.outcomes if o.end is End.IMPORTED) == ["1000", "1005"]
    assert End.IN_PART not in ends(last)


def test_results_that_are_gone_are_settled_by_a_second_reading_at_once(provide, go, query):
    provider = provide(1)
    field = [athlete(number) for number in range(1, 41)]
    provider.fields = [field, field[1:], field[1:]]
    go(provider)
    query("DELETE FROM sync_history")

    [again] = go(provider).outcomes

    assert (again.end, provider.fields) == (End.IMPORTED, [])
    assert query("SELECT count(*) AS n FROM ct_results WHERE result_status = 'removed'") == [{"n": 1}]


def test_an_event_that_an_operator_holds_back_is_left_as_it_is_unless_all_is_forced(provide, go, query):
    provider = provide(2)
    go(provider)
    query("DELETE FROM sync_history")
    query("INSERT INTO ct_live_paused_events (event_id) VALUES ('ctlive:1:1001')")

    plain = go(provider)
    query("DELETE FROM sync_history")
    forced = go(provider, again=True)

    assert {o.event_id: o.skip for o in plain.outcomes} == {"1000": None, "1001": Skip.PAUSED}
    assert ends(forced) == [End.IMPORTED] * 2
