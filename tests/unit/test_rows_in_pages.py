"""From pages of rows to results, however they are dealt: nobody twice, and a true word on who is missing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from providers.chronotrack_live.assembly import ResultAssembly
from providers.chronotrack_live.pages import Page, Reading
from providers.chronotrack_live.places import Places
from tests.unit.result_rows import assembled, full, split

athletes = st.lists(
    st.tuples(
        st.sampled_from(["51", "52"]),
        st.booleans(),
        st.booleans(),
        st.sets(st.integers(0, 4), min_size=1),
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture(scope="module")
def workers():
    with ThreadPoolExecutor(4) as pool:
        yield pool


def rows_of(athletes):
    """Return the rows of athletes: their race, whether they have entry id and bib, and their intervals."""
    rows = []
    for number, (race_id, has_id, has_bib, intervals) in enumerate(athletes):
        entry = str(1000 + number) if has_id else ""
        # Every bib is worn by two, often in different races.
        who = {"race_id": race_id, "bib": str(number // 2) if has_bib else "", "last_name": f"No {number}"}
        rows += [
            split(str(900 + interval), f"{interval * 5}:00", entry, **who)
            if interval
            else full(entry, rank=str(number + 1), **who)
            for interval in sorted(intervals)
        ]
    return rows


@given(athletes, st.data())
def test_results_are_those_of_the_rows_that_were_served_and_whole_when_none_was_lost(workers, athletes, data):
    rows = rows_of(athletes)
    lost = data.draw(st.sets(st.sampled_from(range(len(rows))), max_size=2), "lost")
    kept = [number for number in range(len(rows)) if number not in lost]
    again = data.draw(st.lists(st.sampled_from(kept), max_size=12) if kept else st.just([]), "again")
    served = data.draw(st.permutations(kept + again), "served")
    size = data.draw(st.integers(1, 7), "size")
    pages = [served[begin : begin + size] for begin in range(0, len(served), size)]
    # A list of which three pages in a row add nothing new is left.
    met = [set(chain.from_iterable(pages[:at])) for at in range(len(pages))]
    assume(not any(set(chain.from_iterable(pages[at : at + 3])) <= met[at] for at in range(1, len(pages))))

    def page(number):
        of_page = pages[number - 1] if number <= len(pages) else []
        return Page([dict(rows[row]) for row in of_page], len(rows), len(pages))

    assembly = ResultAssembly("5")
    reading = Reading(page, lambda it: it, assembly.is_new, workers)
    found = [row["results_interval_id"] for row in reading]
    results = {result.provider_result_id: result for result in assembly.results(Places(), Places())}

    assert len(found) == len(kept)
    assert results == assembled([rows[number] for number in kept])[0]
    assert reading.complete is (not lost)
    assert assembly.rejected == []
