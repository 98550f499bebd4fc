"""Ranking: places within interval and bracket, for whichever rows are ranked at an instant."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


class Ranking:
    """Counts who was faster.

    A rank is one more than the number of ranked rows of the same interval and bracket that have a
    smaller time, so that equal times share a rank. The order of times never changes, only who counts: that
    order is found once, and an instant costs one running sum.
    """

    def __init__(self, intervals: Integers, brackets: Integers, times: Integers) -> None:
        """Take one number per row for its interval, its bracket and its time."""
        order = np.lexsort((times, brackets, intervals))
        new_group = _changes(intervals[order]) | _changes(brackets[order])
        new_time = new_group | _changes(times[order])
        self._order = order
        # for each row, where in that order its group begins, and the rows with its very time
        self._group_begin = _begins(new_group, order)
        self._time_begin = _begins(new_time, order)

    def ranks(self, rows: npt.NDArray[np.intp], ranked: npt.NDArray[np.bool_]) -> list[int]:
        """Return the ranks of `rows`, given which of all rows are ranked; 0 for one that is not."""
        before = np.zeros(len(ranked) + 1, dtype=np.int64)
        np.cumsum(ranked[self._order], out=before[1:])
        faster = before[self._time_begin[rows]] - before[self._group_begin[rows]]
        ranks: list[int] = np.where(ranked[rows], faster + 1, 0).tolist()
        return ranks


def _changes(sorted_values: Integers) -> npt.NDArray[np.bool_]:
    """Mark where a value differs from the one before it; the first always does."""
    return np.append(True, sorted_values[1:] != sorted_values[:-1])[: len(sorted_values)]


def _begins(is_new: npt.NDArray[np.bool_], order: npt.NDArray[np.intp]) -> Integers:
    """Return for each row, in the rows' own order, the sorted position at which its run begins."""
    places = np.maximum.accumulate(np.where(is_new, np.arange(len(is_new)), 0)) if len(is_new) else order
    begins = np.empty(len(order), dtype=np.int64)
    begins[order] = places
    return begins
