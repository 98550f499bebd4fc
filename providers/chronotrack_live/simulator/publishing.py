"""Publishing: an event's results, as JSON, at any instant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .errors import ApiError
from .fragments import ResultFragments
from .paging import Listing
from .results import ResultBook, Scope

if TYPE_CHECKING:
    from datetime import datetime

    from .variants import Variant
    from .world import Event

_MOST_COLUMN_SETS = 4


class Publisher:
    """Keeps an event's rows, rendered once with all columns and again for the sets that are asked for."""

    def __init__(self, event: Event, variant: Variant) -> None:
        self._event = event
        self._variant = variant
        self._book = ResultBook(event)
        self._whole = ResultFragments(event, self._book.rows, None, variant)
        self._whole.prepare()
        self._narrow: dict[frozenset[str], ResultFragments] = {}

    def listing(self, scope: Scope, columns: frozenset[str], at: datetime) -> Listing:
        """Return the list of a scope's rows at an instant; no columns are all columns.

        Raises:
            ApiError: the variant refuses the scope's bracket.
        """
        understood = self._understood(scope) if scope.has_keyword else scope
        if understood is None:
            return Listing.empty()
        return self._listing(understood, self._fragments(columns), at)

    def _listing(self, scope: Scope, fragments: ResultFragments, at: datetime) -> Listing:
        published = self._book.published(scope, at)

        def render(part: slice) -> list[bytes]:
            numbers = published[part]
            ranks, brackets = self._book.ranks(scope, numbers, at), self._book.brackets(scope, numbers)
            return fragments.render(numbers.tolist(), ranks, brackets)

        return Listing(len(published), render)

    def _understood(self, scope: Scope) -> Scope | None:
        """Return what the variant makes of a scope with a bracket keyword; None for an empty list."""
        match self._variant.bracket_keywords:
            case "ignored":
                return replace(scope, bracket="")
            case "refused":
                raise ApiError("bracket is not a bracket of this event")
            case "empty":
                return None
            case "first_race" if scope.parent == "event":
                return replace(scope, parent="race", parent_id=self._event.races[0].race_id)
        return scope

    def _fragments(self, columns: frozenset[str]) -> ResultFragments:
        if not columns or self._variant.columns == "ignored":
            return self._whole
        if columns not in self._narrow:
            if len(self._narrow) >= _MOST_COLUMN_SETS:
                del self._narrow[next(iter(self._narrow))]
            self._narrow[columns] = ResultFragments(self._event, self._book.rows, columns, self._variant)
        return self._narrow[columns]
