"""Which athletes are as they were when an event's results were last stored: only others are stored anew."""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from providers.chronotrack_live.result_rows import Interval

# For so long after a reading was stored in full, in seconds, only what changes is stored. Then all is
# compared with the hub again: what somebody else changed there is put right.
_TRUSTED = 900.0


@dataclass(frozen=True, slots=True)
class Codebook:
    """What the packed rows of one reading are to be read by.

    Attributes:
        names: the sets of field names, by their numbers.
        intervals: the intervals of the splits, by their numbers.
    """

    names: tuple[tuple[str, ...], ...]
    intervals: Mapping[int, Interval]

    def agrees_with(self, other: Codebook) -> bool:
        """Say whether nothing that both have means something else in the other one."""
        both = self.intervals.keys() & other.intervals.keys()
        return all(one == two for one, two in zip(self.names, other.names, strict=False)) and all(
            self.intervals[number] == other.intervals[number] for number in both
        )


@dataclass(frozen=True, slots=True)
class StoredReading:
    """A reading that was stored.

    Attributes:
        number: the hub's, see `Snapshot.stored`.
        athletes: a fingerprint of each: 64 bits of all that was known.
        codebook: what they were packed by.
        stored_in_full: when this one, or one before from which only changes were stored since, was stored in
            full, by the monotonic clock.
    """

    number: int
    athletes: array[int]
    codebook: Codebook
    stored_in_full: float

    def serves(self, codebook: Codebook) -> bool:
        """Say whether a reading that is packed by a codebook may be told by its changes since this one."""
        return time.monotonic() - self.stored_in_full < _TRUSTED and self.codebook.agrees_with(codebook)
