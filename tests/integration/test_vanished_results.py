"""Results that vanish from the API: marked when it is certain, and never deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from providers.errors import RowRejected
from tests.integration.builders import FIELD, LATER, RUN, athlete, naive, statuses


def test_an_incomplete_poll_never_removes(run):
    run.save_results("5", *FIELD)

    report = run.save_results("5", *FIELD[:5], complete=False, at=LATER)

    assert set(statuses(run).values()) == {"finished"}
    assert (report.written, report.status) == (0, "partial")


def test_a_complete_poll_marks_what_vanished_and_deletes_nothing(run):
    run.save_results("5", *FIELD)

    report = run.save_results("5", *FIELD[2:], at=LATER)

    assert [number for number, status in statuses(run).items() if status == "removed"] == [1, 2]
    assert len(statuses(run)) == 40
    assert (report.written, report.statistics["removed"]) == (2, 2)
    assert run.query("SELECT DISTINCT api_fetched_date FROM ct_results WHERE result_status = 'removed'") == [
        {"api_fetched_date": naive(LATER)}
    ]


def test_what_was_removed_is_not_removed_again(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *FIELD[2:], at=LATER)

    report = run.save_results("5", *FIELD[2:], at=LATER + timedelta(seconds=90))

    assert (report.written, "removed" in report.statistics) == (0, False)


def test_a_removed_athlete_who_reappears_comes_back(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *FIELD[1:], at=LATER)

    report = run.save_results("5", *FIELD, at=LATER + timedelta(seconds=90))

    assert set(statuses(run).values()) == {"finished"}
    assert report.written == 1


def test_more_than_a_twentieth_is_removed_only_after_a_second_complete_poll(run):
    run.save_results("5", *FIELD)

    first = run.save_results("5", *FIELD[3:], at=LATER)
    assert (first.written, first.statistics["unconfirmed_vanished"]) == (0, 3)
    assert set(statuses(run).values()) == {"finished"}

    second = run.save_results("5", *FIELD[3:], at=LATER + timedelta(seconds=90))
    assert (second.written, second.statistics["removed"]) == (3, 3)
    assert sorted(number for number, status in statuses(run).items() if status == "removed") == [1, 2, 3]


def test_an_incomplete_poll_between_them_neither_confirms_nor_forgets(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *FIELD[3:], at=LATER)

    between = run.save_results("5", *FIELD[3:], complete=False, at=LATER + timedelta(seconds=90))
    assert between.written == 0

    third = run.save_results("5", *FIELD[3:], at=LATER + timedelta(seconds=180))
    assert third.statistics["removed"] == 3


def test_a_complete_poll_that_sees_all_again_ends_the_doubt(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *FIELD[3:], at=LATER)
    run.save_results("5", *FIELD, at=LATER + timedelta(seconds=90))

    report = run.save_results("5", *FIELD[3:], at=LATER + timedelta(seconds=180))

    assert report.statistics["unconfirmed_vanished"] == 3
    assert set(statuses(run).values()) == {"finished"}


def test_another_events_doubt_confirms_nothing(run):
    run.save_events(RUN, replace(RUN, provider_event_id="6", name="Harbour Walk"))
    run.save_results("5", *FIELD)
    others = [athlete(number) for number in range(101, 141)]
    run.save_results("6", *others)
    run.save_results("6", at=LATER)

    report = run.save_results("5", *FIELD[3:], at=LATER + timedelta(seconds=1))

    assert report.statistics["unconfirmed_vanished"] == 3


def test_newcomers_make_a_great_loss_no_smaller(run):
    run.save_results("5", *FIELD)
    newcomers = [athlete(number) for number in range(41, 101)]

    report = run.save_results("5", *FIELD[3:], *newcomers, at=LATER)

    assert report.statistics["unconfirmed_vanished"] == 3


def test_a_poll_with_rejected_rows_confirms_a_loss_as_well(run):
    run.save_results("5", *FIELD)
    rejected = [RowRejected("no id", kind="result", payload={"a": 1}, api_id=None)]
    run.save_results("5", *FIELD[3:], rejected=rejected, at=LATER)

    report = run.save_results("5", *FIELD[3:], rejected=rejected, at=LATER + timedelta(seconds=90))

    assert report.statistics["removed"] == 3


def test_an_athlete_whose_row_was_set_aside_has_not_vanished(run):
    run.save_results("5", *FIELD)
    rejected = [RowRejected("unreadable", kind="result", payload={"a": 1}, api_id="1")]

    report = run.save_results("5", *FIELD[2:], rejected=rejected, at=LATER)

    assert [number for number, status in statuses(run).items() if status == "removed"] == [2]
    assert report.statistics["removed"] == 1


def test_an_athlete_without_a_status_can_vanish_too(run):
    run.save_results("5", *FIELD[1:], athlete(1, status=""))

    run.save_results("5", *FIELD[1:], at=LATER)

    assert statuses(run)[1] == "removed"


def test_removed_rows_are_not_in_the_unified_view(run):
    run.save_results("5", *FIELD)
    run.save_results("5", *FIELD[1:], at=LATER)

    rows = run.query("SELECT source_provider, data_source, result_status, bib_number FROM unified_results")
    assert len(rows) == 39
    assert {(row["source_provider"], row["data_source"]) for row in rows} == {
        ("ChronoTrack Live", "chronotrack_live")
    }
