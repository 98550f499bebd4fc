"""Of the polls of a day that found nothing new the last one stays, and says for how many."""

from __future__ import annotations

import pytest

from providers.errors import EventArchived
from tests.integration.builders import FIELD, RUN, START, naive
from tests.integration.folding.folded import DAY, NIGHT, POLL, kept


def test_of_the_polls_of_a_day_that_found_nothing_new_the_last_one_stays_and_says_for_how_many(hub, note):
    for day in (0, 1):
        for nth in range(5):
            note(NIGHT + day * DAY + nth * POLL, lateness=1 - 0.15 * nth)

    gone = hub.store.fold_history(NIGHT + 2 * DAY)

    assert gone == 8
    assert kept(hub) == [(naive(NIGHT + day * DAY + 4 * POLL), 5) for day in (0, 1)]
    [first, _] = hub.query("SELECT * FROM sync_history ORDER BY sync_time")
    assert first["duration_seconds"] == 10
    assert first["data_snapshot"]["requests"] == 7
    # All else is the last one's own.
    assert float(first["lateness_seconds"]) == 0.4
    assert (first["results_synced"], first["status"], first["num_of_synced_records"]) == (40, "completed", 0)


def test_what_is_younger_than_the_instant_stays(hub, note):
    for nth in range(4):
        note(NIGHT + nth * POLL)

    assert hub.store.fold_history(NIGHT + 2 * POLL) == 1
    assert kept(hub) == [
        (naive(NIGHT + POLL), 2),
        (naive(NIGHT + 2 * POLL), None),
        (naive(NIGHT + 3 * POLL), None),
    ]


def test_folding_again_changes_nothing(hub, note):
    for nth in range(3):
        note(NIGHT + nth * POLL)
    hub.store.fold_history(NIGHT + DAY)
    before = hub.query("SELECT xmin::text, ctid::text, to_jsonb(h) AS row FROM sync_history h")

    assert hub.store.fold_history(NIGHT + DAY) == 0
    assert hub.query("SELECT xmin::text, ctid::text, to_jsonb(h) AS row FROM sync_history h") == before


def test_a_day_that_is_folded_in_two_parts_is_counted_as_one(hub, note):
    for nth in range(10):
        note(NIGHT + nth * POLL)
    hub.store.fold_history(NIGHT + 6 * POLL)

    assert hub.store.fold_history(NIGHT + DAY) == 4
    assert kept(hub) == [(naive(NIGHT + 9 * POLL), 10)]
    assert hub.query("SELECT duration_seconds FROM sync_history") == [{"duration_seconds": 20}]


def test_an_archived_events_polls_become_a_row_a_day(hub, note):
    for nth in range(268):
        note(NIGHT + nth * POLL, status="skipped", error=EventArchived("Event 5 is archived."), seen=0)

    assert hub.store.fold_history(NIGHT + DAY) == 267
    assert kept(hub) == [(naive(NIGHT + 267 * POLL), 268)]
    assert hub.query("SELECT reason FROM sync_history") == [{"reason": "Event 5 is archived."}]


@pytest.mark.parametrize(
    "fields",
    [{"rejected": 1}, {"notes": {"complete": False}}, {"notes": {"problems": ["?"], "unsure": ["status"]}}],
)
def test_partial_polls_that_wrote_nothing_and_note_the_same_problem_become_a_row_a_day(hub, note, fields):
    for nth in range(5):
        note(NIGHT + nth * POLL, status="partial", **fields | {"notes": dict(fields.get("notes", {}))})

    assert hub.store.fold_history(NIGHT + DAY) == 4
    assert kept(hub) == [(naive(NIGHT + 4 * POLL), 5)]


def test_partial_polls_that_note_different_problems_keep_rows_of_their_own(hub, note):
    for nth in range(0, 6, 3):
        note(NIGHT + nth * POLL, status="partial", rejected=1)
        note(NIGHT + (nth + 1) * POLL, status="partial", rejected=2)
        note(NIGHT + (nth + 2) * POLL, status="partial", rejected=1, notes={"problems": ["?"]})

    assert hub.store.fold_history(NIGHT + DAY) == 3
    assert kept(hub) == [(naive(NIGHT + nth * POLL), 2) for nth in (3, 4, 5)]


