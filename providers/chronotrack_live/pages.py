"""Reads a paged list to its end, and says whether the reading was whole.

The lists move while they are read: rows come, go and change their page. So a page may repeat rows, and
only the announced row counts tell whether all were seen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from providers import computing

AnswerT = TypeVar("AnswerT")

Row = dict[str, Any]

# Pages asked for ahead of the one that is read: bounds what is held in memory.
_AHEAD = 4
# So many announced pages in a row that add nothing new end a reading, too: the count is wrong.
_BARREN = 3
# No list is longer: a server that never ends must not be read for ever.
_LAST_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page, and what its headers announced of the whole list (None when they did not)."""

    rows: list[Row]
    row_count: int | None
    page_count: int | None


class Reading(Generic[AnswerT]):
    """One reading of a list: iterate it once for its rows without repeats, then ask `complete`.

    Stops after the last announced page and at an empty one; where none is announced, also at a page that
    adds nothing new, and else at the third of them in a row. Pages after the first are fetched side by side;
    those that nobody will read any more are not asked for.
    """

    def __init__(
        self,
        fetch: Callable[[int], AnswerT],
        decode: Callable[[AnswerT], Page],
        is_new: Callable[[Row], bool],
        workers: Executor,
    ) -> None:
        """Prepare the reading; nothing is asked yet.

        Args:
            fetch: asks for the page of that number, from 1.
            decode: reads the answer, only when its turn has come: a page of rows takes several times the
                memory of its text.
            is_new: told every row in order; whether it is not a repeat.
            workers: fetch the pages after the first.
        """
        self._fetch = fetch
        self._decode = decode
        self._is_new = is_new
        self._workers = workers
        self._announced: set[int | None] = set()
        self._previous: list[Row] = []
        # How many different rows were read.
        self.count = 0
        self._ended = False

    @property
    def complete(self) -> bool | None:
        """Whether every page announced one row count, and so many different rows were read.

        None when the list was read to its end and no page announced anything.
        """
        if self._ended and self._announced == {None}:
            return None
        return self._ended and self._announced == {self.count}

    def __iter__(self) -> Iterator[Row]:
        under_way: deque[Future[AnswerT]] = deque()
        next_page, last_page = 1, 1
        barren = 0
        try:
            while next_page <= last_page or under_way:
                while next_page <= min(last_page, _LAST_PAGE) and len(under_way) < _AHEAD:
                    under_way.append(self._ask_for(next_page))
                    next_page += 1
                if not under_way:
                    return
                answer = under_way.popleft().result()
                with computing.turn:
                    page_count, fresh = self._take_in(answer)
                if fresh is None:
                    break
                self.count += len(fresh)
                barren = 0 if fresh else barren + 1
                if page_count is not None:
                    last_page = page_count
                elif fresh:
                    last_page = next_page
                yield from fresh
                # Many lists wait for their next page at once: none holds on to the one before.
                del answer, fresh
                if barren == _BARREN:
                    return
            self._ended = True
        finally:
            for future in under_way:
                future.cancel()

    def _take_in(self, answer: AnswerT) -> tuple[int | None, list[Row] | None]:
        """Return how many pages there are, and the new rows of this one; None where the list has ended."""
        page = self._decode(answer)
        self._announced.add(page.row_count)
        if not page.rows:
            return page.page_count, None
        if page.page_count is None:
            if page.rows == self._previous:
                # The last page once more. Its rows without an id would all look new.
                return None, None
            self._previous = page.rows
        else:
            self._previous = []
        return page.page_count, [row for row in page.rows if self._is_new(row)]

    def _ask_for(self, number: int) -> Future[AnswerT]:
        if number > 1:
            return self._workers.submit(copy_context().run, self._fetch, number)
        # In the caller's own thread: a list of one page never waits behind the pages of slow ones.
        first: Future[AnswerT] = Future()
        first.set_result(self._fetch(1))
        return first
