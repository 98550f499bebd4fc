"""Paging: which page is asked for, and the four headers that describe it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_SIZE = 50
_LARGEST_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: its number, from 1, and its size in rows."""

    number: int
    size: int

    @classmethod
    def asked(cls, query: Mapping[str, str], headers: Mapping[str, str]) -> Page:
        """Read the page that a request asks for; the query wins, and what is no number counts as absent.

        A size above 1000 is taken as 1000.
        """
        number = query.get("page") or headers.get("X-Ctlive-Page") or ""
        size = query.get("size") or headers.get("X-Ctlive-Per-Page") or ""
        return cls(
            number=max(1, int(number)) if number.isdecimal() else 1,
            size=min(max(1, int(size)), _LARGEST_SIZE) if size.isdecimal() else _DEFAULT_SIZE,
        )

    @property
    def rows(self) -> slice:
        """The rows of the page among those of the list."""
        return slice((self.number - 1) * self.size, self.number * self.size)

    def headers(self, row_count: int) -> dict[str, str]:
        """Return the response headers for a list of `row_count` rows."""
        return {
            "X-Ctlive-Row-Count": str(row_count),
            "X-Ctlive-Page-Count": str(-(-row_count // self.size)),
            "X-Ctlive-Page-Size": str(self.size),
            "X-Ctlive-Current-Page": str(self.number),
        }
