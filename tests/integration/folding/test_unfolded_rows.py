"""What says more than that nothing was new, or is somebody else's, stays as it is when history is folded."""

from __future__ import annotations

import pytest

from providers.errors import ApiUnreachable, CollectedElsewhere
from tests.integration.builders import naive
from tests.integration.folding.folded import DAY, FAILED, NIGHT, POLL, kept


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "failed", "error": ApiUnreachable("No answer."), "written": 1},
        {"status": "partial", "written": 1, "rejected": 1},
        {"status": "partial", "notes": {"complete": False, "unconfirmed_vanished": ["9"]}},
        {"status": "partial", "rejected": 1, "notes": {"removed": 1}},
        {"status": "partial", "rejected": 1, "notes": {"cleared": 1}},
        {"status": "skipped", "error": CollectedElsewhere("The lock was lost on the way.")},
        {"written": 1},
        {"rejected": 1},
        {"notes": {"removed": 1}},
        {"notes": {"unconfirmed_vanished": ["9"]}},
        {"notes": {"problems": ["Bracket 3 could not be read."]}},
        {"notes": {"errors": {"server_error": 1}, "retries": {"server_error": 1}}},
        {"sync_type": "backfill"},
    ],
    ids=str,
)
def test_a_row_that_says_more_than_that_nothing_was_new_stays_as_it_is(hub, note, fields):
    for nth in range(3):
        note(NIGHT + nth * POLL, **fields)
    before = hub.query("SELECT * FROM sync_history ORDER BY sync_history_id")

    assert hub.store.fold_history(NIGHT + DAY) == 0
    assert hub.query("SELECT * FROM sync_history ORDER BY sync_history_id") == before


@pytest.mark.parametrize("rule", ["", "ON DELETE CASCADE", "ON DELETE SET NULL"])
def test_a_row_that_a_table_of_the_hosts_refers_to_stays_as_it_is(hub, note, rule):
    for nth in range(4):
        note(NIGHT + nth * POLL, **FAILED)
    hub.query(f"CREATE TABLE remarks (about integer REFERENCES sync_history (sync_history_id) {rule})")
    hub.query("INSERT INTO remarks SELECT sync_history_id FROM sync_history ORDER BY sync_time LIMIT 1")
    hub.query("INSERT INTO remarks VALUES (NULL)")

    assert hub.store.fold_history(NIGHT + DAY) == 2

    assert kept(hub) == [(naive(NIGHT), None), (naive(NIGHT + 3 * POLL), 3)]
    assert hub.query("SELECT count(about) AS n FROM remarks") == [{"n": 1}]


def test_a_row_that_is_referred_to_by_several_columns_stays_as_it_is(hub, note):
    for nth in range(3):
        note(NIGHT + nth * POLL)
    hub.query("ALTER TABLE sync_history ADD UNIQUE (event_id, sync_history_id)")
    hub.query(
        "CREATE TABLE remarks (event varchar, about integer, FOREIGN KEY (event, about)"
        " REFERENCES sync_history (event_id, sync_history_id) ON DELETE CASCADE)"
    )
    hub.query("INSERT INTO remarks SELECT event_id, sync_history_id FROM sync_history ORDER BY 2 LIMIT 1")

    assert hub.store.fold_history(NIGHT + DAY) == 1
    assert kept(hub) == [(naive(NIGHT), None), (naive(NIGHT + 2 * POLL), 2)]


def test_the_last_stored_reading_of_an_event_stays_with_whom_it_left_in_doubt(hub, note):
    for nth in range(3):
        note(NIGHT + nth * POLL, status="partial", rejected=1)
    note(NIGHT + 3 * POLL, notes={"unconfirmed_vanished": ["9"]})
    [last] = hub.query("SELECT * FROM sync_history ORDER BY sync_history_id DESC LIMIT 1")

    assert hub.store.fold_history(NIGHT + DAY) == 2
    assert hub.query("SELECT * FROM sync_history ORDER BY sync_history_id DESC LIMIT 1") == [last]


@pytest.mark.parametrize(
    "values",
    [
        "'results', 'failed', NULL",
        "'results', 'failed', '{}'",
        "'results', 'failed', '[\"errors\"]'",
        "NULL, 'completed', '{}'",
        "NULL, 'completed', NULL",
        "'results', 'completed', NULL",
        "'results', 'completed', '{}'",
        "'results', 'completed', '[1]'",
        "'results', 'completed', '7'",
    ],
)
def test_rows_of_other_integrations_stay(hub, values):
    hub.query(
        "INSERT INTO sync_history (provider_id, timing_partner_id, event_id, sync_time, operation_type,"
        " num_of_synced_records, entries_failed, sync_type, status, data_snapshot)"
        " SELECT provider_id, 1, '5', '2025-06-01', 'results', 0, 0,"
        f" {values} FROM providers, generate_series(1, 3)"
    )

    assert hub.store.fold_history(NIGHT + DAY) == 0
    assert hub.query("SELECT count(*) AS n FROM sync_history") == [{"n": 3}]
