"""Results that vanish from the API: marked when two whole readings in a row miss them, and never deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from providers.accounts import SyncReport
from providers.errors import RowRejected
from providers.readings import Snapshot
from tests.integration.builders import FIELD, LATER, RUN, athlete, entry, naive, statuses

AGAIN = LATER + timedelta(seconds=90)
AFTER_THAT = LATER + timedelta(seconds=180)


def removed(hub):
    return sorted(number for number, status in statuses(hub).items() if status == "removed")


def without(*numbers):
    return [result for result in FIELD if int(result.provider_result_id) not in numbers]


# What one reading misses is doubted -----------------------------------------------------------------


def test_a_reading_that_is_not_whole_never_removes(run):
    run.save_results("5", *FIELD)

    reports = [run.save_results("5", *FIELD[:5], complete=False, at=at) for at in (LATER, AGAIN)]

    assert removed(run) == []
    assert [(report.written, report.status) for report in reports] == [(0, "partial")] * 2
    assert ["unconfirmed_vanished" in report.statistics for report in reports] == [False, False]


def test_one_whole_reading_removes_nobody_and_says_whom_it_misses(run):
    run.save_results("5", *FIELD)

    report = run.save_results("5", *without(1, 2), at=LATER)

    assert (report.written, removed(run)) == (0, [])
    assert report.statistics["unconfirmed_vanished"] == ["1", "2"]
    assert report.statistics["vanished_share"] == 0.05
    assert "removed" not in report.statistics


def test_newcomers_make_a_loss_no_smaller(run):
    run.save_results("5", *FIELD)
    newcomers = [athlete(number) for number in range(41, 101)]

    report = run.save_results("5", *without(1, 2, 3, 4), *newcomers, at=LATER)

    assert report.statistics["vanished_share"] == 0.1


def test_a_doubted_result_stays_as_it_is_kept(run):
    run.save_results("5", *FIELD)
    before = run.query("SELECT xmin::text, * FROM ct_results ORDER BY id")

    run.save_results("5", *without(1), at=LATER)

    assert run.query("SELECT xmin::text, * FROM ct_results ORDER BY id") == before


# What the next one misses as well is removed --------------------------------------------------------


@pytest.mark.parametrize("lost", [(1, 2), (1, 2, 3), tuple(range(1, 41))])
def test_what_two_whole_readings_in_a_row_miss_is_marked_and_nothing_is_deleted(run, lost):
    run.save_results("5", *FIELD)
    run.save_results("5", *without(*lost), at=LATER)

    report = run.save_results("5", *without(*lost), at=AGAIN)

    assert removed(run) == list(lost)
    assert len(statuses(run)) == 40
    assert (report.written, report.statistics["removed"]) == (len(lost), len(lost))
    assert "unconfirmed_vanished" not in report.statistics
    assert run.query("SELECT DISTINCT api_fetched_date FROM ct_results WHERE result_status = 'removed'") == [
        {"api_fetched_date": naive(AGAIN)}
    ]


def test_readings_that_miss_different_athletes_remove_nobody(run):
    run.save_results("5", *FIELD)

    reports = [
        run.save_results("5", *without(number), at=LATER + timedelta(seconds=90 * number))
        for number in range(1, 6)
    ]

    assert removed(run) == []
    assert [report.statistics["unconfirmed_vanished"] for report in reports] == [
        ["1"],
        ["2"],
        ["3"],
        ["4"],
        ["5"],
    ]


def test_a_great_loss_confirms_only_whom_both_readings_miss(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *without(*range(1, 21)), at=LATER)

    report = run.save_results("5", *without(*range(11, 31)), at=AGAIN)

    assert removed(run) == list(range(11, 21))
    assert report.statistics["unconfirmed_vanished"] == [str(number) for number in range(21, 31)]


def test_what_was_removed_is_neither_removed_nor_doubted_again(run):
    run.save_results("5", *FIELD)
    for at in (LATER, AGAIN):
        run.save_results("5", *without(1), at=at)

    report = run.save_results("5", *without(1), at=AFTER_THAT)

    assert report.written == 0
    assert not {"removed", "unconfirmed_vanished"} & report.statistics.keys()


def test_an_athlete_without_a_status_can_vanish_too(run):
    run.save_results("5", *without(1), athlete(1, status=""))

    for at in (LATER, AGAIN):
        run.save_results("5", *without(1), at=at)

    assert removed(run) == [1]


def test_removed_rows_are_not_in_the_unified_view(run):
    run.save_results("5", *FIELD)
    for at in (LATER, AGAIN):
        run.save_results("5", *without(1), at=at)

    rows = run.query("SELECT source_provider, data_source, result_status, bib_number FROM unified_results")
    assert len(rows) == 39
    assert {(row["source_provider"], row["data_source"]) for row in rows} == {
        ("ChronoTrack Live", "chronotrack_live")
    }


# What comes between them ----------------------------------------------------------------------------


def test_a_reading_between_them_that_is_not_whole_neither_confirms_nor_forgets(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *without(1, 2, 3), at=LATER)

    between = run.save_results("5", *without(1, 2, 3), complete=False, at=AGAIN)
    assert (between.written, between.statistics["unconfirmed_vanished"]) == (0, ["1", "2", "3"])

    run.save_results("5", *without(1, 2, 3), at=AFTER_THAT)
    assert removed(run) == [1, 2, 3]


def test_whom_a_reading_between_them_has_is_not_doubted_any_more(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *without(1, 2), at=LATER)
    run.save_results("5", *FIELD[:1], complete=False, at=AGAIN)

    run.save_results("5", *without(1, 2), at=AFTER_THAT)

    assert removed(run) == [2]


def test_a_reading_that_failed_between_them_changes_nothing(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *without(1), at=LATER)
    failed = SyncReport(
        sync_type="results", timing_partner_id=1, status="failed", started=AGAIN, event_id=run.key("5")
    )
    run.store.note(run.partner, failed)

    run.save_results("5", *without(1), at=AFTER_THAT)

    assert removed(run) == [1]


def test_a_whole_reading_that_has_all_again_ends_the_doubt(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *without(1), at=LATER)
    run.save_results("5", *FIELD, at=AGAIN)

    report = run.save_results("5", *without(1), at=AFTER_THAT)

    assert report.statistics["unconfirmed_vanished"] == ["1"]
    assert removed(run) == []


def test_another_events_doubt_confirms_nothing(run):
    run.save_events(RUN, replace(RUN, provider_event_id="6", name="Harbour Walk"))
    run.save_results("5", *FIELD)
    run.save_results("6", *(athlete(number) for number in range(101, 141)))
    run.save_results("6", at=LATER)

    report = run.save_results("5", *without(1), at=LATER + timedelta(seconds=1))

    assert report.statistics["unconfirmed_vanished"] == ["1"]


def test_a_number_that_an_earlier_version_noted_confirms_nothing(run):
    run.save_results("5", *FIELD)
    noted = '{"complete": true, "unconfirmed_vanished": 1}'
    run.query(
        "UPDATE sync_history SET data_snapshot = %s WHERE sync_type = 'results' RETURNING 1 AS one", noted
    )

    report = run.save_results("5", *without(1), at=LATER)

    assert report.statistics["unconfirmed_vanished"] == ["1"]


# Rows that were set aside ---------------------------------------------------------------------------


def test_a_reading_with_rejected_rows_confirms_a_loss_as_well(run):
    run.save_results("5", *FIELD)
    rejected = [RowRejected("no id", kind="result", payload={"a": 1}, api_id=None)]
    run.save_results("5", *without(1, 2, 3), rejected=rejected, at=LATER)

    report = run.save_results("5", *without(1, 2, 3), rejected=rejected, at=AGAIN)

    assert report.statistics["removed"] == 3


@pytest.mark.parametrize("api_id", ["1", "\x001"])
def test_an_athlete_whose_row_was_set_aside_has_not_vanished(run, api_id):
    run.save_results("5", *FIELD)
    rejected = [RowRejected("unreadable", kind="result", payload={"a": 1}, api_id=api_id)]

    for at in (LATER, AGAIN):
        run.save_results("5", *without(1, 2), rejected=rejected, at=at)

    assert removed(run) == [2]


# An event of the past -------------------------------------------------------------------------------


def test_what_an_import_misses_of_a_collected_event_is_removed_by_the_next_one(run):
    run.save_results("5", *FIELD)

    first = run.save_past_event(RUN, [entry(1)], without(1), at=LATER)
    assert (first.statistics["unconfirmed_vanished"], removed(run)) == (["1"], [])
    assert run.store.imported_events(run.partner) == set()

    second = run.save_past_event(RUN, [entry(1)], without(1), at=AGAIN)
    assert (second.statistics["removed"], removed(run)) == (1, [1])
    assert run.store.imported_events(run.partner) == {"5"}


def test_what_the_last_collection_and_the_import_miss_is_removed(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *without(1), at=LATER)

    run.save_past_event(RUN, [entry(1)], without(1), at=AGAIN)

    assert removed(run) == [1]


def test_a_first_import_has_nothing_that_could_vanish(hub):
    report = hub.save_past_event(RUN, [entry(1)], FIELD)

    assert not {"removed", "unconfirmed_vanished"} & report.statistics.keys()
    assert hub.store.imported_events(hub.partner) == {"5"}


# The pipeline looks again ---------------------------------------------------------------------------


def test_a_reading_that_misses_few_is_repeated_at_once_and_both_are_accounted_for(run, provider, collect):
    provider.will_read(FIELD, without(1, 2), without(1, 2))
    collect()

    report = collect()

    assert removed(run) == [1, 2]
    assert report.statistics["unconfirmed_vanished"] == ["1", "2"]
    rows = run.query("SELECT * FROM sync_history WHERE sync_type = 'results' ORDER BY sync_history_id")
    assert [(row["status"], row["num_of_synced_records"]) for row in rows] == [
        ("completed", 40),
        ("completed", 0),
        ("completed", 2),
    ]
    assert [row["lateness_seconds"] is None for row in rows] == [False, False, True]


def test_an_athlete_who_is_there_again_when_one_looks_again_stays(run, provider, collect):
    provider.will_read(FIELD, without(1), FIELD)
    for _ in range(2):
        collect()

    assert (provider.unread, removed(run)) == (0, [])


def test_a_great_loss_waits_for_the_next_collection(run, provider, collect):
    provider.will_read(FIELD, without(1, 2, 3), without(1, 2, 3))
    collect()
    collect()
    assert (provider.unread, removed(run)) == (1, [])

    collect()
    assert removed(run) == [1, 2, 3]


def test_a_reading_that_misses_nobody_or_is_not_whole_is_not_repeated(run, provider, collect):
    provider.will_read(FIELD, FIELD, Snapshot(iter(without(1)), complete=False), FIELD)
    for _ in range(3):
        collect()

    assert provider.unread == 1


def test_a_second_look_that_fails_leaves_the_first_ones_report_and_rows(run, provider, collect):
    provider.will_read(FIELD, without(1), LookupError("a fault"))
    collect()

    report = collect()

    assert (report.status, removed(run)) == ("completed", [])
    rows = run.query("SELECT status FROM sync_history WHERE sync_type = 'results' ORDER BY sync_history_id")
    assert [row["status"] for row in rows] == ["completed", "completed", "failed"]


def test_an_import_that_misses_few_is_repeated_at_once_and_then_counts(run, provider, collect, import_it):
    provider.will_read(FIELD, without(1), without(1))
    collect()

    import_it()

    assert removed(run) == [1]
    assert run.store.imported_events(run.partner) == {"5"}