def test_where_clocks_are_apart_the_reading_that_was_stored_last_stays_at_the_latest_instant(hub, note):
    note(NIGHT + POLL)
    note(NIGHT)
    [last] = hub.query("SELECT max(sync_history_id) AS sync_history_id FROM sync_history")

    assert hub.store.fold_history(NIGHT + DAY) == 1
    assert hub.query("SELECT sync_history_id FROM sync_history") == [last]
    assert kept(hub) == [(naive(NIGHT + POLL), 2)]


def test_each_partner_event_and_type_keeps_a_row_of_its_own(hub, note):
    of_others = [
        {},
        {"event_id": hub.key("6")},
        {"sync_type": "participants"},
        {"sync_type": "events", "event_id": None},
        {"sync_type": "authentication", "event_id": None},
    ]
    for fields in of_others:
        for nth in range(2):
            note(NIGHT + nth * POLL, **fields)

    assert hub.store.fold_history(NIGHT + DAY) == len(of_others)
    assert kept(hub) == [(naive(NIGHT + POLL), 2)] * len(of_others)


def test_what_the_scheduler_reads_of_an_event_is_the_same_before_and_after(hub, note):
    hub.save_events(RUN)
    for nth in range(4):
        note(NIGHT + nth * POLL)
        note(NIGHT + nth * POLL, sync_type="participants", notes={})
    before = hub.store.live_events(hub.partner, START)

    assert hub.store.fold_history(NIGHT + DAY) == 6

    assert hub.store.live_events(hub.partner, START) == before
    assert before[0].last_collection == NIGHT + 3 * POLL


def test_the_polls_of_the_pipeline_itself_are_folded(provider, collect, run):
    """Whatever it comes to note of every poll, folding has to know."""
    provider.will_read(*[FIELD] * 4)
    assert [collect().written > 0 for _ in range(4)] == [True, False, False, False]
    # None of them counts as yesterday's, whenever this runs.
    run.query("UPDATE sync_history SET sync_time = '2025-06-01' WHERE sync_type = 'results'")

    assert run.store.fold_history(NIGHT + DAY) == 2


def test_a_weekend_of_many_events_becomes_a_row_a_day_and_event_however_many_weekends_there_are(hub):
    weekends, events, polls = 2, 30, 268
    for weekend in range(weekends):
        # 200 polls in steps of 90 seconds, 68 in steps of an hour.
        hub.query(
            "INSERT INTO sync_history (provider_id, timing_partner_id, event_id, sync_time, operation_type,"
            " sync_type, status, num_of_synced_records, entries_success, entries_failed, duration_seconds,"
            " lateness_seconds, data_snapshot)"
            " SELECT provider_id, 1, format('ctlive:1:%%s', %s + event),"
            "  %s::timestamp + least(nth, 200) * interval '90 s' + greatest(nth - 200, 0) * interval '1 h',"
            "  'results', 'results', 'completed', 0, 300, 0, 1, 0.01, %s"
            " FROM providers, generate_series(1, %s) AS event, generate_series(1, %s) AS nth",
            weekend * 1000,
            naive(START + weekend * 7 * DAY),
            '{"requests": 3, "errors": {}, "complete": true, "results": 300}',
            *(events, polls),
        )

    hub.store.fold_history(START + weekends * 7 * DAY)

    # Of the day of the race and of each of the three after it.
    assert hub.query(
        "SELECT count(*) AS rows, sum((data_snapshot ->> 'folded')::integer) AS polls,"
        " sum(duration_seconds) AS seconds FROM sync_history"
    ) == [
        {
            "rows": weekends * events * 4,
            "polls": weekends * events * polls,
            "seconds": weekends * events * polls,
        }
    ]
