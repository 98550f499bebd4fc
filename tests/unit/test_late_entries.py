"""Whoever is entered while an event is read is no test entry, however long its places take."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog

from providers.chronotrack_live.event_memory import EventMemory
from providers.chronotrack_live.pages import Page, Reading
from providers.chronotrack_live.results import ResultsPoll
from tests.unit.result_rows import full


class SlowPlaces:
    """Lists of an event of which bib 7 is entered before the places have been told."""

    def __init__(self, workers):
        self._workers = workers
        self._asked_for_tests = threading.Event()
        self._entered = threading.Event()

    def listing(self, path, wrapper, is_new, **parameters):
        def fetch(_):
            if path.endswith("/entry"):
                return self._entries(with_tests=parameters["include_test_entries"] == "true")
            if "bracket" in parameters:
                # Late, that is: after all that is asked beside it.
                self._asked_for_tests.wait(10)
                self._entered.set()
            runners = [full("1", rank="1", bib="1"), full("", rank="2", bib="7")]
            return runners if path.endswith("/results") else []

        def decode(rows):
            return Page(rows, len(rows), 1)

        return Reading(fetch, decode, is_new, self._workers)

    def _entries(self, *, with_tests):
        first = {"entry_id": "1", "race_id": "51", "entry_bib": "1", "entry_status": "CONF"}
        late = {"entry_id": "2", "race_id": "51", "entry_bib": "7", "entry_status": "CONF"}
        listed = [first, late] if self._entered.is_set() else [first]
        if with_tests:
            self._asked_for_tests.set()
        return listed


@pytest.fixture
def workers():
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_an_athlete_who_is_entered_while_the_places_are_read_keeps_the_result(workers):
    snapshot = ResultsPoll(SlowPlaces(workers), structlog.get_logger(), "5", EventMemory()).read()

    assert sorted(result.bib for result in snapshot.records) == ["1", "7"]
