"""Paging: which page is asked for, which rows it shows, and the four headers that describe it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from .errors import OversizeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .faults import Faults
    from .variants import Variant

T = TypeVar("T")

_DEFAULT_SIZE = 50
_OVERLAP = 3


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as it is at one instant: how many rows it has, and what renders a part of them as JSON."""

    row_count: int
    render: Callable[[slice], list[bytes]]

    @classmethod
    def of(cls, items: Sequence[T], render: Callable[[T], bytes]) -> Listing:
        """List `items`, each rendered by itself."""
        return cls(len(items), lambda part: [render(item) for item in items[part]])

    @classmethod
    def empty(cls) -> Listing:
        """List nothing."""
        return cls(0, lambda _: [])


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: its number, from 1, and its size in rows."""

    number: int
    size: int

    def headers(self, row_count: int) -> dict[str, str]:
        """Return the response headers for a list of `row_count` rows."""
        return {
            "X-Ctlive-Row-Count": str(row_count),
            "X-Ctlive-Page-Count": str(self.count(row_count)),
            "X-Ctlive-Page-Size": str(self.size),
            "X-Ctlive-Current-Page": str(self.number),
        }

    def count(self, row_count: int) -> int:
        """Return the number of pages of this size; 0 without rows."""
        return -(-row_count // self.size)


class Pager:
    """Turns pages as a variant has them, with the faults that paging may have."""

    def __init__(self, variant: Variant, faults: Faults) -> None:
        self._largest = variant.largest_size
        self._refuses = variant.oversize == "refuse"
        self._reads_query = variant.paging in ("both", "query")
        self._reads_headers = variant.paging in ("both", "headers")
        self._repeats_last = variant.beyond_end == "repeat"
        self._has_headers = variant.page_headers == "all"
        self._overlap = _OVERLAP if "overlapping" in faults.standing else 0
        self._doubles = "doubled" in faults.standing
        self._struck = faults.struck

    def asked(self, query: Mapping[str, str], headers: Mapping[str, str]) -> Page:
        """Read the page that a request asks for; the query wins, and what is no number counts as absent.

        Raises:
            OversizeError: the size is above the largest, and the variant does not clamp it.
        """
        query = query if self._reads_query else {}
        headers = headers if self._reads_headers else {}
        number = query.get("page") or headers.get("X-Ctlive-Page") or ""
        text = query.get("size") or headers.get("X-Ctlive-Per-Page") or ""
        size = max(1, int(text)) if text.isdecimal() else min(_DEFAULT_SIZE, self._largest)
        if size > self._largest and self._refuses:
            raise OversizeError(f"size is at most {self._largest}")
        return Page(max(1, int(number)) if number.isdecimal() else 1, min(size, self._largest))

    def turn(self, page: Page, listing: Listing, *, is_moved: bool) -> tuple[list[bytes], dict[str, str]]:
        """Return the rendered rows of a page, and the headers that announce the list.

        `is_moved`: a row before the second page has gone since the first was read.
        """
        page_count = page.count(listing.row_count)
        if self._repeats_last and page.number > page_count:
            page = replace(page, number=max(1, page_count))
        rows = listing.render(self._part(page, listing.row_count, is_moved=is_moved))
        if self._doubles and page.number == page_count:
            rows += listing.render(slice(page.size))
            self._struck["doubled"] += 1
        return rows, page.headers(listing.row_count) if self._has_headers else {}

    def _part(self, page: Page, row_count: int, *, is_moved: bool) -> slice:
        """Return the rows of the page among those of the list; a fault needs a page before it."""
        begin = (page.number - 1) * page.size
        overlap = 0
        if 0 < begin < row_count:
            if is_moved:
                begin += 1
                self._struck["moving"] += 1
            if self._overlap and begin < row_count:
                overlap = self._overlap
                self._struck["overlapping"] += 1
        return slice(max(0, begin - overlap), begin + page.size)
