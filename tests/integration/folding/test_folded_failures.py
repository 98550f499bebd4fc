"""Of a day's failures of one category the last one stays, and says for how many and since when."""

from __future__ import annotations

from datetime import timedelta

from providers.errors import ApiUnreachable, CredentialsRefused
from tests.integration.builders import RUN, START, naive
from tests.integration.folding.folded import DAY, FAILED, NIGHT, POLL, kept


def test_of_a_days_failures_of_one_category_the_last_one_stays_and_says_for_how_many_and_since_when(
    hub, note
):
    for day in (0, 1):
        for nth in range(5):
            error = ApiUnreachable(f"No answer at {nth}.")
            note(NIGHT + day * DAY + nth * POLL, **FAILED | {"error": error})

    gone = hub.store.fold_history(NIGHT + 2 * DAY)

    assert gone == 8
    assert kept(hub) == [(naive(NIGHT + day * DAY + 4 * POLL), 5) for day in (0, 1)]
    [first, second] = hub.query("SELECT * FROM sync_history ORDER BY sync_time")
    assert [row["data_snapshot"]["folded_since"] for row in (first, second)] == [
        (naive(NIGHT + day * DAY)).isoformat() for day in (0, 1)
    ]
    assert (first["status"], first["error_category"], first["duration_seconds"]) == (
        "failed",
        "unreachable",
        10,
    )
    assert first["reason"] == "No answer at 4."
    assert hub.store.fold_history(NIGHT + 2 * DAY) == 0


def test_a_refused_partners_tests_of_a_weekend_become_a_row_a_day(hub, note):
    for nth in range(2 * 288):
        note(
            NIGHT + nth * timedelta(minutes=5),
            sync_type="authentication",
            event_id=None,
            status="failed",
            error=CredentialsRefused("Refused."),
        )

    hub.store.fold_history(NIGHT + 2 * DAY)

    assert [folded for _, folded in kept(hub)] == [288, 288]


def test_failures_of_another_category_and_polls_that_went_well_in_between_keep_rows_of_their_own(hub, note):
    for nth in range(0, 9, 3):
        note(NIGHT + nth * POLL, **FAILED)
        note(NIGHT + (nth + 1) * POLL, **FAILED | {"error": CredentialsRefused("Refused.")})
        note(NIGHT + (nth + 2) * POLL)

    assert hub.store.fold_history(NIGHT + DAY) == 6
    assert kept(hub) == [(naive(NIGHT + nth * POLL), 3) for nth in (6, 7, 8)]


def test_a_day_of_failures_that_is_folded_in_two_parts_keeps_its_first_instant(hub, note):
    for nth in range(10):
        note(NIGHT + nth * POLL, **FAILED)
    hub.store.fold_history(NIGHT + 6 * POLL)

    assert hub.store.fold_history(NIGHT + DAY) == 4
    assert kept(hub) == [(naive(NIGHT + 9 * POLL), 10)]
    [row] = hub.query("SELECT data_snapshot ->> 'folded_since' AS since FROM sync_history")
    assert row["since"] == naive(NIGHT).isoformat()


def test_what_is_due_after_failures_is_the_same_before_and_after(hub, note):
    hub.save_events(RUN)
    for nth in range(3):
        note(NIGHT + nth * POLL)
    for nth in range(3, 6):
        note(NIGHT + nth * POLL, **FAILED)
        note(NIGHT + nth * POLL, **FAILED | {"sync_type": "participants"})
    before = hub.store.live_events(hub.partner, START)

    assert hub.store.fold_history(NIGHT + DAY) == 6
    assert hub.store.live_events(hub.partner, START) == before


def test_since_when_is_not_said_of_a_day_that_version_4_folded_in_part(hub, note):
    for nth in range(3):
        note(NIGHT + nth * POLL, notes={"folded": 10} if nth == 0 else {})

    assert hub.store.fold_history(NIGHT + 2 * POLL) == 1
    assert hub.store.fold_history(NIGHT + DAY) == 1
    assert kept(hub) == [(naive(NIGHT + 2 * POLL), 12)]
    assert hub.query("SELECT data_snapshot ? 'folded_since' AS said FROM sync_history") == [{"said": False}]
