"""Which page a request means, and which rows it shows."""

import pytest

from providers.chronotrack_live.simulator.errors import OversizeError
from providers.chronotrack_live.simulator.faults import Faults
from providers.chronotrack_live.simulator.paging import Listing, Page, Pager
from providers.chronotrack_live.simulator.variants import Variant

IN_QUERY, IN_HEADERS = {"page": "3", "size": "20"}, {"X-Ctlive-Page": "2", "X-Ctlive-Per-Page": "10"}
TEN = Listing.of(range(1, 11), lambda number: b"%d" % number)


def pager(*faults, **variant):
    return Pager(Variant(**variant), Faults.read(faults))


def pages(some_pager, size=4, numbers=(1, 2, 3, 4), is_moved=False):
    """The rows of each page of a list of ten, as numbers."""
    turned = (some_pager.turn(Page(number, size), TEN, is_moved=is_moved) for number in numbers)
    return [[int(row) for row in rows] for rows, _ in turned]


@pytest.mark.parametrize(
    ("query", "headers", "page"),
    [
        ({}, {}, Page(1, 50)),
        ({"page": "3", "size": "200"}, {}, Page(3, 200)),
        ({}, {"X-Ctlive-Page": "2", "X-Ctlive-Per-Page": "10"}, Page(2, 10)),
        ({"page": "3"}, {"X-Ctlive-Page": "2", "X-Ctlive-Per-Page": "10"}, Page(3, 10)),
        ({"size": "5000"}, {}, Page(1, 1000)),
        ({"per_page": "10", "results_per_page": "10"}, {}, Page(1, 50)),
        ({"page": "0", "size": "0"}, {}, Page(1, 1)),
        ({"page": "-1", "size": "many"}, {}, Page(1, 50)),
        ({"page": "²"}, {}, Page(1, 50)),
    ],
)
def test_the_query_wins_over_the_headers_and_both_over_the_defaults(query, headers, page):
    assert pager().asked(query, headers) == page


@pytest.mark.parametrize(
    ("paging", "page"), [("both", Page(3, 20)), ("query", Page(3, 20)), ("headers", Page(2, 10))]
)
def test_a_variant_decides_whether_query_or_headers_are_read(paging, page):
    assert pager(paging=paging).asked(IN_QUERY, IN_HEADERS) == page


def test_what_a_variant_does_not_read_is_as_if_it_were_absent():
    assert pager(paging="query").asked({}, IN_HEADERS) == Page(1, 50)
    assert pager(paging="headers").asked(IN_QUERY, {}) == Page(1, 50)


def test_a_size_above_the_largest_is_cut_or_refused():
    assert pager(largest_size=20).asked({"size": "21"}, {}) == Page(1, 20)
    assert pager(largest_size=20).asked({}, {}) == Page(1, 20)
    refusing = pager(largest_size=20, oversize="refuse")
    assert refusing.asked({"size": "20"}, {}) == refusing.asked({}, {}) == Page(1, 20)
    with pytest.raises(OversizeError, match="20"):
        refusing.asked({"size": "21"}, {})


@pytest.mark.parametrize(("rows", "pages"), [(0, 0), (1, 1), (50, 1), (51, 2)])
def test_the_headers_describe_the_list(rows, pages):
    assert Page(1, 50).headers(rows) == {
        "X-Ctlive-Row-Count": str(rows),
        "X-Ctlive-Page-Count": str(pages),
        "X-Ctlive-Page-Size": "50",
        "X-Ctlive-Current-Page": "1",
    }


def test_a_page_beyond_the_end_is_empty():
    assert pages(pager()) == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10], []]


def test_or_it_repeats_the_last_page_and_says_so():
    repeating = pager(beyond_end="repeat")
    assert pages(repeating, numbers=(3, 4, 99)) == [[9, 10]] * 3
    assert repeating.turn(Page(99, 4), TEN, is_moved=False)[1]["X-Ctlive-Current-Page"] == "3"
    assert repeating.turn(Page(2, 4), Listing.empty(), is_moved=False)[0] == []


def test_a_moved_list_shows_one_row_never_and_counts_it_still():
    assert pages(pager(), is_moved=True) == [[1, 2, 3, 4], [6, 7, 8, 9], [10], []]
    assert pager().turn(Page(2, 4), TEN, is_moved=True)[1]["X-Ctlive-Row-Count"] == "10"


def test_overlapping_pages_begin_with_three_rows_of_the_page_before():
    assert pages(pager("overlapping")) == [[1, 2, 3, 4], [2, 3, 4, 5, 6, 7, 8], [6, 7, 8, 9, 10], []]
    assert pages(pager("overlapping"), size=2, numbers=(1, 2, 3)) == [[1, 2], [1, 2, 3, 4], [2, 3, 4, 5, 6]]
    assert pages(pager("overlapping"), size=5, numbers=(2, 3)) == [[3, 4, 5, 6, 7, 8, 9, 10], []]


def test_a_doubled_list_ends_with_its_first_page():
    assert pages(pager("doubled")) == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 1, 2, 3, 4], []]
    assert pages(pager("doubled"), size=10, numbers=(1,)) == [[*range(1, 11)] * 2]
    assert pager("doubled").turn(Page(1, 4), Listing.empty(), is_moved=False)[0] == []
