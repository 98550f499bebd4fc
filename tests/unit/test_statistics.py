"""What an operation cost: counted where it happens, for the operation that is running."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from providers import statistics


def test_everything_counted_within_belongs_to_the_operation():
    with statistics.measured() as counted:
        statistics.current().count_request(0.5)
        statistics.current().count_bytes(100)
        statistics.current().count_request(0.25)
        statistics.current().count_bytes(50)
        statistics.current().count_rows(7)
        statistics.current().count_wait(0.25)
        statistics.current().count_wait(0.5004)
        statistics.current().count_retry("server_error")
        statistics.current().count_retry("server_error")
        statistics.current().count_retry("unreachable")
        statistics.current().count_error("server_error")

    assert counted.as_dict() == {
        "requests": 2,
        "bytes_read": 150,
        "rows_read": 7,
        "waited_seconds": 0.75,
        "answering_seconds": 0.75,
        "errors": {"server_error": 1},
        "retries": {"server_error": 2, "unreachable": 1},
    }


def test_counts_outside_an_operation_go_nowhere():
    statistics.current().count_rows(5)
    with statistics.measured() as counted:
        pass
    statistics.current().count_rows(5)
    assert counted.rows_read == 0


def test_an_operation_within_another_counts_for_itself():
    with statistics.measured() as outer:
        statistics.current().count_rows(1)
        with statistics.measured() as inner:
            statistics.current().count_rows(10)
        statistics.current().count_rows(2)
    assert (outer.rows_read, inner.rows_read) == (3, 10)


def test_an_operation_that_fails_does_not_count_on():
    with pytest.raises(RuntimeError), statistics.measured() as failed:
        raise RuntimeError
    statistics.current().count_rows(1)
    assert failed.rows_read == 0


def test_threads_that_are_given_the_context_count_together():
    def count():
        for _ in range(200):
            statistics.current().count_request(0.1)
            statistics.current().count_bytes(1)
            statistics.current().count_retry("retry")

    with statistics.measured() as counted, ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(copy_context().run, count) for _ in range(4)]:
            done.result()
    assert (counted.requests, counted.bytes_read, counted.retries["retry"]) == (800, 800, 800)
