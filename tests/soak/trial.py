"""What came of one fault."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """One fault that was tried, or could not be.

    Attributes:
        fault: what was broken, in words for the table of docs/reliability.md.
        struck: how often it struck.
        rejected: how many rows stand in `ct_live_rejected_rows` with a reason afterwards.
        wrong: a sentence for each thing that was not as promised; empty when all was.
        seconds: how long it took.
        waits: how often a request waited for its partner's budget.
        of_rows: whether what struck are rows, each of which was hostile.
        not_tried: why it was not tried; empty when it was.
    """

    fault: str
    struck: int
    rejected: int
    wrong: tuple[str, ...]
    seconds: float
    waits: int = 0
    of_rows: bool = False
    not_tried: str = ""
