"""Publishing: pages of an event's results, as JSON, at any instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fragments import ResultFragments
from .results import ResultBook, Scope

if TYPE_CHECKING:
    from datetime import datetime

    from .paging import Page
    from .world import Event

_MOST_COLUMN_SETS = 4


class Publisher:
    """Keeps an event's rows, rendered once with all columns and again for the sets that are asked for."""

    def __init__(self, event: Event) -> None:
        self._event = event
        self._book = ResultBook(event)
        self._whole = ResultFragments(event, self._book.rows, None)
        self._whole.prepare()
        self._narrow: dict[frozenset[str], ResultFragments] = {}

    def page(
        self, scope: Scope, columns: frozenset[str], page: Page, at: datetime
    ) -> tuple[list[bytes], int]:
        """Return the rendered rows of a page, and how many rows the list has; no columns are all columns."""
        published = self._book.published(scope, at)
        numbers = published[page.rows]
        ranks, brackets = self._book.ranks(scope, numbers, at), self._book.brackets(scope, numbers)
        rendered = self._fragments(columns).render(numbers.tolist(), ranks, brackets)
        return rendered, len(published)

    def _fragments(self, columns: frozenset[str]) -> ResultFragments:
        if not columns:
            return self._whole
        if columns not in self._narrow:
            if len(self._narrow) >= _MOST_COLUMN_SETS:
                del self._narrow[next(iter(self._narrow))]
            self._narrow[columns] = ResultFragments(self._event, self._book.rows, columns)
        return self._narrow[columns]
