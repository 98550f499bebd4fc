"""Reading a paged list: every row exactly once, and an honest word on whether it was whole."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from providers import statistics
from providers.chronotrack_live.pages import Page, Reading
from providers.errors import ServerFailed


@pytest.fixture(scope="module")
def workers():
    with ThreadPoolExecutor(4) as pool:
        yield pool


class Listing:
    """A served list: its pages of row ids, and what the headers of each announce."""

    def __init__(self, pages, row_counts, page_count=None):
        self.pages = pages
        self.row_counts = row_counts
        self.page_count = page_count
        self.asked = []
        self._lock = threading.Lock()

    def page(self, number):
        with self._lock:
            self.asked.append(number)
        rows = self.pages[number - 1] if number <= len(self.pages) else []
        counts = self.row_counts
        row_count = (
            counts if counts is None or isinstance(counts, int) else counts[min(number, len(counts)) - 1]
        )
        return Page([{"id": row} for row in rows], row_count, self.page_count)


def as_it_is(page):
    return page


class Judge:
    """Tells new rows from repeats, and counts how often it is asked."""

    def __init__(self):
        self.judged = []

    def __call__(self, row):
        new = row["id"] is None or row["id"] not in self.judged
        self.judged.append(row["id"])
        return new


def read(listing, workers, judge=None):
    reading = Reading(listing.page, as_it_is, judge or Judge(), workers)
    return [row["id"] for row in reading], reading.complete


def in_pages(rows, size):
    return [rows[start : start + size] for start in range(0, len(rows), size)]


@given(st.integers(0, 200), st.integers(1, 60), st.booleans())
def test_any_list_in_any_page_size_is_read_whole(workers, length, size, announced):
    pages = in_pages(list(range(length)), size)
    listing = Listing(pages, length, len(pages) if announced else None)

    assert read(listing, workers) == (list(range(length)), True)
    assert max(listing.asked) <= max(1, len(pages) + (not announced))


def until_barren(pages):
    """Return the pages that are read: up to the third in a row that adds nothing new."""
    seen, barren, taken = set(), 0, []
    for page in pages:
        taken.append(page)
        barren = barren + 1 if set(page) <= seen else 0
        seen |= set(page)
        if barren == 3:
            break
    return taken


ids = st.integers(0, 30)
row_pages = st.lists(st.lists(ids, min_size=1, max_size=8), max_size=12)


@given(row_pages, st.one_of(st.none(), st.integers(0, 40)))
def test_repeated_and_overlapping_rows_come_once(workers, pages, row_count):
    listing = Listing(pages, row_count, len(pages))
    served = until_barren(pages)
    distinct = list(dict.fromkeys(row for page in served for row in page))

    whole = None if row_count is None else row_count == len(distinct)
    found, complete = read(listing, workers)
    assert found == distinct
    # Left at the last page but for its emptiness, or before: nobody can say that it was whole.
    assert complete == (whole if until_barren([*pages, [99]])[-1] == [99] else False)


def test_announced_pages_that_add_nothing_new_are_left_at_the_third_in_a_row(workers):
    listing = Listing([[1, 2], [3], *[[1, 2]] * 200], 3, page_count=100_000)
    found, complete = read(listing, workers)
    assert (found, complete) == ([1, 2, 3], False)
    assert len(listing.asked) <= 5 + 4


@given(row_pages)
def test_without_headers_rows_come_once_up_to_a_page_of_repeats_and_nobody_knows_whether_all_came(
    workers, pages
):
    seen: dict[int, None] = {}
    for page in pages:
        if set(page) <= set(seen):
            break
        seen |= dict.fromkeys(page)

    assert read(Listing(pages, None), workers) == (list(seen), None)


@given(row_pages.filter(bool), st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=1, max_size=12))
def test_pages_that_announce_different_counts_are_no_whole_list(workers, pages, row_counts):
    assume(until_barren([*pages, [99]])[-1] == [99])
    listing = Listing(pages, row_counts, len(pages))
    distinct, complete = read(listing, workers)

    # Beyond the last given one, each page announces the same as the one before.
    announced = {row_counts[min(page, len(row_counts) - 1)] for page in range(len(pages))}
    assert complete is (None if announced == {None} else announced == {len(distinct)})


def test_a_page_beyond_the_end_ends_the_reading(workers):
    listing = Listing([[1, 2], [3]], 3, page_count=1_000_000)
    assert read(listing, workers) == ([1, 2, 3], True)
    assert max(listing.asked) <= 3 + 4


def test_an_empty_list_is_whole_when_it_is_announced_as_empty(workers):
    assert read(Listing([], 0, 0), workers) == ([], True)
    assert read(Listing([], None), workers) == ([], None)
    assert read(Listing([], 5, 1), workers) == ([], False)


def test_a_server_that_repeats_its_last_page_is_left_even_when_its_rows_have_no_id(workers):
    class Endless(Listing):
        def page(self, number):
            return super().page(min(number, 2))

    listing = Endless([[1, 2], [3, None]], None)
    found, complete = read(listing, workers)
    assert (found, complete) == ([1, 2, 3, None], None)
    assert listing.asked == [1, 2, 2]


@pytest.mark.parametrize("page_count", [None, 10**9])
def test_a_server_that_never_ends_is_left_at_the_cap(workers, page_count):
    reading = Reading(
        lambda number: Page([{"id": number}], None, page_count), as_it_is, lambda _: True, workers
    )
    assert sum(1 for _ in reading) == 10_000
    assert not reading.complete


def test_a_list_that_grows_while_it_is_read_is_read_to_its_new_end(workers):
    def page(number):
        # The first page still announces two pages, the later ones three.
        return Page([{"id": number}], 3, 2 if number == 1 else 3)

    reading = Reading(page, as_it_is, Judge(), workers)
    assert [row["id"] for row in reading] == [1, 2, 3]
    assert reading.complete


def test_a_list_that_shrinks_while_it_is_read_ends_at_its_new_end(workers):
    asked = []

    def page(number):
        asked.append(number)
        return Page([{"id": number}] if number < 3 else [], 2 if number > 1 else 3, 9 if number == 1 else 2)

    reading = Reading(page, as_it_is, Judge(), workers)
    assert [row["id"] for row in reading] == [1, 2]
    assert not reading.complete
    assert max(asked) <= 1 + 4


@given(row_pages)
def test_every_row_is_judged_once_and_in_order(workers, pages):
    judge = Judge()
    read(Listing(pages, None, len(pages)), workers, judge)
    assert judge.judged == [row for page in until_barren(pages) for row in page]


def test_every_page_is_asked_for_once(workers):
    listing = Listing(in_pages(list(range(100)), 7), 100, 15)
    read(listing, workers)
    assert Counter(listing.asked) == Counter(range(1, 16))


def test_an_error_in_a_later_page_ends_the_reading_after_the_rows_before_it(workers):
    asked = []

    def page(number):
        asked.append(number)
        if number == 3:
            raise ServerFailed("broken")
        return Page([{"id": number}], 1_000, 1_000)

    found = []
    reading = Reading(page, as_it_is, Judge(), workers)
    with pytest.raises(ServerFailed, match="broken"):
        found.extend(row["id"] for row in reading)

    assert not reading.complete
    assert max(asked) <= 3 + 4


def test_an_error_takes_back_the_pages_that_nobody_has_begun_to_fetch():
    asked, seen = [], threading.Event()

    def page(number):
        asked.append(number)
        if number == 2:
            raise ServerFailed("broken")
        if number == 3:
            assert seen.wait(30)
        return Page([{"id": number}], 1_000, 1_000)

    with ThreadPoolExecutor(1) as one_worker:
        with pytest.raises(ServerFailed):
            list(Reading(page, as_it_is, Judge(), one_worker))
        seen.set()
    assert asked in ([1, 2], [1, 2, 3])


def test_a_reading_that_is_left_within_its_only_page_is_not_whole(workers):
    reading = Reading(Listing([[1, 2]], 2, 1).page, as_it_is, Judge(), workers)
    rows = iter(reading)
    next(rows)
    rows.close()
    assert not reading.complete


def test_a_reading_that_is_left_early_is_not_whole_and_asks_no_further(workers):
    listing = Listing(in_pages(list(range(1_000)), 10), 1_000, 100)
    reading = Reading(listing.page, as_it_is, Judge(), workers)
    rows = iter(reading)
    next(rows)
    rows.close()
    assert not reading.complete
    assert max(listing.asked) <= 1 + 4


def test_pages_fetched_by_other_threads_count_for_the_operation_that_reads(workers):
    def page(number):
        statistics.current().count_rows(10)
        return Page([{"id": number}], 6, 6)

    with statistics.measured() as counted:
        for _ in Reading(page, as_it_is, Judge(), workers):
            pass
    assert counted.rows_read == 60
