"""What is said of each event, in the words of the summary and the report."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backfill.outcome import End, Outcome, advice_for
from backfill.plan import Skip
from providers import errors
from providers.accounts import SyncReport
from providers.errors import (
    CollectedElsewhere,
    DuplicateEvent,
    EventArchived,
    IntegrationError,
    NotFound,
    RowRejected,
    SkipThis,
)
from providers.records import ProviderEvent

EVENT = ProviderEvent(
    provider_event_id="5", name="Harbour Run", start_time=datetime(2025, 6, 1, 7, tzinfo=UTC)
)


def report(**fields):
    given = {
        "sync_type": "backfill",
        "timing_partner_id": 1,
        "status": "completed",
        "started": datetime(2026, 1, 1, tzinfo=UTC),
        "statistics": {"participants": 1_200, "results": 1_100, "complete": True, "requests": 9},
        "written": 2_301,
    }
    return SyncReport(**(given | fields))


def of(**fields):
    return Outcome.of_report(EVENT, report(**fields))


def test_an_import_is_told_with_what_it_brought():
    assert of().line == (
        "2025-06-01 Harbour Run (5): imported, 1,200 entries, 1,100 results, 2,301 rows written"
    )
    assert of(status="partial", rejected=3).line.endswith("2,301 rows written, 3 set aside")


@pytest.mark.parametrize(
    "noted", [{"complete": False}, {"unsure": ["status"]}, {"unconfirmed_vanished": ["7"]}], ids=str
)
def test_an_import_that_is_not_whole_says_that_it_is_asked_for_again(noted):
    statistics = {"participants": 1, "results": 1, "complete": True} | noted

    assert of(status="partial", statistics=statistics).end is End.IN_PART
    assert "the next run asks again" in of(status="partial", statistics=statistics).line


@pytest.mark.parametrize(
    ("reason", "skip"),
    [
        (DuplicateEvent("TCP delivered it."), Skip.DUPLICATE),
        (EventArchived("locked"), Skip.ARCHIVED),
        (NotFound("gone"), Skip.NOT_FOUND),
        (CollectedElsewhere("busy"), Skip.ELSEWHERE),
        (SkipThis("imported meanwhile"), Skip.OTHERWISE),
    ],
    ids=lambda value: str(value),
)
def test_an_event_that_is_left_out_has_its_reason(reason, skip):
    outcome = of(status="skipped", error=reason)

    assert (outcome.end, outcome.skip) == (End.SKIPPED, skip)
    assert outcome.line == f"2025-06-01 Harbour Run (5): skipped, {skip}: {reason}"


def test_an_operation_that_was_interrupted_is_neither_skipped_nor_failed():
    assert of(status="skipped").end is End.INTERRUPTED


def family(error):
    return [error, *(kin for child in error.__subclasses__() for kin in family(child))]


@pytest.mark.parametrize(
    "kind",
    [
        e
        for e in family(IntegrationError)
        if e.__module__ == errors.__name__ and not issubclass(e, RowRejected)
    ],
    ids=lambda kind: kind.__name__,
)
def test_whatever_fails_there_is_something_to_do_about_it(kind):
    outcome = of(status="failed", error=kind("It did not work."))

    assert "It did not work." in outcome.line
    assert outcome.end is (End.SKIPPED if issubclass(kind, SkipThis) else End.FAILED)
    assert advice_for(kind("x")).endswith(".")
