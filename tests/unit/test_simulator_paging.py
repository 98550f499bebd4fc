"""Which page a request means."""

import pytest

from providers.chronotrack_live.simulator.paging import Page


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
    assert Page.asked(query, headers) == page


@pytest.mark.parametrize(("rows", "pages"), [(0, 0), (1, 1), (50, 1), (51, 2)])
def test_the_headers_describe_the_list(rows, pages):
    assert Page(1, 50).headers(rows) == {
        "X-Ctlive-Row-Count": str(rows),
        "X-Ctlive-Page-Count": str(pages),
        "X-Ctlive-Page-Size": "50",
        "X-Ctlive-Current-Page": "1",
    }
